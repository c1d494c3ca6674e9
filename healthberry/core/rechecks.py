"""Looking again at what is stored: has its source edited it or taken it down? One batch at a time.

Independent of reading: a look that fails says nothing of the channel, and polls go on.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update

from healthberry.connectors.base import InboundItem
from healthberry.connectors.errors import Permanent, RateLimited, Temporary
from healthberry.core import ingest, paid_reads, shares
from healthberry.core.channels import capabilities_of, is_unlinked
from healthberry.core.recheck_times import next_recheck
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.owned import now

_CLAIM = timedelta(minutes=5)
_BETWEEN_BATCHES = timedelta(seconds=20)  # leaves the provider's limits to polls and replies
_REST = timedelta(minutes=15)
_SHORTEST_WAIT = timedelta(minutes=1)
_PUT_BACK = timedelta(hours=1)


def claim(organisation_id: UUID, channel_id: UUID) -> tuple[Channel, list[str]] | None:
    """Become the one who looks at this channel's messages; return it with the ids of those that have waited longest.

    None when it is off or failing, when it is not its turn (somebody else looks), when nothing is due, when no more may
    be read this month, or when enough is read of its kind or organisation already.
    """
    channel = db.session.get(Channel, (organisation_id, channel_id), with_for_update={"key_share": True})
    if channel is None or channel.state != "active" or channel.recheck_at > now():
        return None
    if channel.recheck_claimed_until is not None and channel.recheck_claimed_until > now():
        return None
    if paid_reads.spent(channel.kind) is not None:
        channel.recheck_at = now() + _REST
        return None
    due = (
        select(Message.remote_id)
        .where(
            Message.organisation_id == organisation_id, Message.channel_id == channel_id, Message.recheck_at <= now()
        )
        .order_by(Message.recheck_at)
        .limit(capabilities_of(channel.kind).recheck_batch)
    )
    asked = list(db.session.scalars(due))
    if not asked:
        channel.recheck_at = now() + _REST
        return None
    if not shares.take(channel):
        return None
    channel.recheck_claimed_until = now() + _CLAIM
    return channel, asked


def want(channel: Channel) -> None:
    """Have what is newest in this channel looked at again within a minute, in one batch.

    Not where the provider charges for what is read: there, everything has its turn.
    """
    rules = capabilities_of(channel.kind)
    if not rules.rechecks or rules.paid_reads:
        return
    newest = (
        select(Conversation.id)
        .where(Conversation.organisation_id == channel.organisation_id, Conversation.channel_id == channel.id)
        .order_by(Conversation.last_activity_at.desc(), Conversation.id.desc())
        .limit(rules.recheck_batch)
    )
    theirs = update(Message).where(
        Message.organisation_id == channel.organisation_id,
        Message.conversation_id.in_(newest),
        Message.recheck_at > now(),
    )
    db.session.execute(theirs.values(recheck_at=now()), execution_options={"synchronize_session": False})
    channel.recheck_at = now()


def store(channel: Channel, asked: Sequence[str], found: Sequence[InboundItem]) -> None:
    """Follow what the source says now; whatever it said nothing of is asked for again in an hour.

    Nothing is stored once the channel is unlinked.
    """
    if is_unlinked(channel):
        return
    # An item may come under another of its names than the one that was asked for.
    named = [item for item in found if {item.remote_id, *item.aliases} & set(asked) or item.direction != "inbound"]
    ingest.store_page(channel, named, backfill=False)
    paid_reads.count(channel.kind, [item.remote_id for item in found if item.change != "withdrawn"])
    rules, seen = capabilities_of(channel.kind), {item.remote_id for item in found}
    # Withdrawn ones are planned no more.
    waiting = db.session.execute(
        select(Message.id, Message.remote_id, Message.posted_at).where(
            Message.organisation_id == channel.organisation_id,
            Message.channel_id == channel.id,
            Message.remote_id.in_({*asked, *(item.remote_id for item in named)}),
            Message.recheck_at.is_not(None),
        )
    ).all()
    rows = [
        {
            "organisation_id": channel.organisation_id,
            "id": row.id,
            "recheck_at": next_recheck(rules, row.posted_at, now()) if row.remote_id in seen else now() + _PUT_BACK,
        }
        for row in waiting
    ]
    if rows:
        db.session.execute(update(Message), rows)
    channel.rechecked_at, channel.recheck_claimed_until = now(), None
    channel.recheck_at = now() + (_BETWEEN_BATCHES if len(asked) >= rules.recheck_batch else _REST)


def failed(channel: Channel, asked: Sequence[str], error: Temporary | Permanent) -> None:
    """Wait as long as the provider asks; let others go first, in case one of these is the trouble."""
    pause = _REST
    if isinstance(error, Temporary) and error.retry_after is not None:
        pause = max(timedelta(seconds=error.retry_after), _SHORTEST_WAIT)
    channel.recheck_at, channel.recheck_claimed_until = now() + pause, None
    if not isinstance(error, RateLimited):
        statement = update(Message).where(
            Message.organisation_id == channel.organisation_id,
            Message.channel_id == channel.id,
            Message.remote_id.in_(asked),
            Message.recheck_at.is_not(None),
        )
        db.session.execute(statement.values(recheck_at=now() + _PUT_BACK))
