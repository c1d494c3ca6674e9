"""What a night lets go of, kind by kind, in parts: each step takes the oldest few and says how many those were.

The limits are those of keeping_table.py. What belongs to a conversation under a legal hold stays.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update

from healthberry.core import audit_log, expiry, holds
from healthberry.core.keeping_table import (
    ACTIVITIES,
    AUDIT,
    DELIVERIES,
    DRAFTS,
    MAILS,
    NOTES,
    PIECES,
    REPLIES,
    REPORTS,
    REQUESTS,
    SESSIONS,
    Kept,
)
from healthberry.extensions import db
from healthberry.models.activities import Activity, Note
from healthberry.models.channels import Channel, QuarantinedItem
from healthberry.models.conversations import Conversation
from healthberry.models.keeping import Erasure, Hold, KeepingNight, Restriction
from healthberry.models.owned import now
from healthberry.models.pushes import PushDelivery
from healthberry.models.replies import Draft, MailCause, OutboxMail, Reply
from healthberry.models.rights import DataRequest, DataRequestStep, Disclosure
from healthberry.models.sign_in import MemberSession

AT_ONCE = 500
Step = Callable[[UUID], int]


def words(organisation_id: UUID) -> int:
    """Forget the words of conversations that are too old, channel by channel."""
    own = select(Channel).where(Channel.organisation_id == organisation_id).order_by(Channel.id)
    return next((gone for channel in db.session.scalars(own).all() if (gone := expiry.expire_part(channel))), 0)


def notes(organisation_id: UUID) -> int:
    """Delete colleagues' notes."""
    free = ~_held(Note.conversation_id)
    return len(_delete(Note, organisation_id, Note.created_at < _before(NOTES), free))


def activities(organisation_id: UUID) -> int:
    """Delete the oldest lines of the history; they are numbered in the order of their times."""
    mine, before = Activity.organisation_id == organisation_id, _before(ACTIVITIES)
    first_to_stay = (
        select(Activity.number).where(mine, Activity.at >= before).order_by(Activity.number).limit(1).scalar_subquery()
    )
    spared = or_(_held(Activity.conversation_id), _held_channel(Activity.channel_id))
    old = (
        select(Activity.number)
        .where(mine, or_(first_to_stay.is_(None), Activity.number < first_to_stay), ~spared)
        .order_by(Activity.number)
        .limit(AT_ONCE)
    )
    gone = delete(Activity).where(mine, Activity.number.in_(old)).returning(Activity.number)
    return len(_run(gone))


def audit(organisation_id: UUID) -> int:
    """Let go of the oldest entries of the audit log; none while a legal hold lasts, for a chain has no gaps."""
    lasting = exists().where(Hold.organisation_id == organisation_id, Hold.lifted_at.is_(None))
    return 0 if db.session.scalar(select(lasting)) else audit_log.let_go(organisation_id, _before(AUDIT), AT_ONCE)


def reports(organisation_id: UUID) -> int:
    """Delete reports of nights, certificates, and what is over of restrictions and holds."""
    before = _before(REPORTS)
    over: Sequence[tuple[Any, ColumnElement[bool]]] = (
        (KeepingNight, KeepingNight.begun_at < before),
        (Erasure, Erasure.finished_at < before),
        (Restriction, Restriction.lifted_at < before),
        (Hold, Hold.lifted_at < before),
        (DataRequest, DataRequest.closed_at < before),
        (Disclosure, Disclosure.closed_at < before),
    )
    return sum(len(_delete(model, organisation_id, condition)) for model, condition in over)


def requests(organisation_id: UUID) -> int:
    """Forget what people gave who asked about their data, and what was noted of it; none while a legal hold lasts."""
    mine, lasting = (
        DataRequest.organisation_id == organisation_id,
        exists().where(Hold.organisation_id == organisation_id, Hold.lifted_at.is_(None)),
    )
    over = (DataRequest.closed_at < _before(REQUESTS), DataRequest.forgotten_at.is_(None), ~lasting)
    old = select(DataRequest.id).where(mine, *over).order_by(DataRequest.id).limit(AT_ONCE)
    bare = {"about": "", "words": "", "contact": "", "answer": "", "extended_because": "", "forgotten_at": now()}
    gone = _run(update(DataRequest).where(mine, DataRequest.id.in_(old)).values(**bare).returning(DataRequest.id))
    step = DataRequestStep
    noted = update(step).where(step.organisation_id == organisation_id, step.request_id.in_(gone)).values(words="")
    _run(noted.returning(step.id))
    return len(gone)


