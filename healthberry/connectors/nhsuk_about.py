"""What NHS.UK reviews say of themselves, and what the form for linking them asks for."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from healthberry.connectors import own_keys
from healthberry.connectors.base import About, Access, Capabilities, Field, ReplyMode
from healthberry.connectors.errors import NotLinked
from healthberry.connectors.nhsuk_feed import KEY, TYPE, TYPES
from healthberry.connectors.own_keys import FORGET, NAME, OWN_KEY, codes_field, key_field
from healthberry.connectors.text import line

PUBLISHER_KEY: Final = "publisher_key"
FIELDS: Final = (
    codes_field("ods_codes", "NHS.UK"),
    NAME,
    key_field("NHS.UK"),
    Field(
        "publisher_id",
        "Your own publisher ID",
        "If your organisation is registered with NHS.UK as a publisher, your answers go out by themselves.",
        required=False,
    ),
    Field(
        PUBLISHER_KEY,
        "Your own publisher's key",
        "It is tried with the first answer: NHS.UK offers no other way.",
        kind="secret",
        required=False,
    ),
    Field(
        TYPE,
        "Syndication feed to fall back to",
        "Read while the subscription key is missing or refused, without ratings. Choose your type of organisation.",
        kind="choice",
        required=False,
        choices=TYPES,
    ),
    Field(KEY, "Key for that feed", "The older API key of the NHS website.", kind="secret", required=False),
    FORGET,
)


def capabilities(reply: ReplyMode) -> Capabilities:
    """Return what NHS.UK can do; `reply` is how channels without keys of their own are answered."""
    return Capabilities(
        label="NHS.UK reviews",
        place="NHS.UK",
        short="NHS",
        item="review",
        reply=reply,
        poll_seconds=300,
        connect="key",
        about=About(
            reads="Reviews of your organisation and all its sites, and the answers that are there already.",
            answers="You copy the answer to NHS.UK. With a publisher's key, of this installation or your own, it "
            "goes out by itself.",
            needs="Nothing: it is found by your ODS code. Keys of your own can be added.",
            data="Reviews that NHS.UK removes leave HealthBerry within a day, all others two years after the "
            "experience.",
        ),
        group="reviews",
        fields=FIELDS,
        found=True,
        several=False,
        display="text",
        credit="Published on NHS.UK, the website of the NHS.",
        # No source gives a maximum length.
        length_limit=None,
        one_reply_only=True,
        # Source: careopinion.org.uk/info/nhsuk-moderation: answers are not moderated since January 2024.
        moderation_note="NHS.UK publishes answers at once",
        backfill_depth="reviews of the last two years",
        walk_days=7,
        # Source: nhs.uk/about-us/managing-patient-feedback: reviews stay for two years from the experience.
        expires_days=730,
        recheck_days=90,
    )


def prepared(given: Mapping[str, str]) -> Access:
    """Return what the form gave as settings and keys. Raises: NotLinked."""
    access = own_keys.prepared(given, "ods_codes", (OWN_KEY, PUBLISHER_KEY, KEY))
    own = "" if given.get("forget") == "yes" else line(given.get("publisher_id"), 100)
    if bool(own) != bool(access.secrets[PUBLISHER_KEY]):
        lacking = PUBLISHER_KEY if own else "publisher_id"
        raise NotLinked("Publisher ID and publisher's key belong together: enter both, or forget them.", lacking)
    named = {"publisher_id": own, TYPE: line(given.get(TYPE), 50) if access.secrets[KEY] else ""}
    return replace(access, config={**access.config, **{name: value for name, value in named.items() if value}})
