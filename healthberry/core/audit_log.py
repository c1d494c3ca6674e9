"""The audit log, read: by administrators that of their organisation, by operators that of the installation."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, or_, select, text

from healthberry.core import audit
from healthberry.core.keeping_table import AUDIT
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.audit import INSTALLATION, AuditEntry
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member
from healthberry.models.owned import now

PAGE = 50
MOST_EXPORTED = 50_000
_AT_ONCE = 500
_LONDON = ZoneInfo("Europe/London")
_LONGEST = 100
_LET_GO = text("SELECT let_go_of_audit(:organisation_id, :before, :most)")
_OF_INSTALLATION = text("SELECT * FROM installation_audit(:below, :most)")
_LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Wanted:
    """What is looked for; "" and None stand for no wish. `first` and `last` are days in London, both included.

    `who` is a part of a name, `what` one of the actions, `about` an id of whatever it was done to.
    """

    who: str = ""
    what: str = ""
    about: str = ""
    first: date | None = None
    last: date | None = None

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> "Wanted":
        """Read it from a form; what can't be understood is left out."""
        words = {name: args.get(name, "").replace("\x00", "").strip()[:_LONGEST] for name in ("who", "what", "about")}
        return cls(**words, first=_day(args.get("first", "")), last=_day(args.get("last", "")))

    def to_args(self) -> dict[str, str]:
        """Return the arguments that make it again, without those that say nothing."""
        return {one.name: str(value) for one in fields(self) if (value := getattr(self, one.name))}


@dataclass(frozen=True)
class LogPage:
    """Some entries, the newest first, and below which number the next ones are (0 at the end).

    `names` are those of the members and channels that entries are about, by id as text.
    """

    entries: Sequence[AuditEntry]
    next: int
    names: Mapping[str, str]


def page(member: Member, wanted: Wanted, below: int = 0) -> LogPage:
    """Return one page of the organisation's log. Raises: NotAllowed."""
    found = _found(member, wanted, below or _LARGEST, PAGE + 1)
    entries = found[:PAGE]
    return LogPage(entries, entries[-1].number if len(found) > PAGE else 0, _names(member, entries))


def export(member: Member, wanted: Wanted) -> LogPage:
    """Return all that is looked for, at most the newest 50,000, and write down who took it. Raises: NotAllowed."""
    entries = _found(member, wanted, _LARGEST, MOST_EXPORTED)
    asked = wanted.to_args()
    days = {name: asked[name] for name in ("first", "last") if name in asked}
    audit.did(member, "audit_exported", entries=len(entries), narrowed_by=sorted(asked), **days)
    return LogPage(entries, 0, _names(member, entries))


def of_installation(below: int = 0, most: int = PAGE) -> LogPage:
    """Return one page of what operators did, and of sign-ins that were refused to addresses that nobody has."""
    statement = select(AuditEntry).from_statement(_OF_INSTALLATION)
    found = db.session.scalars(statement, {"below": below or _LARGEST, "most": most + 1}).all()
    entries = found[:most]
    return LogPage(entries, entries[-1].number if len(found) > most else 0, {})


def let_go(organisation_id: UUID, before: datetime, most: int) -> int:
    """Let go of the oldest few entries that are older than `before` and than six years; return how many.

    Where they end, an anchor stays: what is left can still be verified.
    """
    values = {"organisation_id": organisation_id, "before": before, "most": most}
    return int(db.session.execute(_LET_GO, values).scalar_one())


def let_go_of_installation() -> int:
    """Do so with the installation's own entries."""
    return let_go(INSTALLATION, now() - timedelta(days=AUDIT.days), _AT_ONCE)


def _found(member: Member, wanted: Wanted, below: int, most: int) -> Sequence[AuditEntry]:
    require(member, "manage")
    mine = (AuditEntry.organisation_id == member.organisation_id, AuditEntry.number < below)
    statement = select(AuditEntry).where(*mine, *_conditions(wanted)).order_by(AuditEntry.number.desc()).limit(most)
    return db.session.scalars(statement).all()


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.who:
        conditions.append(func.lower(AuditEntry.name).contains(wanted.who.lower(), autoescape=True))
    if wanted.what:
        conditions.append(AuditEntry.action == wanted.what)
    if wanted.about:
        conditions.append(or_(AuditEntry.object_id == wanted.about, AuditEntry.request_id == wanted.about))
    if wanted.first:
        conditions.append(AuditEntry.at >= _begins(wanted.first))
    if wanted.last and wanted.last < date.max:
        conditions.append(AuditEntry.at < _begins(wanted.last + timedelta(days=1)))
    return conditions


def _names(member: Member, entries: Sequence[AuditEntry]) -> dict[str, str]:
    ids: dict[str, set[UUID]] = {"member": set(), "channel": set()}
    for one in entries:
        if one.object_kind in ids:
            ids[one.object_kind].add(UUID(one.object_id))
    return _named(member, Member, Member.name, ids["member"]) | _named(member, Channel, Channel.label, ids["channel"])


def _named(member: Member, model: type[Member | Channel], name: object, ids: Collection[UUID]) -> dict[str, str]:
    statement = select(model.id, name).where(model.organisation_id == member.organisation_id, model.id.in_(ids))  # type: ignore[call-overload]
    return {str(one_id): str(label) for one_id, label in db.session.execute(statement)} if ids else {}


def _begins(day: date) -> datetime:
    return datetime.combine(day, time.min, _LONDON)


def _day(given: str) -> date | None:
    try:
        found = date.fromisoformat(given.strip()[:10])
    except ValueError:
        return None
    return found if found.year > 1 else None
