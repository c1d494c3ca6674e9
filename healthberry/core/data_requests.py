"""What people ask about their data: anybody may ask, with no account; administrators answer within a calendar month.

Asking looks for nothing: what is stored, and about whom, can't be learnt by it, nor from how long it takes. Only when
an administrator opens the request is anything looked for (core.data_matches).
"""

import calendar
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from healthberry.core import audit, mailboxes, rights_mails
from healthberry.core.errors import Conflict, Invalid, NotFound
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.keeping import Erasure
from healthberry.models.organisations import Member
from healthberry.models.owned import new_id, now
from healthberry.models.rights import DataRequest, DataRequestStep

KINDS: Final = {
    "erase": "Remove something I wrote",
    "copy": "Send me a copy of what you hold about me",
    "object": "Stop using what I wrote (an objection)",
    "complain": "Complain about how my data was used",
}
OUTCOMES: Final = {
    "erased": "Erased: what they wrote is gone, and there is a certificate",
    "answered": "Answered: they got what they asked for",
    "refused": "Refused, for a reason that the law allows",
}
LONGEST_ABOUT, LONGEST_WORDS = 500, 2000
ACKNOWLEDGE: Final = timedelta(days=30)  # of complaints: Data (Use and Access) Act 2025
_LONDON: Final = ZoneInfo("Europe/London")
_LETTERS: Final = "23456789BCDFGHJKMNPQRSTVWXYZ"  # nothing that is taken for something else, and no words
_MOST_LISTED = 200
_MOST_CONFIRMED_A_DAY = 3  # to one address: nobody's mailbox is filled in our name
_MOST_TOLD_AN_HOUR = 10  # whoever answers knows by then that many came


@dataclass(frozen=True)
class Asked:
    """A request as it was typed."""

    kind: str
    about: str
    words: str = ""
    contact: str = ""


def today() -> date:
    """Return the day that it is in London."""
    return day_of(now())


def day_of(moment: datetime) -> date:
    """Return the day in London of a moment."""
    return moment.astimezone(_LONDON).date()


def month_after(day: date) -> date:
    """Return the same day of the next month; its last day where it is shorter: 31 January, 28 February."""
    return months_after(day, 1)


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later; the last day of a month that is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def ask(organisation_id: UUID, asked: Asked, key: UUID) -> DataRequest:
    """Take a request from anybody; the organisation must be entered. With the same key again: the one that was taken.

    It is confirmed by e-mail, and whoever answers is told. Raises: Invalid.
    """
    contact, request_id = _address(asked.contact), key
    taken = db.session.get(DataRequest, (organisation_id, request_id))
    if taken is not None:
        return taken
    made = _made(organisation_id, request_id, asked, contact, now())
    db.session.flush()
    audit.nobody_did(organisation_id, "data_request_received", "request", made.id, asked=made.kind)
    day = now() - timedelta(days=1)
    theirs = (DataRequest.contact == contact, DataRequest.received_at > day)
    if _count(organisation_id, *theirs) <= _MOST_CONFIRMED_A_DAY:
        rights_mails.confirm(made)
    hour = now() - timedelta(hours=1)
    if _count(organisation_id, DataRequest.written_by == "", DataRequest.received_at > hour) <= _MOST_TOLD_AN_HOUR:
        rights_mails.tell_of_request(made)
        rights_mails.remind_of_request(made)
    return made


def write_down(member: Member, asked: Asked, received: date | None) -> DataRequest:
    """Write down a request that came by letter, telephone or e-mail, on the day that it came; nobody is told at once.

    Raises: NotAllowed, Invalid.
    """
    require(member, "manage")
    day = received or today()
    if day > today() or day < today() - timedelta(days=365):
        raise Invalid("Give the day on which it came: today, or a day of the last year.", "received")
    contact = _address(asked.contact) if asked.contact.strip() else ""
    at = datetime.combine(day, time(12), _LONDON)
    made = _made(member.organisation_id, new_id(), asked, contact, at)
    made.written_by = member.name
    step(member, made, "data_request_written_down")
    rights_mails.remind_of_request(made)
    return made


def listed(member: Member) -> Sequence[DataRequest]:
    """Return the requests: open ones first, those due soonest at the top; then the others, newest first.

    Raises: NotAllowed.
    """
    require(member, "manage")
    mine = select(DataRequest).where(DataRequest.organisation_id == member.organisation_id)
    opened = mine.where(DataRequest.closed_at.is_(None)).order_by(DataRequest.due_on, DataRequest.received_at)
    closed = mine.where(DataRequest.closed_at.is_not(None)).order_by(DataRequest.closed_at.desc())
    return [*db.session.scalars(opened.limit(_MOST_LISTED)), *db.session.scalars(closed.limit(_MOST_LISTED))]


def waiting(member: Member) -> tuple[int, int]:
    """Return how many requests are open, and how many of these are overdue. Raises: NotAllowed."""
    require(member, "manage")
    late = func.count().filter(DataRequest.due_on < today())
    mine = (DataRequest.organisation_id == member.organisation_id, DataRequest.closed_at.is_(None))
    opened, overdue = db.session.execute(select(func.count(), late).where(*mine)).one()
    return opened, overdue


