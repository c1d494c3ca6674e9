"""Restricting a conversation for what it says: somebody may be at risk, or a member of staff is named.

Responders and administrators mark it, administrators alone lift that. From then on a grant is needed to read it
(core.grants), and every opening is in the audit log.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select

from healthberry.core import channels, concern_copies, conversations, grants, restricting
from healthberry.core.errors import Invalid
from healthberry.core.permissions import require
from healthberry.core.reading_rights import REQUEST
from healthberry.extensions import db
from healthberry.models.conversations import Conversation
from healthberry.models.keeping import Restriction
from healthberry.models.organisations import Member

CONCERNS = {
    "crisis": "Somebody may be at risk",
    "safeguarding": "A safeguarding concern",
    "staff": "A member of staff is named",
}


def mark(member: Member, conversation_id: UUID, concern: str) -> None:
    """Restrict a conversation for one of `CONCERNS`, with its copies on other sites; again: it stays so.

    Whoever marks it has read it, and may go on: somebody has to act. Replies that did not leave yet go back to their
    writers. Raises: NotFound, NotAllowed, Invalid.
    """
    require(member, "handle")
    conversation = conversations.readable(member, conversation_id)
    if concern not in CONCERNS:
        raise Invalid("Choose why it is restricted.", "concern")
    channel = channels.find(member.organisation_id, conversation.channel_id, lock=True)
    if any(one.kind == concern for one in _lasting(conversation)):
        return
    made = Restriction(
        organisation_id=member.organisation_id,
        channel_id=channel.id,
        conversation_id=conversation.id,
        member_id=member.id,
        member_name=member.name,
        reason="",
        kind=concern,
    )
    db.session.add(made)
    concern_copies.spread(member.organisation_id, conversation.copy_of or conversation.id)
    for one in _lasting(conversation):
        if one.kind == concern:
            restricting.settle(one, "restricted", member)
            grants.keep_reading(member, one.conversation_id)


def lift(member: Member, conversation_id: UUID) -> None:
    """Show a conversation and its copies to everybody again, as far as no request restricts them. Again: nothing.

    Raises: NotFound, NotAllowed.
    """
    require(member, "manage")
    for one in _lasting(conversations.find(member, conversation_id)):
        restricting.lift(member, one.id)


def of_conversation(member: Member, conversation_id: UUID) -> Sequence[Restriction]:
    """Return why a conversation is restricted, as far as that is a concern. Raises: NotFound."""
    found = _lasting(conversations.find(member, conversation_id))
    return [one for one in found if one.conversation_id == conversation_id]


def _lasting(conversation: Conversation) -> Sequence[Restriction]:
    """Return the concerns that last about it and its copies."""
    shown_id = conversation.copy_of or conversation.id
    together = select(Conversation.id).where(
        Conversation.organisation_id == conversation.organisation_id,
        or_(Conversation.id == shown_id, Conversation.copy_of == shown_id),
    )
    lasting = select(Restriction).where(
        Restriction.organisation_id == conversation.organisation_id,
        Restriction.conversation_id.in_(together),
        Restriction.kind != REQUEST,
        Restriction.lifted_at.is_(None),
    )
    return db.session.scalars(lasting.order_by(Restriction.since, Restriction.id)).all()
