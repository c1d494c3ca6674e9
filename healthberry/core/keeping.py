"""For how long the words of each kind of channel are kept: the kind's own limit, or a shorter one of the organisation.

Counted from the end of the month of the experience, where its author gave one, else from the day of posting.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from healthberry.core import events, holds
from healthberry.core.channels import capabilities_of
from healthberry.core.errors import Invalid, NotFound
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.keeping import KeepingLimit
from healthberry.models.organisations import Member
from healthberry.models.owned import now

# Months, as people choose them, and the days that they stand for: never less than the months have.
CHOICES = {3: 92, 6: 184, 12: 365, 18: 549, 24: 730, 36: 1095}


@dataclass(frozen=True)
class Limit:
    """How long the words of one kind are kept: `longest` by its source's terms, `own` where the organisation says less.

    In days; None where there is no such limit.
    """

    kind: str
    longest: int | None
    own: int | None

    @property
    def days(self) -> int | None:
        """Return the one that holds: never more than the source allows."""
        given = [days for days in (self.longest, self.own) if days is not None]
        return min(given, default=None)

    @property
    def months(self) -> int | None:
        """Return the choice that was made, None for the kind's own limit."""
        return next((months for months, days in CHOICES.items() if days == self.own), None)

    @property
    def choices(self) -> list[int]:
        """Return the months that may be chosen: those that are shorter than the source's own limit."""
        return [months for months, days in CHOICES.items() if self.longest is None or days < self.longest]


def last_day(organisation_id: UUID, kind: str) -> date | None:
    """Return the day before which nothing of this kind may be kept; None where it is kept as long as it is shown."""
    days = _limit(organisation_id, kind).days
    return now().date() - timedelta(days=days) if days is not None else None


def limits(member: Member) -> Sequence[Limit]:
    """Return the limit of each kind that the organisation has a channel of. Raises: NotAllowed."""
    require(member, "manage")
    kinds = select(Channel.kind).where(Channel.organisation_id == member.organisation_id).distinct()
    return [_limit(member.organisation_id, kind) for kind in db.session.scalars(kinds.order_by(Channel.kind))]


def limit_of(member: Member, kind: str) -> Limit:
    """Return the limit of one kind. Raises: NotAllowed; NotFound where the organisation has no channel of it."""
    found = next((limit for limit in limits(member) if limit.kind == kind), None)
    if found is None:
        raise NotFound
    return found


def shorten(member: Member, kind: str, months: int | None) -> bool:
    """Keep the words of a kind for `months` of its choices; None: as long as the kind's own limit says.

    What was let go does not come back when the time is made longer again. Return whether it changed anything.

    Raises: NotAllowed, NotFound, Invalid.
    """
    limit = limit_of(member, kind)
    if months is not None and months not in limit.choices:
        raise Invalid("Choose one of the times.", "months")
    own = CHOICES[months] if months is not None else None
    if own == limit.own:
        return False
    mine = {"organisation_id": member.organisation_id, "kind": kind}
    if own is None:
        db.session.delete(db.session.get_one(KeepingLimit, tuple(mine.values())))
        db.session.flush()
    else:
        kept = insert(KeepingLimit).values(**mine, days=own)
        told = kept.on_conflict_do_update(index_elements=list(mine), set_={"days": own}).returning(KeepingLimit)
        db.session.scalars(told.execution_options(populate_existing=True)).one()
    events.record(member.organisation_id, "keeping_changed", member=member, channel_kind=kind, days=own)
    return True


def would_go(member: Member, kind: str, months: int | None) -> tuple[int, int]:
    """Return how many conversations would lose their words in the next night, and how many a legal hold would spare.

    Raises: NotAllowed, NotFound, Invalid.
    """
    limit = limit_of(member, kind)
    if months is not None and months not in limit.choices:
        raise Invalid("Choose one of the times.", "months")
    days = CHOICES[months] if months is not None else limit.longest
    if days is None:
        return 0, 0
    too_old = select(func.count().filter(~holds.holding()), func.count().filter(holds.holding())).where(
        Conversation.organisation_id == member.organisation_id,
        Conversation.channel_kind == kind,
        Conversation.expired_at.is_(None),
        Conversation.happened_on < now().date() - timedelta(days=days),
    )
    go, stay = db.session.execute(too_old).one()
    return go, stay


def _limit(organisation_id: UUID, kind: str) -> Limit:
    own = db.session.get(KeepingLimit, (organisation_id, kind))
    return Limit(kind, capabilities_of(kind).expires_days, own.days if own is not None else None)
