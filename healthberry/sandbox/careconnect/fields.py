"""The fields of a problem, as whoever takes the call sees them.

Source: citizenconnect, documentation/API.md. Nothing is checked here: what a field may hold, the other side says.
"""

from collections.abc import Mapping
from dataclasses import dataclass

IMAGES = ("images_0", "images_1", "images_2")


@dataclass(frozen=True)
class Field:
    """A field of the form. `choices` are pairs of what is sent and what people read; none: one types."""

    name: str
    label: str
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    area: bool = False
    preset: str = ""


def _same(*words: str) -> tuple[tuple[str, str], ...]:
    return tuple((word, word) for word in words)


_YES_NO = (("0", "No"), ("1", "Yes"))
_CATEGORIES = _same(
    *("staff", "access", "delays", "treatment", "communication", "cleanliness", "equipment"),
    *("medicines", "dignity", "parking", "lostproperty", "food", "other"),
)

FIELDS: tuple[Field, ...] = (
    Field("organisation", "Organisation or site", "Its ODS code."),
    Field("service_code", "Service", "Its code there, such as SRV0001. May be empty."),
    Field("commissioned", "Commissioned", choices=(("0", "Locally"), ("1", "Nationally")), preset="0"),
    Field("category", "What is it about?", choices=_CATEGORIES, preset="other"),
    Field("description", "What did they tell you?", area=True),
    Field("priority", "Priority", choices=(("50", "Normal"), ("20", "High")), preset="50"),
    Field("reporter_name", "Who rang?"),
    Field("reporter_email", "E-mail address", "This or a telephone number."),
    Field("reporter_phone", "Telephone number"),
    Field("preferred_contact_method", "They prefer", choices=(("", "Did not say"), *_same("email", "phone"))),
    Field("source", "How did they reach you?", choices=_same("phone", "email", "sms", "twitter", "facebook", "mms")),
    Field("public", "May it be published?", choices=_YES_NO, preset="0"),
    Field("public_reporter_name", "With their name?", choices=_YES_NO, preset="0"),
    Field("moderated_description", "Words to publish", "Needed where it may be published.", area=True),
    Field("breach", "Does it break the standards of care?", choices=_YES_NO, preset="0"),
    Field("requires_second_tier_moderation", "Shall a second person look at it?", choices=_YES_NO, preset="0"),
)
NAMES = tuple(field.name for field in FIELDS)


def filled(given: Mapping[str, object], place: str, text: str, author: str) -> dict[str, str]:
    """Return a whole problem for words alone: what `given` does not say is as an ordinary call would have it."""
    usual = {field.name: field.preset for field in FIELDS if field.preset}
    usual |= {"organisation": place, "description": text, "reporter_name": author or "Anonymous", "source": "phone"}
    said = {name: str(given[name]) for name in NAMES if given.get(name) is not None}
    if not said.get("reporter_email") and not said.get("reporter_phone"):
        said["reporter_phone"] = "01632 960001"  # Ofcom gives such numbers to nobody
    return {name: value for name, value in {**usual, **said}.items() if value}