def drafts(organisation_id: UUID) -> int:
    """Delete drafts that nobody came back to."""
    return len(_delete(Draft, organisation_id, Draft.saved_at < _before(DRAFTS), ~_held(Draft.conversation_id)))


def replies(organisation_id: UUID) -> int:
    """Forget the texts of replies that are out, and of those that nobody tried again: these are given up."""
    mine = Reply.organisation_id == organisation_id
    over = (
        Reply.state.in_(("sent", "cancelled", "failed")),
        Reply.pending.is_(False),
        Reply.text != "",
        func.coalesce(Reply.sent_at, Reply.queued_at) < _before(REPLIES),
        ~_held(Reply.conversation_id),
    )
    old = select(Reply.id).where(mine, *over).order_by(Reply.id).limit(AT_ONCE)
    given_up = func.replace(Reply.state, "failed", "cancelled")
    return len(_run(update(Reply).where(mine, Reply.id.in_(old)).values(text="", state=given_up).returning(Reply.id)))


def mails(organisation_id: UUID) -> int:
    """Delete the records of alerts that are over, and what they told of together."""
    over = (OutboxMail.state.in_(("sent", "failed", "skipped")), OutboxMail.queued_at < _before(MAILS))
    gone = _delete(OutboxMail, organisation_id, *over, returning=OutboxMail.about)
    mine = MailCause.organisation_id == organisation_id
    told = exists().where(
        OutboxMail.organisation_id == organisation_id,
        OutboxMail.conversation_id.is_(None),
        OutboxMail.about == MailCause.about,
    )
    _run(delete(MailCause).where(mine, MailCause.about.in_(set(gone)), ~told).returning(MailCause.about))
    return len(gone)


def pieces(organisation_id: UUID) -> int:
    """Delete pieces that nothing could read, and count them no more at their channels."""
    free = ~_held_channel(QuarantinedItem.channel_id)
    old = QuarantinedItem.received_at < _before(PIECES)
    gone = _delete(QuarantinedItem, organisation_id, old, free, returning=QuarantinedItem.channel_id)
    for channel_id in sorted(set(gone)):
        mine = update(Channel).where(Channel.organisation_id == organisation_id, Channel.id == channel_id)
        fewer = func.greatest(Channel.items_quarantined - gone.count(channel_id), 0)
        db.session.execute(mine.values(items_quarantined=fewer))
    return len(gone)


def deliveries(organisation_id: UUID) -> int:
    """Delete deliveries that could not be read for weeks."""
    free = ~_held_channel(PushDelivery.channel_id)
    return len(_delete(PushDelivery, organisation_id, PushDelivery.received_at < _before(DELIVERIES), free))


def sessions(organisation_id: UUID) -> int:
    """Delete where members were signed in."""
    return len(_delete(MemberSession, organisation_id, MemberSession.used_at < _before(SESSIONS)))


STEPS: dict[str, Step] = {
    "words": words,
    NOTES.name: notes,
    DRAFTS.name: drafts,
    REPLIES.name: replies,
    MAILS.name: mails,
    PIECES.name: pieces,
    DELIVERIES.name: deliveries,
    SESSIONS.name: sessions,
    ACTIVITIES.name: activities,
    AUDIT.name: audit,
    REQUESTS.name: requests,
    REPORTS.name: reports,
}


def _before(kept: Kept) -> datetime:
    return now() - timedelta(days=kept.days)


def _held(conversation_id: Any) -> ColumnElement[bool]:
    owner = conversation_id.class_.organisation_id
    here = and_(Conversation.organisation_id == owner, Conversation.id == conversation_id)
    return exists().where(here, holds.holding())


def _held_channel(channel_id: Any) -> ColumnElement[bool]:
    """A whole channel's raw pieces stay under any hold: nobody knows which conversation they belong to."""
    owner = channel_id.class_.organisation_id
    return exists().where(Hold.organisation_id == owner, Hold.channel_id == channel_id, Hold.lifted_at.is_(None))


def _delete(model: Any, organisation_id: UUID, *which: ColumnElement[bool], returning: Any = None) -> list[Any]:
    """Delete the oldest few; return of each its id, or what `returning` names."""
    mine = model.organisation_id == organisation_id
    old = select(model.id).where(mine, *which).order_by(model.id).limit(AT_ONCE)
    return _run(
        delete(model).where(mine, model.id.in_(old)).returning(returning if returning is not None else model.id)
    )


def _run(statement: Any) -> list[Any]:
    return list(db.session.scalars(statement.execution_options(synchronize_session=False)))
