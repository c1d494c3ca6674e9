"""One conversation: what a member sees of it, and what they may do with it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from healthberry.core import events, places, reading_rights
from healthberry.core.errors import Invalid, NotFound
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.activities import Note, Unread
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member
from healthberry.models.owned import now

CLOSED_REASONS = {
    "answered": "Answered",
    "no_reply_needed": "Thanked or nothing to add",
    "not_about_us": "Not about us",
    "duplicate": "Same as another one",
    "spam": "Spam, advert or bot",
    "abusive": "Abusive or threatening to staff",
    "in_complaint": "Part of a complaint or claim",
    "no_experience": "No experience of care",
}
_LONGEST_NOTE = 10_000
_COLLEAGUES = (
    select(Member)
    .where(Member.organisation_id == bindparam("organisation_id", type_=Uuid), Member.left_at.is_(None))
    .order_by(Member.name)
)


def find(member: Member, conversation_id: UUID, *, lock: bool = False) -> Conversation:
    """Return the conversation. Raises: NotFound where the member may not see it or it is not there."""
    statement = select(Conversation).where(
        Conversation.organisation_id == member.organisation_id, Conversation.id == conversation_id, *places.seen(member)
    )
    found = db.session.scalar(statement.with_for_update(key_share=True) if lock else statement)
    if found is None:
        raise NotFound
    return found


def readable(member: Member, conversation_id: UUID) -> Conversation:
    """Return the conversation for what shows or repeats its words.

    Raises: NotFound; NotAllowed where it is restricted, and not for them.
    """
    found = find(member, conversation_id)
    reading_rights.require(member, found)
    return found


def assign(member: Member, conversation_id: UUID, assignee_id: UUID | None) -> Conversation:
    """Give the conversation to a colleague, or to nobody. Raises: NotFound, NotAllowed, Invalid."""
    require(member, "handle")
    conversation = find(member, conversation_id, lock=True)
    if assignee_id is not None:
        assignee = db.session.get(Member, (member.organisation_id, assignee_id))
        if assignee is None or assignee.left_at is not None:
            raise Invalid("Choose somebody who works here.", "assignee")
        if not places.sees(assignee, conversation):
            raise Invalid("Choose somebody else: their team does not see this.", "assignee")
    if conversation.assignee_id == assignee_id:
        return conversation
    conversation.assignee_id = assignee_id
    _did(member, conversation, "assigned", assignee_id=str(assignee_id) if assignee_id else None)
    return conversation


def close(member: Member, conversation_id: UUID, reason: str) -> Conversation:
    """Close it for one of `CLOSED_REASONS`; a second call changes the reason. Raises: NotFound, NotAllowed, Invalid."""
    if reason not in CLOSED_REASONS:
        raise Invalid("Say why you are closing it.", "reason")
    return _move(member, conversation_id, "closed", reason=reason)


def snooze(member: Member, conversation_id: UUID, until: datetime) -> Conversation:
    """Put it away until `until`, when it is open again. Raises: NotFound, NotAllowed, Invalid."""
    if until <= now():
        raise Invalid("Choose a time that is still to come.", "until")
    return _move(member, conversation_id, "snoozed", until=until)


def wait(member: Member, conversation_id: UUID) -> Conversation:
    """Say that somebody else has to act first. Raises: NotFound, NotAllowed."""
    return _move(member, conversation_id, "waiting")


def close_answered(conversation: Conversation) -> None:
    """Close it because an answer is out, whoever gave it; written down once."""
    if (conversation.status, conversation.closed_reason) == ("closed", "answered"):
        return
    conversation.status, conversation.closed_reason, conversation.snoozed_until = "closed", "answered", None
    events.record(conversation.organisation_id, "closed", conversation_id=conversation.id, reason="answered")


def set_aside(member: Member, conversation_id: UUID) -> Conversation:
    """Put it where noise is, out of every other list. Raises: NotFound, NotAllowed, Invalid."""
    return _move(member, conversation_id, "aside")


def reopen(member: Member, conversation_id: UUID) -> Conversation:
    """Open it again. Raises: NotFound, NotAllowed."""
    return _move(member, conversation_id, "open")


def wake(organisation_id: UUID, conversation_id: UUID) -> None:
    """Open a snoozed conversation whose time has come, on top of the list; nothing happens to any other."""
    conversation = db.session.get(Conversation, (organisation_id, conversation_id), with_for_update={"key_share": True})
    if conversation is None or conversation.status != "snoozed" or (conversation.snoozed_until or now()) > now():
        return
    conversation.status, conversation.snoozed_until, conversation.last_activity_at = "open", None, now()
    events.record(organisation_id, "woke", conversation_id=conversation_id)


def add_note(member: Member, conversation_id: UUID, text: str) -> Note:
    """Write words for colleagues only. Raises: NotFound, NotAllowed, Invalid."""
    require(member, "handle")
    conversation = find(member, conversation_id)
    words = text.replace("\x00", "").strip()
    if not words:
        raise Invalid("Write the note first.", "note")
    if len(words) > _LONGEST_NOTE:
        raise Invalid(f"Notes can be up to {_LONGEST_NOTE:,} characters long. This one has {len(words):,}.", "note")
    note = Note(
        organisation_id=member.organisation_id,
        conversation_id=conversation.id,
        member_id=member.id,
        member_name=member.name,
        text=words,
    )
    db.session.add(note)
    db.session.flush()
    events.record(member.organisation_id, "noted", conversation_id=conversation.id, member=member, subject_id=note.id)
    return note


def mark_read(member: Member, conversation_id: UUID) -> bool:
    """Take the unread mark away, for this member; say whether there was one. Raises: NotFound."""
    find(member, conversation_id)
    statement = delete(Unread).where(
        Unread.organisation_id == member.organisation_id,
        Unread.member_id == member.id,
        Unread.conversation_id == conversation_id,
    )
    return bool(db.session.execute(statement.returning(Unread.conversation_id)).all())


def mark_unread(member: Member, conversation_id: UUID) -> None:
    """Put the unread mark back, for this member. Raises: NotFound."""
    find(member, conversation_id)
    row = {
        "organisation_id": member.organisation_id,
        "member_id": member.id,
        "conversation_id": conversation_id,
    }
    db.session.execute(insert(Unread).values(row).on_conflict_do_nothing())


def colleagues(member: Member) -> Sequence[Member]:
    """Return who can be given a conversation, by name; only the member where colleagues are not to be seen."""
    return db.session.scalars(_COLLEAGUES, {"organisation_id": member.organisation_id}).all()


def _move(
    member: Member, conversation_id: UUID, status: str, *, reason: str | None = None, until: datetime | None = None
) -> Conversation:
    require(member, "handle")
    conversation = find(member, conversation_id, lock=True)
    if conversation.status == "copy":
        raise Invalid("This is shown together with the same story on another site. Part them first.", "status")
    if (conversation.status, conversation.closed_reason, conversation.snoozed_until) == (status, reason, until):
        return conversation
    conversation.aside_rule_id = None
    conversation.status, conversation.closed_reason, conversation.snoozed_until = status, reason, until
    _did(member, conversation, status if status != "open" else "reopened", reason=reason)
    return conversation


def _did(member: Member, conversation: Conversation, kind: str, **details: str | None) -> None:
    given: dict[str, Any] = {name: value for name, value in details.items() if value is not None}
    events.record(member.organisation_id, kind, conversation_id=conversation.id, member=member, **given)
