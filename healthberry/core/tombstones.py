"""What stays of a message whose words have to go: its place in the thread, its dates and its ratings."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, update

from healthberry.core import attachments
from healthberry.extensions import db
from healthberry.models.conversations import Message
from healthberry.models.owned import now


def forget_words(
    organisation_id: UUID, *which: ColumnElement[bool], keep_files_of: Collection[UUID] = ()
) -> Sequence[UUID]:
    """Forget text, author and files of those messages that still have them; return their conversations.

    `which` are conditions on `Message`. The files of `keep_files_of` stay, for a legal hold. Again: nothing is left.
    """
    there = and_(Message.organisation_id == organisation_id, Message.withdrawn_at.is_(None), *which)
    attachments.forget(organisation_id, and_(there, Message.id.not_in(keep_files_of)) if keep_files_of else there)
    statement = (
        update(Message)
        .where(there)
        .values(
            text="",
            title="",
            screen_name="",
            author_id=None,
            attachments=[],
            source={},
            withdrawn_at=now(),
            recheck_at=None,
        )
        .returning(Message.conversation_id)
    )
    return db.session.execute(statement).scalars().all()
