"""Reading what a provider sent, where any key may be missing, null or of another type."""

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from healthberry.connectors.base import Author, BadItem, InboundItem
from healthberry.connectors.text import clean, line

_LONGEST_ID: Final = 200
_LONGEST_RAW: Final = 20_000
_OLDEST_YEAR: Final = 1990
_REPLACEMENT: Final = "\ufffd"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Unreadable(Exception):
    """This element cannot become an item; the message is the reason for people."""


def mapping(value: Any) -> Mapping[str, Any]:
    """Return `value` if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> Sequence[Any]:
    """Return `value` if it is an array, else an empty one."""
    return value if isinstance(value, list) else ()


def identifier(value: Any) -> str:
    """Return an identifier as text, "" where there is none that can be used."""
    text = line(value, _LONGEST_ID + 1) if isinstance(value, str | int) else ""
    # An id with a replacement character was garbled on the way: stored, it would be a ghost beside the real item.
    return text if len(text) <= _LONGEST_ID and _REPLACEMENT not in text else ""


def first(element: Mapping[str, Any], *names: str) -> Any:
    """Return the first of the named values that is neither missing nor null."""
    return next((element[name] for name in names if element.get(name) is not None), None)


def moment(value: Any, now: datetime | None = None) -> datetime | None:
    """Return a time as aware UTC; None where it is no time or before 1990. A time to come is now.

    Times without a zone are read as UTC.
    """
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        at = at.replace(tzinfo=UTC) if at and at.tzinfo is None else at
        at = at.astimezone(UTC) if at else None
    except (ValueError, OverflowError):
        return None
    if at is None or at.year < _OLDEST_YEAR:
        return None
    return min(at, now or datetime.now(UTC))


def number(value: Any) -> float | None:
    """Return a finite number, also one written as text, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if abs(result) < 1e9 else None


def address(value: Any) -> str | None:
    """Return a web address that may stand behind a link, or None."""
    text = line(value, 2_001)
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and len(text) <= 2_000
    except ValueError:
        return None
    return text if usable and " " not in text else None


def small(**facts: Any) -> dict[str, Any]:
    """Return the facts that are there, cleaned, for `InboundItem.source`."""
    kept = {}
    for name, value in facts.items():
        text = value if isinstance(value, bool) else line(value, 500)
        if text != "":
            kept[name] = text
    return kept


def read_each(
    elements: Iterable[Any], read: Callable[[Any], Sequence[InboundItem]], name: Callable[[Any], str]
) -> tuple[list[InboundItem], list[BadItem]]:
    """Read elements one by one: what cannot be read is kept aside, its neighbours are unaffected.

    An id that comes twice in a page is one item, the last that came. `name` finds the element's id where it can.
    """
    items: dict[str, InboundItem] = {}
    bad: list[BadItem] = []
    for element in elements:
        try:
            for item in read(element):
                items.pop(item.remote_id, None)
                items[item.remote_id] = item
        except Unreadable as reason:
            bad.append(bad_item(element, str(reason), _name_of(element, name)))
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
            bad.append(bad_item(element, f"It could not be read ({type(error).__name__}).", _name_of(element, name)))
    return list(items.values()), bad


def own_id(element: Any) -> str:
    """Return an element's own `id`, "" where it has none that can be used."""
    return identifier(mapping(element).get("id"))


def damaged(element: Any, name: Callable[[Any], str]) -> bool:
    """Say whether its id was broken on the way: there is one only without what broke."""
    return not _named(element, name) and bool(_name_of(element, name))


def _name_of(element: Any, name: Callable[[Any], str]) -> str:
    """Return its id; of one that was broken on the way the id without what broke, for so it comes the next time."""
    return _named(element, name) or _named(element, lambda one: name(_without_broken(one)))


def _named(element: Any, name: Callable[[Any], str]) -> str:
    with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return name(element)
    return ""


def _without_broken(element: Any) -> Any:
    """Return it without the characters that stand for bytes that were no text."""
    written = json.dumps(element, ensure_ascii=True)
    return json.loads(written.replace("\\ufffd", "")) if "\\ufffd" in written else None


def garbled(items: Iterable[InboundItem], bad: Sequence[BadItem]) -> bool:
    """Say whether a page is worth reading once more: something in it was unreadable or not valid UTF-8."""
    return bool(bad) or any(_REPLACEMENT in item.text or _REPLACEMENT in item.title for item in items)


def bad_item(element: Any, reason: str, remote_id: str) -> BadItem:
    """Keep `element` raw, as JSON of at most 20,000 characters."""
    try:
        raw = json.dumps(element, ensure_ascii=True, default=str)
    except (ValueError, RecursionError):
        raw = "(nested too deeply to keep)"
    return BadItem(clean(raw, _LONGEST_RAW), reason, remote_id or None)


def withdrawn(remote_id: str, thread_id: str = "") -> InboundItem:
    """Return the item that says that `remote_id` is no longer shown at its source."""
    return InboundItem(remote_id, thread_id or remote_id, "inbound", Author(None, ""), "", _EPOCH, change="withdrawn")


def as_history(items: Iterable[InboundItem]) -> list[InboundItem]:
    """Return what a backfill gives: without what is withdrawn, and nothing counts as edited."""
    return [replace(item, change="created") for item in items if item.change != "withdrawn"]


def newest_first(items: Iterable[InboundItem]) -> list[InboundItem]:
    """Order by thread, the newest thread first, within one thread what was asked before its answer."""
    newest: dict[str, datetime] = {}
    for item in (known := list(items)):
        newest[item.thread_id] = max(item.posted_at, newest.get(item.thread_id, _EPOCH))
    return sorted(known, key=lambda item: (-newest[item.thread_id].timestamp(), item.thread_id, item.posted_at))


def days_before(at: datetime, days: int) -> str:
    """Return the date that many days earlier as YYYY-MM-DD, in UTC."""
    return (at.astimezone(UTC) - timedelta(days=days)).date().isoformat()
