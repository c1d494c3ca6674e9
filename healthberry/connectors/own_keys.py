"""Review sites that are found by code: the form for what is found otherwise, and keys of the organisation's own.

The installation's keys lie beneath: whoever fills in nothing uses those.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from healthberry.connectors.base import Access, Field
from healthberry.connectors.errors import NotLinked
from healthberry.connectors.reading import identifier, sequence
from healthberry.connectors.text import line

OWN_KEY: Final = "own_subscription_key"
NAME: Final = Field("name", "Name of your organisation", "It stands above the answers that are published from here.")
FORGET: Final = Field(
    "forget",
    "Forget your own keys?",
    "The keys of this installation are used from then on, where it has any.",
    kind="choice",
    required=False,
    choices=(("no", "No"), ("yes", "Yes")),
    default="no",
)


def codes_field(name: str, place: str) -> Field:
    """Return the field for the codes whose feedback is read; `name` is the setting that keeps them as a list."""
    hint = f"Of your organisation first, then of its sites: {place} lists each by its own code."
    return Field(name, "ODS codes", hint, kind="words")


def key_field(place: str) -> Field:
    """Return the field for the organisation's own subscription key."""
    hint = f"If your organisation has a key of its own from {place}, it is used instead of this installation's."
    return Field(OWN_KEY, "Your own subscription key", hint, kind="secret", required=False)


def codes_in(config: Mapping[str, Any], name: str) -> list[str]:
    """Return the codes that a channel's settings keep under `name`."""
    return [code for code in map(identifier, sequence(config.get(name))) if code]


def prepared(given: Mapping[str, str], codes: str, secrets: Sequence[str]) -> Access:
    """Return the codes (as a list, under `codes`), the name, and those of the `secrets` that are not to be forgotten.

    Raises: NotLinked where no code can be used.
    """
    lines = given.get(codes, "").split("\n")
    found = list(dict.fromkeys(code for code in map(identifier, lines) if code))
    if not found:
        raise NotLinked("Enter at least one ODS code, such as RYJ", codes)
    name = line(given.get("name"), 200) or found[0]
    forgotten = given.get("forget") == "yes"
    kept = {one: "" if forgotten else line(given.get(one), 500) for one in secrets}
    return Access({codes: found, "name": name}, kept)


def subscription_key(access: Access, installed: str | None) -> str | None:
    """Return the organisation's own key, else the installation's; None where there is neither."""
    return access.secrets.get(OWN_KEY) or access.secrets.get("subscription_key") or installed
