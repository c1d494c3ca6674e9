"""Files that came with messages and that nobody else keeps: kept with the message, gone with it."""

from collections.abc import Sequence
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import undefer

from healthberry.connectors.base import File
from healthberry.connectors.text import line
from healthberry.core import places, reading_rights
from healthberry.core.errors import NotFound
from healthberry.core.permissions import may
from healthberry.extensions import db
from healthberry.models.attachments import LARGEST_BYTES, Attachment
from healthberry.models.conversations import Conversation, Message
from healthberry.models.organisations import Member


def named(message_id: UUID, files: Sequence[File]) -> list[dict[str, str]]:
    """Return what a message says of its files: name, type, and in `kept` the id under which each is found."""
    return [
        {"name": line(file.name, 200), "type": file.content_type, "kept": str(_id(message_id, place))}
        for place, file in enumerate(files)
        if len(file.body) <= LARGEST_BYTES
    ]


def keep(organisation_id: UUID, message_id: UUID, files: Sequence[File]) -> None:
    """Keep the files of a message; those larger than 5 MB are left out. A second call changes nothing."""
    rows = [
        {
            "organisation_id": organisation_id,
            "id": _id(message_id, place),
            "message_id": message_id,
            "name": line(file.name, 200),
            "content_type": line(file.content_type, 200),
            "body": file.body,
        }
        for place, file in enumerate(files)
        if len(file.body) <= LARGEST_BYTES
    ]
    if rows:
        db.session.execute(insert(Attachment).on_conflict_do_nothing(), rows)


def forget(organisation_id: UUID, message: ColumnElement[bool]) -> None:
    """Delete the files of the messages for which a condition holds: their source took them down."""
    ids = select(Message.id).where(message)
    mine = (Attachment.organisation_id == organisation_id, Attachment.message_id.in_(ids))
    db.session.execute(delete(Attachment).where(*mine))


def find(member: Member, attachment_id: UUID) -> Attachment:
    """Return a file of the member's organisation, with its bytes. Raises: NotFound, also where it is restricted."""
    key = (member.organisation_id, attachment_id)
    found = db.session.get(Attachment, key, options=[undefer(Attachment.body)])
    if found is None:
        raise NotFound
    conversation = conversation_of(found)
    if not places.sees(member, conversation) or not reading_rights.may_read(member, conversation):
        raise NotFound
    if _message(found).withdrawn_at is not None and not may(member, "manage"):
        raise NotFound  # kept for a legal hold alone
    return found


def conversation_of(found: Attachment) -> Conversation:
    """Return the conversation that a file came with."""
    return db.session.get_one(Conversation, (found.organisation_id, _message(found).conversation_id))


def _message(found: Attachment) -> Message:
    return db.session.get_one(Message, (found.organisation_id, found.message_id))


def _id(message_id: UUID, place: int) -> UUID:
    return uuid5(message_id, str(place))
