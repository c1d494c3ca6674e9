"""What a form for linking asks for: taken as it was typed, and refused field by field where it can't be used."""

from collections.abc import Mapping, Sequence

from healthberry.connectors.base import Field
from healthberry.connectors.reading import number
from healthberry.connectors.text import clean, line
from healthberry.core.errors import Invalid

_LONGEST = 2_000
_MOST_WORDS = 100


class NotFilledIn(Invalid):
    """Some fields can't be used; `errors` is field -> sentence for each of them."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(next(iter(errors.values())), next(iter(errors)))
        self.errors = dict(errors)


def tidied(fields: Sequence[Field], typed: Mapping[str, str]) -> dict[str, str]:
    """Return what was typed into each field: on one line, but for words, which are one on each line; no other names."""
    return {one.name: _tidied(one, typed.get(one.name, "")) for one in fields}


def checked(fields: Sequence[Field], typed: Mapping[str, str], kept: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what was typed, tidied; a secret left blank is the one in `kept`. Raises: NotFilledIn."""
    given = tidied(fields, typed)
    for one in fields:
        if one.kind == "secret":
            given[one.name] = given[one.name] or (kept or {}).get(one.name, "")
    errors = {one.name: error for one in fields if (error := _error(one, given[one.name]))}
    if errors:
        raise NotFilledIn(errors)
    return given


def _tidied(field: Field, typed: str) -> str:
    if field.kind != "words":
        return line(typed, _LONGEST)
    words = [word for text in clean(typed, _LONGEST * 5).split("\n") if (word := line(text, 200))]
    return "\n".join(dict.fromkeys(words[:_MOST_WORDS]))


def _error(field: Field, given: str) -> str:
    if field.kind == "choice":
        known = given in {value for value, _ in field.choices} or not (given or field.required)
        return "" if known else f"Choose one: {_within(field.label)}"
    if not given:
        return f"Enter {_within(field.label)}" if field.required else ""
    if field.kind == "number" and number(given) is None:
        return f"{field.label} must be a number"
    if field.kind == "email" and not _is_email(given):
        return "Enter an e-mail address in the form name@example.nhs.uk"
    return ""


def _within(label: str) -> str:
    """Return a label as it stands within a sentence; names and abbreviations stay as they are."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def _is_email(text: str) -> bool:
    name, at, domain = text.rpartition("@")
    return bool(name and at and "." in domain and " " not in text)
