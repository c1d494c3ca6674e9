"""What a call asks for and gets: field expansion, and pages of lists with opaque cursors."""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import request

from .graph import GraphError


@dataclass
class Field:
    """One asked field: `comments.limit(5){id}` has arguments and inner fields."""

    name: str
    arguments: dict[str, str] = field(default_factory=dict)
    inner: list["Field"] = field(default_factory=list)


_PIECE = re.compile(r"\s*([\w]+)((?:\.\w+\([^()]*\))*)\s*")
_ARGUMENT = re.compile(r"\.(\w+)\(([^()]*)\)")


def asked_fields(text: str) -> list[Field]:
    """Read what `fields` asks for. Raises: GraphError."""
    found, rest = _read_fields(text)
    if rest.strip():
        raise GraphError(2500, f"Syntax error at {rest[:20]}")
    return found


def _read_fields(text: str) -> tuple[list[Field], str]:
    found: list[Field] = []
    while piece := _PIECE.match(text):
        one = Field(piece[1], dict(_ARGUMENT.findall(piece[2])))
        text = text[piece.end() :]
        if text.startswith("{"):
            one.inner, text = _read_fields(text[1:])
            if not text.startswith("}"):
                raise GraphError(2500, "Syntax error: a bracket is not closed")
            text = text[1:].lstrip()
        found.append(one)
        if not text.startswith(","):
            break
        text = text[1:]
    return found, text


Node = Mapping[str, Any]


def picked(node: Node, fields: Sequence[Field]) -> dict[str, Any]:
    """Return the asked fields of a node, its id always; what is empty is left out, as the API does.

    A value that is a function is an edge or another node: it is called with the field. Raises: GraphError.
    """
    made: dict[str, Any] = {}
    for one in fields or [Field("id")]:
        if one.name not in node:
            raise GraphError(100, f"Tried accessing nonexisting field ({one.name})")
        value = node[one.name]
        value = value(one) if callable(value) else value
        if isinstance(value, Mapping) and one.inner and "data" not in value:
            value = {name: value[name] for name in [inner.name for inner in one.inner] if name in value}
        if value is not None and value != "":
            made[one.name] = value
    made["id"] = node.get("id")
    return {name: value for name, value in made.items() if value is not None}


def listed(
    rows: Sequence[Any], show: Callable[[Any], dict[str, Any] | None], path: str, asked: Mapping[str, str], usual: int
) -> dict[str, Any]:
    """Return a page of a list; a page whose elements may not be seen is empty, and has a `next` all the same."""
    limit = min(max(_whole(asked.get("limit", ""), usual), 1), 100)
    start = _opened(asked.get("after", ""))
    shown = [one for row in rows[start : start + limit] if (one := show(row)) is not None]
    end = start + limit
    paging: dict[str, Any] = {"cursors": {"before": _closed(start), "after": _closed(end)}}
    if end < len(rows):
        paging["next"] = f"{request.host_url.rstrip('/')}{path}?limit={limit}&after={_closed(end)}"
    return {"data": shown, **({"paging": paging} if rows else {})}


def _closed(place: int) -> str:
    return "QVFI" + base64.urlsafe_b64encode(f"at {place}".encode()).decode().rstrip("=")


def _opened(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor.removeprefix("QVFI") + "===").decode()
        return int(text.removeprefix("at "))
    except ValueError:
        raise GraphError(100, "Invalid cursors values") from None


def _whole(text: str, usual: int) -> int:
    return int(text) if text.isdigit() and len(text) < 6 else usual
