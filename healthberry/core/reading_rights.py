"""Who may read what is restricted: administrators while a request is assessed; for a concern, whom it was granted to.

Every way by which words of a conversation come out asks here. Lists and the search hold the words of nothing
restricted, whoever looks.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, or_, select

from healthberry.core.errors import NotAllowed
from healthberry.core.permissions import may
from healthberry.extensions import db
from healthberry.models.conversations import Conversation, Message
from healthberry.models.keeping import ReadingGrant, Restriction
from healthberry.models.organisations import ORGANISATION_VERIFIED, Member

REQUEST = "request"
_ASSESSED = "This is restricted while a request is assessed: only administrators see it meanwhile."
_CONCERN = "This is restricted. To read it you need the permission of an administrator."
_YOURSELF = "This is restricted. You need permission to read it, and can give it to yourself: that is written down."


def kinds(conversation: Conversation) -> Sequence[str]:
    """Return why it is restricted, none where it is not."""
    if not conversation.restricted:
        return ()
    org = conversation.organisation_id
    wrote = exists().where(
        Message.organisation_id == org,
        Message.conversation_id == conversation.id,
        Message.author_id == Restriction.author_id,
    )
    here = or_(Restriction.conversation_id == conversation.id, wrote)
    lasting = (Restriction.organisation_id == org, Restriction.lifted_at.is_(None))
    # An author's mark restricts before anything says whose words they are: that is a request.
    found = select(Restriction.kind).where(*lasting, here).distinct().order_by(Restriction.kind)
    return db.session.scalars(found).all() or (REQUEST,)


def refusal(member: Member, conversation: Conversation) -> str:
    """Say why the member may not read it, "" where they may."""
    why = kinds(conversation)
    if REQUEST in why and not may(member, "manage"):
        return _ASSESSED
    if set(why) - {REQUEST} and not _granted(member, conversation.id):
        return _YOURSELF if may(member, "manage") else _CONCERN
    return ""


def may_read(member: Member, conversation: Conversation) -> bool:
    """Say whether the member may read it."""
    return not refusal(member, conversation)


def require(member: Member, conversation: Conversation) -> None:
    """Raises: NotAllowed where the member may not read it."""
    if words := refusal(member, conversation):
        raise NotAllowed(words)


def _granted(member: Member, conversation_id: UUID) -> bool:
    if member.level < ORGANISATION_VERIFIED:  # whoever's proof ran out, or is in dispute
        return False
    lasting = exists().where(
        ReadingGrant.organisation_id == member.organisation_id,
        ReadingGrant.member_id == member.id,
        ReadingGrant.ended_at.is_(None),
        or_(ReadingGrant.conversation_id.is_(None), ReadingGrant.conversation_id == conversation_id),
    )
    return bool(db.session.scalar(select(lasting)))
