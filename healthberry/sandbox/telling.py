"""What somebody wants to say on a site, and why it cannot be done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class Unusable(ValueError):
    """What was asked for cannot be done; the text says why, for people."""


@dataclass
class Telling:
    """What somebody wants to say; `posted_at` in UTC milliseconds, None for now.

    `hidden_seconds` = time until it shows. `more` is all that the control API was told, for what one site alone knows.
    """

    place: str
    author: str
    text: str
    title: str = ""
    rating: int | None = None
    in_reply_to: str | None = None
    posted_at: int | None = None
    hidden_seconds: float = 0.0
    syndicate: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """One item in a list on an organisation's page; `at` in UTC milliseconds."""

    url: str
    title: str
    author: str
    at: int
    rating: int | None = None


def said(changes: Mapping[str, Any]) -> str:
    """Return the new words of an item.

    Raises: Unusable.
    """
    text = changes.get("text")
    if not isinstance(text, str) or not text.strip():
        raise Unusable("text is missing or empty.")
    return text


def rated(telling: Telling, best: int = 5) -> int | None:
    """Return the stars that somebody gave, None for none.

    Raises: Unusable.
    """
    if telling.rating is not None and not 1 <= telling.rating <= best:
        raise Unusable(f"A rating is a number from 1 to {best}.")
    return telling.rating


def first_words(text: str) -> str:
    """Make a title of a text's first eight words."""
    words = text.split()
    return " ".join(words[:8])[:100] + ("…" if len(words) > 8 else "")
