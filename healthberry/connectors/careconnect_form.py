"""What Care Connect's one endpoint takes: the fields of a problem, their rules, and the words of its refusals.

Source: citizenconnect, documentation/API.md and api/forms.py (0 and 1 for booleans, Django's own sentences). Which
services an organisation has is not known here: a service code is checked for its form only.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final

from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from healthberry.connectors.letters import is_address
from healthberry.connectors.text import clean, line

_SERIOUS: Final = ("staff", "delays", "treatment", "communication", "cleanliness", "medicines", "dignity", "food")
CATEGORIES: Final = (*_SERIOUS, "access", "equipment", "parking", "lostproperty", "other")
_SOURCES: Final = ("email", "phone", "sms", "twitter", "facebook", "mms")
_IMAGES: Final = ("images_0", "images_1", "images_2")
_REQUIRED: Final = "This field is required."
_LONGEST_DESCRIPTION: Final = 2_000
_LONGEST_NAME: Final = 200
_MOST_PARTS: Final = 60
_PHONE = re.compile(r"[0-9+() .\-x]{5,50}")
_SERVICE = re.compile(r"[A-Za-z0-9]{1,20}")

Errors = dict[str, list[str]]


@dataclass(frozen=True)
class Problem:
    """A form that passed: its fields as plain text and truth values, and its images as they came."""

    facts: Mapping[str, Any]
    images: Mapping[str, bytes] = field(repr=False)


class Refused(Exception):
    """The form broke rules: `errors` holds the sentences by field, "__all__" for what concerns several."""

    def __init__(self, errors: Errors) -> None:
        super().__init__(", ".join(sorted(errors)))
        self.errors = errors


def read(content_type: str, body: bytes, organisations: frozenset[str]) -> Problem:
    """Return the problem that a request holds; `organisations` are the ODS codes that are known. Raises: Refused."""
    fields, images = _parts(content_type, body)
    errors: Errors = {}
    facts = {name: _checked(errors, name, fields.get(name, "").strip(), rule) for name, rule in _RULES.items()}
    if facts["organisation"] and facts["organisation"].upper() not in organisations:
        errors.setdefault("organisation", []).append("Sorry, that organisation is not recognised.")
    _between(errors, facts)
    if errors:
        raise Refused(errors)
    return Problem(facts | {"organisation": facts["organisation"].upper()}, images)


def _parts(content_type: str, body: bytes) -> tuple[dict[str, str], dict[str, bytes]]:
    kind, options = parse_options_header(content_type)
    parser = FormDataParser(_in_memory, silent=True, max_form_memory_size=None, max_form_parts=_MOST_PARTS)
    try:
        _, form, files = parser.parse(BytesIO(body), kind, len(body), options)
    except (HTTPException, ValueError) as error:
        raise Refused({"__all__": ["The request could not be read as a form."]}) from error
    images = {name: _bytes(files[name]) for name in _IMAGES if name in files}
    return {name: str(value) for name, value in form.items()}, {name: raw for name, raw in images.items() if raw}


def _in_memory(*_: Any, **__: Any) -> BytesIO:
    return BytesIO()  # the whole request is in memory already


def _bytes(file: FileStorage) -> bytes:
    return file.stream.read()


Rule = Callable[[str], Any]


def _checked(errors: Errors, name: str, given: str, rule: Rule) -> Any:
    try:
        return rule(given)
    except ValueError as error:
        errors.setdefault(name, []).append(str(error))
        return ""


def _text(longest: int, *, required: bool) -> Rule:
    def rule(given: str) -> str:
        text = clean(given, longest * 10)
        if required and not text:
            raise ValueError(_REQUIRED)
        if len(text) > longest:
            raise ValueError(f"Ensure this value has at most {longest} characters (it has {len(text)}).")
        return text

    return rule


def _one_of(*choices: str, default: str | None = None) -> Rule:
    def rule(given: str) -> str:
        if not given and default is not None:
            return default
        if not given:
            raise ValueError(_REQUIRED)
        if given not in choices:
            raise ValueError(f"Select a valid choice. {line(given, 50)} is not one of the available choices.")
        return given

    return rule


def _flag(given: str) -> bool:
    return str(_one_of("0", "1", default="0")(given)) == "1"


def _email(given: str) -> str:
    if given and not is_address(given):
        raise ValueError("Enter a valid e-mail address.")
    return given


def _matching(pattern: re.Pattern[str], refusal: str) -> Rule:
    def rule(given: str) -> str:
        if given and not pattern.fullmatch(given):
            raise ValueError(refusal)
        return given

    return rule


_RULES: Final[Mapping[str, Rule]] = {
    "organisation": _text(20, required=True),
    "service_code": _matching(_SERVICE, "Sorry, that service is not recognised."),
    "commissioned": _one_of("0", "1"),
    "description": _text(_LONGEST_DESCRIPTION, required=True),
    "moderated_description": _text(_LONGEST_DESCRIPTION, required=False),
    "category": _one_of(*CATEGORIES),
    "priority": _one_of("20", "50", default="50"),
    "breach": _flag,
    "requires_second_tier_moderation": _flag,
    "reporter_name": _text(_LONGEST_NAME, required=True),
    "reporter_email": _email,
    "reporter_phone": _matching(_PHONE, "Enter a valid telephone number."),
    "preferred_contact_method": _one_of("email", "phone", default=""),
    "public": _flag,
    "public_reporter_name": _flag,
    "source": _one_of(*_SOURCES),
}


def _between(errors: Errors, facts: dict[str, Any]) -> None:
    """Apply the rules between fields, and fill in what follows from others."""
    email, phone = facts["reporter_email"], facts["reporter_phone"]
    wanted = facts["preferred_contact_method"] or ("email" if email else "phone")
    if not email and not phone:
        errors.setdefault("__all__", []).append("You must provide either a phone number or an email address")
    elif not {"email": email, "phone": phone}[wanted]:
        what = "an email address" if wanted == "email" else "a phone number"
        errors.setdefault("__all__", []).append(f"You must provide {what} if you prefer to be contacted that way")
    if facts["priority"] == "20" and facts["category"] and facts["category"] not in _SERIOUS:
        errors.setdefault("priority", []).append("The high priority can't be used with this category.")
    published = facts["public"] and not facts["requires_second_tier_moderation"]
    if published and not facts["moderated_description"]:
        errors.setdefault("moderated_description", []).append(
            "You must moderate a version of the problem details when publishing public problems."
        )
    facts["preferred_contact_method"] = wanted
    facts["public_reporter_name"] = facts["public"] and facts["public_reporter_name"]
