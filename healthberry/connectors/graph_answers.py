"""Finding an answer of ours again at Meta, which knows no idempotency key: by its words and its time."""

from datetime import timedelta
from typing import Any, Final

from healthberry.connectors.base import Reply
from healthberry.connectors.reading import moment
from healthberry.connectors.text import normal

FIND_PAGES: Final = 5
_CLOCKS: Final = timedelta(minutes=5)  # how far Meta's clock and ours may differ


def says(reply: Reply, text: Any, written: Any) -> bool:
    """Say whether a text with this time holds our words and is no older than the first attempt."""
    if normal(str(text or "")) != normal(reply.text):
        return False
    at = moment(written)
    return at is None or reply.attempted_at is None or at >= reply.attempted_at - _CLOCKS
