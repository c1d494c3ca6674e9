"""The kinds of channels as one table: what each can do, and what this installation still lacks."""

from collections.abc import Iterable

from healthberry.connectors.base import Connector
from healthberry.connectors.capabilities import Capabilities

HEADINGS = ("kind", "what", "comes by", "history", "answers", "linked by", "this installation")
_ANSWERS = {"api": "from here", "assisted": "copied by a person", "none": "not possible"}
_LINKED = {"key": "key of the installation", "oauth": "signing in", "fields": "a form", "here": "one click"}
_GAP = "  "


def rows(connectors: Iterable[Connector]) -> list[tuple[str, ...]]:
    """Return one row for each kind, in the order of `HEADINGS`, in words for the operator."""
    return [_row(one) for one in connectors]


def table(connectors: Iterable[Connector]) -> str:
    """Return the same as text in columns, headings first."""
    lines = [HEADINGS, *rows(connectors)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEADINGS))]
    return "\n".join(
        _GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _row(connector: Connector) -> tuple[str, ...]:
    known = connector.capabilities
    linked = ("found by itself, " if known.found else "") + _LINKED[known.connect]
    history = known.backfill_depth or "all that is there" if known.backfills else "none"
    return (
        connector.kind,
        known.label,
        ", ".join(_ways(known)) or "nothing",
        history,
        _ANSWERS[known.reply],
        linked,
        connector.missing() or "ready",
    )


def _ways(known: Capabilities) -> list[str]:
    """Return how feedback of this kind gets here, the usual way first."""
    ways = {
        f"asking every {_span(known.poll_seconds or 0)}": bool(known.poll_seconds),
        "webhook": known.push,
        "stream": known.streams,
        "form": known.enters,
        f"upload ({' '.join(known.imports)})": bool(known.imports),
    }
    return [way for way, there in ways.items() if there]


def _span(seconds: int) -> str:
    if seconds >= 3600:
        return f"{seconds / 3600:g} h"
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds} s"
