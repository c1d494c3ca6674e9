"""What another system sends: checked against the shipped JSON Schema, and read into items."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from jsonschema_rs import Draft202012Validator, ValidationError

from healthberry.connectors import reading
from healthberry.connectors.base import Author, Change, InboundItem, Rating
from healthberry.connectors.reading import Unreadable, address, identifier, mapping, moment, number, sequence
from healthberry.connectors.text import clean, line

SCHEMA: Final = Path(__file__).resolve().parent / "schemas" / "webhook-1.json"
MOST_ITEMS: Final = 500
_MOST_ERRORS: Final = 100
_CHANGES: Final[tuple[Change, ...]] = ("created", "edited", "withdrawn")


@dataclass(frozen=True)
class Checked:
    """A request that was read: `items` are as they were sent, `errors` say what is wrong with the others."""

    items: Sequence[Mapping[str, Any]] = ()
    errors: Sequence[Mapping[str, Any]] = field(default_factory=list)


def check(body: bytes) -> Checked:
    """Read a request and part it into what fits the schema and what is wrong with the rest."""
    try:
        sent = json.loads(body.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        return Checked(errors=[_error("The body is not JSON in UTF-8.")])
    elements = sequence(mapping(sent).get("items"))
    if mapping(sent).get("version") != 1 or not 1 <= len(elements) <= MOST_ITEMS:
        return Checked(errors=[_error(f'It takes {{"version": 1, "items": [...]}} with 1 to {MOST_ITEMS} items.')])
    items: list[Mapping[str, Any]] = []
    errors: list[Mapping[str, Any]] = []
    for index, element in enumerate(elements):
        if wrong := _wrong(element):
            errors.append(_error(wrong, index, identifier(mapping(element).get("id"))))
        else:
            items.append(element)
    return Checked(items, errors[:_MOST_ERRORS])


def item(element: Mapping[str, Any]) -> InboundItem:
    """Read one item that fits the schema. Raises: Unreadable."""
    remote_id = identifier(element.get("id"))
    if not remote_id:
        raise Unreadable("It has no id.")
    thread_id = identifier(element.get("thread_id")) or remote_id
    change: Change = element["change"] if element.get("change") in _CHANGES else "created"
    if change == "withdrawn":
        return reading.withdrawn(remote_id, thread_id)
    posted_at = moment(element.get("posted_at"))
    if posted_at is None:
        raise Unreadable("It does not say when it was written.")
    author = mapping(element.get("author"))
    return InboundItem(
        remote_id=remote_id,
        thread_id=thread_id,
        direction="inbound",
        author=Author(identifier(author.get("id")) or None, line(author.get("name"), 200), address(author.get("url"))),
        text=clean(element.get("text")),
        title=line(element.get("title")),
        posted_at=posted_at,
        in_reply_to=identifier(element.get("in_reply_to")) or None,
        ratings=tuple(_ratings(element.get("ratings"))),
        url=address(element.get("url")),
        service_code=line(element.get("service_code"), 20).upper() or None,
        change=change,
        # Nobody outside may see what is private: `source` says so wherever the item goes.
        source={"private": True} if element.get("private") is True else {},
    )


def _ratings(value: Any) -> list[Rating]:
    found = []
    for element in sequence(value):
        given, out_of = number(mapping(element).get("value")), number(mapping(element).get("out_of"))
        if given is not None and out_of:
            found.append(Rating(line(mapping(element).get("name"), 100) or "Rating", given, out_of))
    return found


def _wrong(element: Any) -> str:
    """Say what is wrong with an item, "" where nothing is; none of its words stand in the answer."""
    schema = _item_schema()
    if not schema.is_valid(element):
        return _rule(min(schema.iter_errors(element), key=lambda error: len(error.instance_path)))
    try:
        item(element)
    except Unreadable as error:
        return str(error)
    return ""


def _rule(error: ValidationError) -> str:
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path)
    if error.kind.name == "required":
        return f"${place}: {error.message}"
    return f"${place}: breaks the rule {error.kind.name}: {json.dumps(error.kind.value)[:200]}"


def _error(reason: str, index: int | None = None, remote_id: str = "") -> dict[str, Any]:
    return {"index": index, "id": remote_id or None, "error": reason}


def _no_number(name: str) -> Any:
    raise ValueError(name)


@cache
def _item_schema() -> Draft202012Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return Draft202012Validator({"$ref": "#/$defs/item", "$defs": schema["$defs"]})
