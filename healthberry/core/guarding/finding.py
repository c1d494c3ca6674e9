"""What can be found in a reply, and what of the organisation's own is harmless there."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import phonenumbers

Kind = Literal["nhs_number", "phone", "email", "postcode", "birth", "appointment", "name", "record", "patient"]
# Where two are found in the same words, the one that stands first here is kept.
KINDS: Final[tuple[Kind, ...]] = (
    "email",
    "nhs_number",
    "record",
    "phone",
    "postcode",
    "birth",
    "appointment",
    "name",
    "patient",
)


@dataclass(frozen=True, order=True)
class Finding:
    """Words of a reply that should not be public: `text[start:end]`."""

    start: int
    end: int
    kind: Kind


@dataclass(frozen=True)
class Own:
    """What the organisation publishes itself. Made by `own`, in the spelling that findings are compared in."""

    postcodes: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()  # words of the writer's own name
    organisation: str = ""


def own(
    *,
    name: str = "",
    writer: str = "",
    postcodes: Iterable[str | None] = (),
    contacts: Sequence[str] = (),
) -> Own:
    """Return what is harmless in the replies of an organisation; `contacts` are its published numbers and addresses."""
    return Own(
        postcodes=frozenset(plain_postcode(one) for one in postcodes if one),
        phones=frozenset(number for one in contacts if "@" not in one and (number := plain_phone(one))),
        emails=frozenset(one.strip().lower() for one in contacts if "@" in one),
        names=frozenset(word.lower() for word in re.findall(r"[^\W\d_]{2,}", writer)),
        organisation=name.lower(),
    )


def plain_postcode(written: str) -> str:
    """Return a postcode without spaces, in capitals."""
    return re.sub(r"\s", "", written).upper()


def plain_phone(written: str) -> str:
    """Return a number as the whole world dials it (+44…), "" for what can't be one; British by default."""
    try:
        number = phonenumbers.parse(written, "GB")
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
