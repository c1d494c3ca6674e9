"""Replies that said more than they should have: taken down, told to the data protection contact, decided in 72 hours.

The clock runs from when somebody of the organisation found out (UK GDPR, article 33), not from when they told us.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from healthberry.core import channels, conversations, reading_rights, rights_mails, taking_down
from healthberry.core.errors import Conflict, Invalid, NotFound
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Message
from healthberry.models.organisations import Member
from healthberry.models.owned import now
from healthberry.models.rights import Disclosure

WINDOW: Final = timedelta(hours=72)
WHAT: Final = {
    "name": "A name",
    "contact": "An address, telephone number or e-mail address",
    "number": "An NHS number, or a record or case number",
    "health": "Something about somebody's health or care",
    "patient": "That somebody is or was a patient",
    "staff": "Something about a member of staff",
    "other": "Something else about a person",
}
OUTCOMES: Final = {
    "reported": "Reported to the Information Commissioner's Office (ICO)",
    "not_reportable": "Not reportable: a risk to people is unlikely",
}
LONGEST: Final = 2000
_MOST_LISTED = 100


def reply_of(member: Member, conversation_id: UUID, message_id: UUID) -> Message:
    """Return a published reply of ours. Raises: NotFound, NotAllowed."""
    require(member, "handle")
    conversation = conversations.find(member, conversation_id)
    found = db.session.get(Message, (member.organisation_id, message_id))
    if found is None or found.conversation_id != conversation.id or found.direction != "outbound":
        raise NotFound
    reading_rights.require(member, conversation)
    return found


def channel_of(member: Member, message: Message) -> Channel:
    """Return the channel of a reply."""
    return channels.find(member.organisation_id, message.channel_id)


def report(
    member: Member, conversation_id: UUID, message_id: UUID, what: Sequence[str], found_at: datetime | None
) -> Disclosure:
    """Say that a published reply contained personal data. Again, for the same reply: the one that was said.

    It is taken down where its site lets us; elsewhere a person has to. `found_at` is when somebody found out.

    Raises: NotFound, NotAllowed, Invalid.
    """
    message = reply_of(member, conversation_id, message_id)
    channel = channels.find(member.organisation_id, message.channel_id, lock=True)  # two who report at once are one
    told = of_conversation(member.organisation_id, conversation_id).get(message.id)
    if told is not None and (told.closed_at is None or message.withdrawn_at is not None):
        return told
    kinds = [one for one in dict.fromkeys(what) if one in WHAT]
    if not kinds:
        raise Invalid("Choose what it contained.", "what")
    at = found_at or now()
    if at > now() + timedelta(minutes=1) or at < now() - timedelta(days=365):
        raise Invalid("Give the moment at which it was found: not in the future.", "found")
    withdraws = channels.capabilities_of(channel.kind).withdraws and channel.state != "unlinked"
    made = Disclosure(
        organisation_id=member.organisation_id,
        conversation_id=conversation_id,
        channel_id=channel.id,
        message_id=message.id,
        member_id=member.id,
        member_name=member.name,
        what=kinds,
        found_at=at,
        removal="done" if message.withdrawn_at else "asked" if withdraws else "by_hand",
        removed_at=message.withdrawn_at,
        next_at=now() if withdraws and not message.withdrawn_at else None,
    )
    db.session.add(made)
    db.session.flush()
    taking_down.record("breach_reported", made, member)
    rights_mails.tell_of_breach(made)
    rights_mails.remind_of_breach(made)
    return made


def find(member: Member, disclosure_id: UUID) -> Disclosure:
    """Return a breach. Raises: NotFound, also where the member does not see its conversation; NotAllowed."""
    found = db.session.get(Disclosure, (member.organisation_id, disclosure_id))
    if found is None:
        raise NotFound
    require(member, "handle" if found.conversation_id else "manage")
    if found.conversation_id:
        conversations.find(member, found.conversation_id)
    return found


def waiting(member: Member) -> tuple[int, int]:
    """Return how many breaches are open, and of how many the 72 hours are over. Raises: NotAllowed."""
    require(member, "manage")
    late = func.count().filter(Disclosure.found_at < now() - WINDOW)
    mine = (Disclosure.organisation_id == member.organisation_id, Disclosure.closed_at.is_(None))
    opened, overdue = db.session.execute(select(func.count(), late).where(*mine)).one()
    return opened, overdue


def listed(member: Member) -> Sequence[Disclosure]:
    """Return the breaches, open ones first, the oldest of them at the top. Raises: NotAllowed."""
    require(member, "manage")
    mine = select(Disclosure).where(Disclosure.organisation_id == member.organisation_id)
    order = (Disclosure.closed_at.is_not(None), Disclosure.found_at)
    return db.session.scalars(mine.order_by(*order).limit(_MOST_LISTED)).all()


def of_conversation(organisation_id: UUID, conversation_id: UUID) -> dict[UUID, Disclosure]:
    """Return what was reported of a conversation, the newest for each reply, by its id."""
    mine = (Disclosure.organisation_id == organisation_id, Disclosure.conversation_id == conversation_id)
    found = db.session.scalars(select(Disclosure).where(*mine).order_by(Disclosure.id))
    return {one.message_id: one for one in found}


def due_at(disclosure: Disclosure) -> datetime:
    """Return until when it has to be reported, or found not to need it."""
    return disclosure.found_at + WINDOW


def hours_left(disclosure: Disclosure) -> int:
    """Return how many whole hours are left of that time; none once it is over."""
    return max(int((due_at(disclosure) - now()).total_seconds() // 3600), 0)


def is_late(disclosure: Disclosure) -> bool:
    """Say whether that time is over."""
    return due_at(disclosure) < now()


def is_back(disclosure: Disclosure) -> bool:
    """Say whether its site showed the reply again, after somebody had said that it was gone there."""
    message = db.session.get(Message, (disclosure.organisation_id, disclosure.message_id))
    return disclosure.removal == "done" and message is not None and message.withdrawn_at is None


def confirm_removed(member: Member, disclosure_id: UUID) -> Disclosure:
    """Note that a person took the reply down on its site; its words go from here too. Again: nothing.

    Raises: NotFound, NotAllowed.
    """
    found = _held(member, disclosure_id)
    if found.removal != "done" or is_back(found):
        taking_down.removed(found, member.name, member)
    return found


def close(
    member: Member, disclosure_id: UUID, outcome: str, *, ico_reference: str = "", reason: str = ""
) -> Disclosure:
    """Note what was decided; the same again: nothing.

    Raises: NotFound; NotAllowed; Invalid without the ICO's reference, or a reason; Conflict while the reply is not
    taken down, and when it was decided otherwise.
    """
    require(member, "manage")
    found = _held(member, disclosure_id)
    if found.closed_at is not None:
        if found.outcome == outcome:
            return found
        raise Conflict("This is closed already.")
    if outcome not in OUTCOMES:
        raise Invalid("Choose what was decided.", "outcome")
    reference, words = _words(ico_reference, 200, "ico_reference"), _words(reason, LONGEST, "reason")
    if outcome == "reported" and not reference:
        raise Invalid("Give the reference that the ICO gave you.", "ico_reference")
    if outcome == "not_reportable" and not words:
        raise Invalid("Write why a risk to people is unlikely: the law wants it documented.", "reason")
    if found.removal != "done" or is_back(found):
        raise Conflict("The reply is not taken down yet. Take it down on its site, and say so here, first.")
    found.outcome, found.ico_reference, found.reason = outcome, reference, words
    found.closed_at, found.closed_by = now(), member.name
    taking_down.record("breach_closed", found, member, outcome=outcome)
    return found


def _held(member: Member, disclosure_id: UUID) -> Disclosure:
    find(member, disclosure_id)
    return db.session.get_one(Disclosure, (member.organisation_id, disclosure_id), with_for_update=True)


def _words(given: str, longest: int, name: str) -> str:
    words = " ".join(given.replace("\x00", "").split())
    if len(words) > longest:
        raise Invalid(f"Write up to {longest:,} characters.", name)
    return words
