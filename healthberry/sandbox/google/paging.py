"""Pages of lists: a size that is capped, and opaque tokens that belong to the question they answered."""

import base64
from collections.abc import Mapping, Sequence
from typing import TypeVar

Element = TypeVar("Element")


class BadToken(ValueError):
    """A page token that was made up, or for another question."""


def size(asked: Mapping[str, str], default: int, most: int) -> int:
    """Return how many elements a page has; more than the most are the most."""
    given = asked.get("pageSize", "")
    return min(int(given), most) if given.isdigit() and int(given) else default


def start(asked: Mapping[str, str], question: str) -> int:
    """Return where a page begins.

    Raises: BadToken.
    """
    token = asked.get("pageToken", "")
    if not token:
        return 0
    try:
        offset, _, told = base64.urlsafe_b64decode(token.encode()).decode().partition("|")
        if told != question:
            raise BadToken(token)
        return int(offset)
    except ValueError:
        raise BadToken(token) from None


def token(offset: int, question: str) -> str:
    """Return the token of the page that begins there."""
    return base64.urlsafe_b64encode(f"{offset}|{question}".encode()).decode()


def cut(
    elements: Sequence[Element], asked: Mapping[str, str], *, default: int, most: int
) -> tuple[Sequence[Element], dict[str, str]]:
    """Return the page that was asked for, and `nextPageToken` where there are more; a bad token is the beginning."""
    many = size(asked, default, most)
    try:
        first = start(asked, str(many))
    except BadToken:
        first = 0
    after = first + many
    more = {"nextPageToken": token(after, str(many))} if after < len(elements) else {}
    return elements[first:after], more
