"""Reading the last days again, by the clock: what push missed, or told too early, is repaired by this.

Independent of polls, whose cursor it leaves alone: a re-read that fails says nothing of the channel.
"""

from datetime import timedelta
from uuid import UUID

from healthberry.connectors.base import Page
from healthberry.connectors.errors import Permanent, Temporary
from healthberry.core import ingest, paid_reads, quarantine, shares
from healthberry.core.channels import is_unlinked
from healthberry.core.reading import next_reread
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.owned import now

_CLAIM = timedelta(minutes=5)
_PAUSE, _LONGEST_PAUSE = timedelta(minutes=10), timedelta(days=1)


def claim(organisation_id: UUID, channel_id: UUID) -> Channel | None:
    """Become the one who reads this channel's last days again, from `reread_cursor`.

    None when it is not its turn, somebody else does, it is off or failing, or enough is read of its kind or
    organisation already.
    """
    channel = db.session.get(Channel, (organisation_id, channel_id), with_for_update={"key_share": True})
    if channel is None or channel.state != "active" or channel.reread_at is None or channel.reread_at > now():
        return None
    if channel.reread_claimed_until is not None and channel.reread_claimed_until > now():
        return None
    if (spent := paid_reads.spent(channel.kind)) is not None:
        failed(channel, spent)
        return None
    if not shares.take(channel):
        return None
    channel.reread_claimed_until = now() + _CLAIM
    return channel


def store(channel: Channel, page: Page) -> bool:
    """Store one page in the caller's transaction; return whether to go on. Nothing once it is unlinked."""
    if is_unlinked(channel):
        return False
    stored = ingest.store_page(channel, page.items, backfill=False)
    quarantine.keep(channel, page.bad)
    paid_reads.count(channel.kind, page.paid)
    channel.items_loaded += stored.messages
    channel.reread_cursor = page.cursor if page.more else None
    if page.more:
        channel.reread_claimed_until = now() + _CLAIM
    else:
        channel.reread_claimed_until, channel.reread_at = None, next_reread(channel)
    return page.more and channel.state == "active"


def release(channel: Channel) -> None:
    """Let another worker go on where this one stopped."""
    channel.reread_claimed_until = None


def failed(channel: Channel, error: Temporary | Permanent) -> None:
    """Try again after a pause, as long as the provider asks for, from the beginning."""
    wished = error.retry_after if isinstance(error, Temporary) else None
    pause = max(_PAUSE, timedelta(seconds=wished or 0))
    channel.reread_claimed_until = channel.reread_cursor = None
    channel.reread_at = now() + min(pause, _LONGEST_PAUSE)
