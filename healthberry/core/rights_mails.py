"""Mails about people's rights: to whoever asked, to administrators, and to the data protection contact.

They go by the outbox, in the transaction of what they tell of. An address that is no member's is not kept there: it is
read from the request, or from the settings, when the mail goes out.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from healthberry.core import events, members, organisations
from healthberry.core.alerts import NotNeeded, fresh
from healthberry.core.events import Event
from healthberry.core.outbox import Claimed
from healthberry.extensions import db, part
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import new_id, now
from healthberry.models.replies import OutboxMail
from healthberry.models.rights import DataRequest, Disclosure

RECEIVED, ARRIVED, DECIDED, DUE = "request_received", "request_arrived", "request_decided", "request_due"
EXTENDED = "request_extended"
BREACH, BREACH_DUE = "breach_found", "breach_due"
_LONDON: Final = ZoneInfo("Europe/London")
KINDS: Final = (RECEIVED, ARRIVED, DECIDED, EXTENDED, DUE, BREACH, BREACH_DUE)
_BREACHES: Final = (BREACH, BREACH_DUE)
_BEFORE: Final = timedelta(days=5)  # of a request's last day: enough to answer it still
_SOON: Final = timedelta(hours=48)  # after a breach was found: a day is left


@dataclass(frozen=True)
class Letter:
    """All that such a mail says; exactly one of `request` and `disclosure` is given.

    `dpo` is the data protection contact as name and address, "" where there is none; `why` says why they get it.
    """

    to: str
    name: str
    organisation: Organisation
    dpo: tuple[str, str]
    why: str
    request: DataRequest | None = None
    disclosure: Disclosure | None = None


def confirm(request: DataRequest) -> None:
    """Confirm to whoever asked that it came, and until when they get an answer."""
    _queue(request.organisation_id, RECEIVED, request.id, [None])


def decide(request: DataRequest) -> None:
    """Tell whoever asked how it ended."""
    _queue(request.organisation_id, DECIDED, request.id, [None])


def tell_of_extension(request: DataRequest) -> None:
    """Tell whoever asked that the answer comes later, when, and why."""
    _queue(request.organisation_id, EXTENDED, request.id, [None])


def tell_of_request(request: DataRequest) -> None:
    """Tell administrators and the data protection contact; without either, whoever runs the installation."""
    _queue(request.organisation_id, ARRIVED, request.id, _answering(request.organisation_id))


def tell_of_breach(disclosure: Disclosure) -> None:
    """Tell the data protection contact and administrators, or whoever runs the installation, of a breach."""
    _queue(disclosure.organisation_id, BREACH, disclosure.id, _answering(disclosure.organisation_id))


def remind_of_request(request: DataRequest) -> None:
    """Have whoever answers be reminded five days before the last day; no e-mail goes out where it is closed by then."""
    at = _before(min(request.due_on, request.acknowledge_by or request.due_on))
    _queue(request.organisation_id, DUE, request.id, _answering(request.organisation_id), at)


def remind_anew(request: DataRequest) -> None:
    """Have whoever answers be reminded of the later day, in place of the earlier one."""
    waiting = update(OutboxMail).where(
        OutboxMail.organisation_id == request.organisation_id,
        OutboxMail.kind == DUE,
        OutboxMail.about == str(request.id),
        OutboxMail.state == "queued",
    )
    values = {"state": "skipped", "reason": "It was extended."}
    db.session.execute(waiting.values(**values).execution_options(synchronize_session=False))
    _queue(
        request.organisation_id,
        DUE,
        f"{request.id}:extended",
        _answering(request.organisation_id),
        _before(request.due_on),
    )


def remind_of_breach(disclosure: Disclosure) -> None:
    """Have whoever answers be reminded when a day is left of the 72 hours; not where it is closed by then."""
    at = max(disclosure.found_at + _SOON, now())
    _queue(disclosure.organisation_id, BREACH_DUE, disclosure.id, _answering(disclosure.organisation_id), at)


def load(mail: Claimed) -> Letter:
    """Load what the claimed mail is about. Raises: NotNeeded when nobody needs to be told any more."""
    key = (mail.organisation_id, UUID(mail.about.partition(":")[0]))
    model: Any = Disclosure if mail.kind in _BREACHES else DataRequest
    subject = db.session.get(model, key, populate_existing=True)
    if subject is None:
        raise NotNeeded("What it was about is gone.")
    if mail.kind in (DUE, BREACH_DUE) and subject.closed_at is not None:
        raise NotNeeded("It was closed in time.")
    details = organisations.details_of(mail.organisation_id)
    organisation = db.session.get_one(Organisation, mail.organisation_id)
    to, name, why = _addressed(mail, subject, organisation)
    about = {"disclosure": subject} if mail.kind in _BREACHES else {"request": subject}
    return Letter(to, name, organisation, (details.dpo_name, details.dpo_email), why, **about)


def _addressed(mail: Claimed, subject: Any, organisation: Organisation) -> tuple[str, str, str]:
    if mail.kind in (RECEIVED, DECIDED, EXTENDED):
        if not subject.contact:
            raise NotNeeded("There is no address any more.")
        return subject.contact, "", f"You get this because somebody gave this address to {organisation.name}."
    if mail.member_id is not None:
        member = db.session.get(Member, (mail.organisation_id, mail.member_id), populate_existing=True)
        if member is None or member.left_at is not None:
            raise NotNeeded("They have left the organisation.")
        return member.email, member.name, f"You get this because you are an administrator of {organisation.name}."
    details = organisations.details_of(mail.organisation_id)
    if details.dpo_email:
        why = f"You get this because you are the data protection contact of {organisation.name}."
        return details.dpo_email, details.dpo_name, why
    operator = part("settings").operator_email
    if not operator:
        raise NotNeeded("There is no data protection contact any more.")
    why = f"You get this because you run HealthBerry, and {organisation.name} has no administrator and no contact."
    return operator, "", why


def _answering(organisation_id: UUID) -> list[UUID | None]:
    """Administrators by their ids, None for the contact. Whoever is both gets one."""
    contact = organisations.details_of(organisation_id).dpo_email
    people: list[UUID | None] = [
        one.id for one in members.administrators(organisation_id) if one.email.casefold() != contact.casefold()
    ]
    needs_operator = not people and part("settings").operator_email
    return [*people, None] if contact or needs_operator else people


def _before(last: date) -> datetime:
    """Return when to remind of a last day: at nine, some days before; now where that is over."""
    return max(datetime.combine(last - _BEFORE, time(9), _LONDON), now())


def _queue(
    organisation_id: UUID, kind: str, about: UUID | str, member_ids: list[UUID | None], at: datetime | None = None
) -> None:
    rows: list[dict[str, Any]] = [
        {
            "organisation_id": organisation_id,
            "id": new_id(),
            "member_id": member_id,
            "conversation_id": None,
            "kind": kind,
            "about": str(about),
            **fresh(),
            **({"next_attempt_at": at} if at else {}),
        }
        for member_id in member_ids
    ]
    if rows:
        db.session.flush()
        queued = insert(OutboxMail).values(rows).on_conflict_do_nothing().returning(OutboxMail.id)
        for mail_id in db.session.scalars(queued).all():
            events.tell(Event(organisation_id, 0, "mail_queued", subject_id=mail_id))
