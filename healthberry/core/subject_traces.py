"""What else is held around an author's words: their other requests, the same words elsewhere, unsent answers."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import or_, select

from healthberry.core import reading_rights
from healthberry.extensions import db
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member
from healthberry.models.replies import Draft, Reply
from healthberry.models.rights import DataRequest

_NOT_SENT = ("failed", "cancelled")


def requests(request: DataRequest) -> Sequence[DataRequest]:
    """Return what came from the address of this request, itself first; without an address, itself alone."""
    if not request.contact:
        return [request]
    same = (DataRequest.organisation_id == request.organisation_id, DataRequest.contact == request.contact)
    others = select(DataRequest).where(*same, DataRequest.id != request.id).order_by(DataRequest.received_at)
    return [request, *db.session.scalars(others)]


def elsewhere(member: Member, conversations: Sequence[Conversation]) -> Sequence[Conversation]:
    """Return the conversations that we take for the same words on another site, as far as the member may read them."""
    ids, first = {one.id for one in conversations}, {one.copy_of for one in conversations if one.copy_of}
    same = or_(Conversation.id.in_(first), Conversation.copy_of.in_(ids | first))
    mine = (Conversation.organisation_id == member.organisation_id, Conversation.id.not_in(ids), same)
    found = db.session.scalars(select(Conversation).where(*mine).order_by(Conversation.started_at)).all()
    return [one for one in found if reading_rights.may_read(member, one)]


def unsent(organisation_id: UUID, conversation_ids: Collection[UUID]) -> Sequence[str]:
    """Return the words of drafts, and of replies that did not go out."""
    found: list[str] = []
    for model, which in ((Draft, ()), (Reply, (Reply.state.in_(_NOT_SENT),))):
        mine = (model.organisation_id == organisation_id, model.conversation_id.in_(conversation_ids))
        found += db.session.scalars(select(model.text).where(*mine, *which).order_by(model.id))
    return [words for words in found if words.strip()]
