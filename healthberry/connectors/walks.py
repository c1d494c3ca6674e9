"""Walking through lists that only know "so many from position so and so", and cursors that survive being stored.

Positions shift while one walks: something new in front makes an item come twice (harmless), something removed in front
makes one be skipped. So each page begins with the last item of the page before; where that is missing, one page is read
again. A page larger than we take is asked for again with half as many items, and a single one that is too large is
passed over.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final, TypeVar

from healthberry.connectors.base import BadItem
from healthberry.connectors.errors import TooMuch

_REREADS: Final = 3
_ROUND_SIZES: Final = (10, 20, 25, 50)
_PASSED_IN_A_ROW: Final = 10
_TOO_LARGE: Final = "(an item larger than we take in one answer: not kept)"

State = TypeVar("State")


@dataclass(frozen=True)
class Position:
    """Where to read next.

    `last` is the id that this page should hold again, `rereads` how often we stepped back; `again` says that the page
    is read for the second time, because something in it was garbled. `size` is how many to ask for after a page was
    larger than we take, 0 where as many as ever; `passed` counts the single ones that were passed over in a row.
    """

    offset: int = 0
    last: str = ""
    rereads: int = 0
    again: bool = False
    size: int = 0
    passed: int = 0


START: Final = Position()


def after(at: Position, ids: Sequence[str], limit: int) -> Position | None:
    """Return where to go on after a page whose elements had `ids` ("" where one had none); None at the end.

    A page shorter than was asked for is the last, unless its size is a round number: then the provider may clip
    silently. Small pages (see `fewer`) grow again, twofold each time.
    """
    asked = asked_for(at, limit)
    size = at.size * 2 if at.size * 2 < limit else 0
    if at.last and at.offset and at.last not in ids and at.rereads < _REREADS:
        return Position(max(at.offset - asked, 0), "", at.rereads + 1, size=at.size)
    if len(ids) < asked and len(ids) not in _ROUND_SIZES:
        return None
    known = [place for place, remote_id in enumerate(ids) if remote_id]
    if not known or known[-1] == 0:
        return Position(at.offset + max(len(ids), 1), "", at.rereads, size=size)
    return Position(at.offset + known[-1], ids[known[-1]], at.rereads, size=size)


def asked_for(at: Position, limit: int) -> int:
    """Return how many items to ask for."""
    return at.size or limit


def fewer(at: Position, limit: int) -> tuple[Position, list[BadItem]]:
    """Return where to go on after a page that was larger than we take, and what is passed over.

    The same place with half as many; the next one where a single item was too large. Such an item has no id that we
    know: all of a channel are kept as one. Raises: TooMuch where one after the other is too large.
    """
    asked = asked_for(at, limit)
    if asked > 1:
        return replace(at, size=asked // 2), []
    if at.passed >= _PASSED_IN_A_ROW:
        raise TooMuch("One answer after the other is larger than we take.")
    further = Position(at.offset + 1, "", at.rereads, size=1, passed=at.passed + 1)
    return further, [BadItem(_TOO_LARGE, "It is larger than we take.")]


def again(at: Position) -> Position:
    """Return the same place, to be read a second time."""
    return replace(at, again=True)


def pack(state: Any) -> str:
    """Return a dataclass of plain values as an opaque cursor; nested dataclasses become objects."""
    return json.dumps(asdict(state), separators=(",", ":"))


def unpack(kind: type[State], cursor: str | None) -> State:
    """Return the state of a cursor; one that is missing or unreadable is the beginning (reading twice is harmless)."""
    start = kind()
    try:
        found = json.loads(cursor or "{}")
    except ValueError:
        return start
    return _filled(start, found) if isinstance(found, dict) else start


def _filled(start: State, found: dict[str, Any]) -> State:
    values: dict[str, Any] = {}
    for one in fields(start):  # type: ignore[arg-type]
        default, given = getattr(start, one.name), found.get(one.name)
        if hasattr(default, "__dataclass_fields__"):
            values[one.name] = _filled(default, given) if isinstance(given, dict) else default
        elif isinstance(default, tuple):
            values[one.name] = tuple(given) if isinstance(given, list) else default
        else:
            values[one.name] = given if type(given) is type(default) else default
    return type(start)(**values)
