"""What NHS.UK reviews say of themselves, and what the form for linking them asks for."""

from typing import Final

from healthberry.connectors.base import About, Capabilities, Field, ReplyMode
from healthberry.connectors.nhsuk_feed import KEY, TYPE, TYPES
from healthberry.connectors.own_keys import FORGET, NAME, codes_field, key_field

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
        # No source gives a maximum length.
        length_limit=None,
        one_reply_only=True,
        # Source: careopinion.org.uk/info/nhsuk-moderation: answers are not moderated since January 2024.
        moderation_note="NHS.UK publishes answers at once",
        backfill_depth="reviews of the last two years",
        # Source: nhs.uk/about-us/managing-patient-feedback: reviews stay for two years from the experience.
        expires_days=730,
        recheck_days=90,
    )
