"""Feedback that may be kept for a time only: then its words go, whether or not its site still shows them.

How long is said in core.keeping. What stays are dates, ratings and the place in every count. What is under a legal hold
stays whole.
"""

import calendar
from collections.abc import Collection, Sequence
from datetime import UTC, date
from uuid import UUID

from sqlalchemy import delete, select, update

from healthberry.connectors.base import InboundItem
from healthberry.core import arrivals, copies, holds, keeping, quarantine, summaries, tombstones
from healthberry.core.bulk import look_up
from healthberry.extensions import db
from healthberry.models.channels import Author, Channel
from healthberry.models.conversations import Conversation, CopyPrint, Message
from healthberry.models.owned import now
from healthberry.models.replies import Draft, Reply

AT_ONCE = 200
_OVER = ("sent", "failed", "cancelled")


def expire_part(channel: Channel) -> int:
    """Forget the words of the next conversations that are too old; return of how many, at most `AT_ONCE`.

    Text, authors, files, drafts and finished replies go; colleagues' notes stay. Again: nothing is left to forget.
    """
    before = keeping.last_day(channel.organisation_id, channel.kind)
    ids = _take(channel, before) if before is not None else set()
    if ids:
        _forget(channel, ids)
        summaries.refresh(channel.organisation_id, ids)
        copies.promote(channel.organisation_id, ids)
        arrivals.announce_changes(channel, ids)
    return len(ids)


def lasting(channel: Channel, items: Sequence[InboundItem]) -> Sequence[InboundItem]:
    """Return the items without the threads that are too old: what we forgot does not come back with the next page."""
    before = keeping.last_day(channel.organisation_id, channel.kind)
    if before is None:
        return items
    old = {item.thread_id for item in items if item.direction == "inbound" and happened_on(item) < before}
    thread = Conversation.remote_thread_id
    stored = look_up(channel, thread, {item.thread_id for item in items}, thread, Conversation.expired_at)
    old.update(row.remote_thread_id for row in stored if row.expired_at is not None)
    # A withdrawal carries no date of its own.
    return [item for item in items if item.thread_id not in old or item.change == "withdrawn"]


def happened_on(item: InboundItem) -> date:
    """Return the last day of the month of the experience, else the day of posting (as the database has it)."""
    year, _, month = (item.experienced or "").partition("-")
    if len(year) == 4 and year.isdecimal() and year[:2] in ("19", "20") and month in _MONTHS:
        return date(int(year), int(month), calendar.monthrange(int(year), int(month))[1])
    return item.posted_at.astimezone(UTC).date()


_MONTHS = {f"{month:02}" for month in range(1, 13)}


def _take(channel: Channel, before: date) -> set[UUID]:
    own = Conversation.organisation_id == channel.organisation_id
    next_ones = select(Conversation.id).where(
        own,
        Conversation.channel_id == channel.id,
        Conversation.expired_at.is_(None),
        Conversation.happened_on < before,
        ~holds.holding(),
    )
    ids = set(db.session.scalars(next_ones.limit(AT_ONCE).with_for_update(skip_locked=True, key_share=True)))
    marked = update(Conversation).where(own, Conversation.id.in_(ids))
    db.session.execute(marked.values(expired_at=now(), url=None, syndication_key=None))
    return ids


def _forget(channel: Channel, ids: Collection[UUID]) -> None:
    org = channel.organisation_id
    of_these = (Message.organisation_id == org, Message.conversation_id.in_(ids))
    known = db.session.execute(select(Message.remote_id, Message.author_id).where(*of_these)).all()
    tombstones.forget_words(org, Message.conversation_id.in_(ids))
    db.session.execute(update(Message).where(*of_these).values(url=None))
    _forget_authors(org, {row.author_id for row in known if row.author_id})
    quarantine.forget(channel, {row.remote_id for row in known})
    db.session.execute(delete(CopyPrint).where(CopyPrint.organisation_id == org, CopyPrint.conversation_id.in_(ids)))
    db.session.execute(delete(Draft).where(Draft.organisation_id == org, Draft.conversation_id.in_(ids)))
    replies = update(Reply).where(Reply.organisation_id == org, Reply.conversation_id.in_(ids))
    db.session.execute(replies.where(Reply.state.in_(_OVER)).values(text="", url=None))


def _forget_authors(organisation_id: UUID, ids: Collection[UUID]) -> None:
    """Forget those who wrote nothing else that is kept."""
    wrote = select(Message.id).where(Message.organisation_id == organisation_id, Message.author_id == Author.id)
    gone = delete(Author).where(Author.organisation_id == organisation_id, Author.id.in_(ids), ~wrote.exists())
    db.session.execute(gone.execution_options(synchronize_session=False))