def find(member: Member, request_id: UUID) -> DataRequest:
    """Return a request. Raises: NotFound, NotAllowed."""
    found = db.session.get(DataRequest, (member.organisation_id, request_id))
    if found is None:
        raise NotFound
    require(member, "manage")
    return found


def steps(request: DataRequest) -> Sequence[DataRequestStep]:
    """Return what was done about it, in order."""
    mine = (DataRequestStep.organisation_id == request.organisation_id, DataRequestStep.request_id == request.id)
    return db.session.scalars(select(DataRequestStep).where(*mine).order_by(DataRequestStep.at)).all()


def erasures(request: DataRequest) -> Sequence[Erasure]:
    """Return what was erased under its reference."""
    mine = (Erasure.organisation_id == request.organisation_id, Erasure.reference == request.reference)
    return db.session.scalars(select(Erasure).where(*mine).order_by(Erasure.asked_at)).all()


def acknowledge(member: Member, request_id: UUID) -> DataRequest:
    """Note that whoever asked was written to; again: nothing. Raises: NotFound, NotAllowed, Conflict once closed."""
    found = opened(member, request_id)
    if found.acknowledged_at is None:
        found.acknowledged_at = now()
        step(member, found, "data_request_acknowledged")
    return found


def close(member: Member, request_id: UUID, outcome: str, answer: str, *, tell: bool) -> DataRequest:
    """End a request; with `tell` they get the answer by e-mail. One that was ended so already stays as it is.

    Raises: NotFound, NotAllowed; Conflict when it was ended otherwise; Invalid for an outcome that is not true yet, and
    without words for whoever asked.
    """
    found = find(member, request_id)
    if found.closed_at is not None and found.outcome == outcome:
        return found
    opened(member, request_id)
    if outcome not in OUTCOMES:
        raise Invalid("Choose how it ended.", "outcome")
    if outcome == "erased" and not erasures(found):
        raise Invalid(f"Nothing was erased under {found.reference} yet. Erase it first.", "outcome")
    words = _words(answer, LONGEST_WORDS, "answer")
    if not words:
        raise Invalid("Write what you tell them: what you did, or why you refuse.", "answer")
    found.outcome, found.answer, found.closed_at, found.closed_by = outcome, words, now(), member.name
    step(member, found, "data_request_closed", outcome)
    if tell and found.contact:
        rights_mails.decide(found)
    return found


def step(member: Member, request: DataRequest, what: str, words: str = "") -> None:
    """Write down a step, here and in the audit log; the words stay here alone, where they can be let go."""
    db.session.flush()
    mine = {"organisation_id": request.organisation_id, "request_id": request.id, "step": what}
    db.session.add(DataRequestStep(**mine, member_id=member.id, member_name=member.name, words=words))
    audit.did(member, what, "request", request.id, reference=request.reference, asked=request.kind)


def _made(organisation_id: UUID, request_id: UUID, asked: Asked, contact: str, at: datetime) -> DataRequest:
    if asked.kind not in KINDS:
        raise Invalid("Choose what you ask for.", "kind")
    about, words = _words(asked.about, LONGEST_ABOUT, "about"), _words(asked.words, LONGEST_WORDS, "words")
    if not about and asked.kind != "complain":
        raise Invalid("Paste a link to what you wrote, or give the name that you wrote it under.", "about")
    if not about and not words:
        raise Invalid("Say what happened.", "words")
    day = day_of(at)
    made = DataRequest(
        organisation_id=organisation_id,
        id=request_id,
        reference=_reference(),
        kind=asked.kind,
        about=about,
        words=words,
        contact=contact,
        received_at=at,
        due_on=month_after(day),
        acknowledge_by=day + ACKNOWLEDGE if asked.kind == "complain" else None,
    )
    db.session.add(made)
    return made


def _reference() -> str:
    """Return a number that nobody can guess: eight of 28 letters and digits."""
    drawn = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"R-{drawn[:4]}-{drawn[4:]}"


def opened(member: Member, request_id: UUID) -> DataRequest:
    """Return a request that is not closed, held to be changed. Raises: NotFound, NotAllowed, Conflict."""
    find(member, request_id)
    found = db.session.get_one(DataRequest, (member.organisation_id, request_id), with_for_update=True)
    if found.closed_at is not None:
        raise Conflict("This request is closed already.")
    return found


def _address(typed: str) -> str:
    """Return an address as it was typed: who asks may read their mail under any."""
    address = typed.strip()
    try:
        mailboxes.normalise(address)
    except Invalid:
        reason = "Enter an e-mail address at which we can answer you, like name@example.org"
        raise Invalid(reason, "contact") from None
    return address


def _words(given: str, longest: int, name: str) -> str:
    words = given.replace("\x00", "").replace("\r\n", "\n").strip()
    if len(words) > longest:
        raise Invalid(f"Write up to {longest:,} characters.", name)
    return words


def _count(organisation_id: UUID, *which: object) -> int:
    counted = select(func.count(DataRequest.id)).where(DataRequest.organisation_id == organisation_id, *which)  # type: ignore[arg-type]
    return db.session.scalar(counted) or 0
