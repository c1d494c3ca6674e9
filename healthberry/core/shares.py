"""Fair turns: of the workers that read channels, one organisation and one kind of channel hold at most half each.

So a provider that lets every call hang, or one organisation's backlog, leaves the others their workers. What is refused
its turn stays due: whoever gives a place up hands it on (`give_up`), and the sweep brings the rest. Each worker says on
its heartbeat what it reads; one that no longer beats holds no place.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.orm import aliased

from healthberry.core import processes
from healthberry.core.processes import Process
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.owned import now
from healthberry.models.processes import Heartbeat

_LOCK = func.pg_advisory_xact_lock(0x48420002)
_MISSED_BEATS = 3
_LONGEST = timedelta(minutes=6)  # no job that reads may take longer
_OTHERS = text("SELECT others_wait(:kind, :organisation_id, :kind_full, :at)")
_NEXT = text("SELECT kind, organisation_id, id FROM next_reading(:kind, :organisation_id, :channel_id, :at)")


class _Place:
    """Which worker this process belongs to, and whether it holds a place; none where no worker runs it."""

    worker: Process | None = None
    taken = False


def belong_to(worker: Process) -> None:
    """Take places in the name of this worker; called before it forks."""
    _Place.worker = worker


def limit() -> int:
    """Return how much reading one organisation, or one kind, may have running at once: half the workers, never none."""
    return db.session.execute(select(_limit())).scalar_one()


def _limit() -> ColumnElement[int]:
    one = aliased(Heartbeat)
    return func.greatest(select(func.count() / 2).where(*_alive(one), _reads(one)).scalar_subquery(), 1)


def take(channel: Channel, *, history: bool = False) -> bool:
    """Take a place among the workers for reading this channel; False where its kind or organisation has its share.

    The loading of a history may take more, as long as nobody else waits: it hands its worker back every few seconds.
    Who asks does so last, just before they claim, and commits soon: others wait for their answer until then.
    """
    if _Place.worker is None:
        return True
    db.session.execute(select(_LOCK))
    ours = Heartbeat.name == _Place.worker.name
    running = (*_alive(Heartbeat), ~ours, Heartbeat.reads_until > func.clock_timestamp())
    of_kind, of_organisation, most = db.session.execute(
        select(
            func.count().filter(Heartbeat.reads_kind == channel.kind),
            func.count().filter(Heartbeat.reads_organisation_id == channel.organisation_id),
            _limit(),
        ).where(*running)
    ).one()
    if max(of_kind, of_organisation) >= most and not (history and _nobody_waits(channel, of_kind >= most)):
        return False
    until = func.clock_timestamp() + _LONGEST
    reads = {"reads_kind": channel.kind, "reads_organisation_id": channel.organisation_id, "reads_until": until}
    db.session.execute(update(Heartbeat).where(ours).values(reads))
    _Place.taken = True
    return True


def _nobody_waits(channel: Channel, kind_full: bool) -> bool:
    """Say whether no other kind (where this one has its share), or else no other organisation, waits to be read."""
    asked = {"kind": channel.kind, "organisation_id": channel.organisation_id, "kind_full": kind_full, "at": now()}
    return not db.session.scalar(_OTHERS, asked)


def give_up(channel: Channel) -> tuple[str, UUID, UUID] | None:
    """Give the place up; return what else has waited longest for it: "poll" or "delivery", and whose."""
    leave()
    asked = {"kind": channel.kind, "organisation_id": channel.organisation_id, "channel_id": channel.id, "at": now()}
    row = db.session.execute(_NEXT, asked).first()
    return None if row is None else (row.kind, row.organisation_id, row.id)


def leave() -> bool:
    """Give the place up, if this process holds one; return whether it did."""
    if not _Place.taken:
        return False
    _Place.taken = False
    clear()
    return True


def clear() -> None:
    """Give up whatever place this worker holds, though it may have been taken by a job that died since."""
    if _Place.worker is not None:
        nothing = {"reads_kind": None, "reads_organisation_id": None, "reads_until": None}
        db.session.execute(update(Heartbeat).where(Heartbeat.name == _Place.worker.name).values(nothing))


def _alive(one: type[Heartbeat]) -> tuple[ColumnElement[bool], ...]:
    """Who beat lately: sooner than a silent one is mourned, for a place must not stay empty that long."""
    lately = func.clock_timestamp() - timedelta(seconds=processes.beat_seconds() * _MISSED_BEATS)
    return one.ended_at.is_(None), one.beat_at > lately


def _reads(one: type[Heartbeat]) -> ColumnElement[bool]:
    return one.queues.any_() == "ingest"
