"""The processes in the background, what was noticed of them, and work that fails."""

from uuid import UUID

from sqlalchemy import ARRAY, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from healthberry.extensions import Base
from healthberry.models.owned import Moment, OrganisationOwned, new_id, now


class Heartbeat(Base):
    """When a background process was last alive; of the installation. Times are the database's.

    `role` is worker, sender, scheduler, listener, or sweep: the round that the scheduler starts and a worker runs.
    `queues` are those that it serves. `ended_at` is set by one that was told to end. `reads_kind` and
    `reads_organisation_id` say of a worker whose channel it reads now, at the longest `reads_until`.
    """

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column("process", primary_key=True)
    role: Mapped[str] = mapped_column(default="")
    queues: Mapped[list[str]] = mapped_column(ARRAY(String), default=list)
    version: Mapped[str] = mapped_column(default="")
    started_at: Mapped[Moment] = mapped_column(default=now)
    beat_at: Mapped[Moment] = mapped_column(default=now)
    ended_at: Mapped[Moment | None]
    reads_kind: Mapped[str | None]
    reads_organisation_id: Mapped[UUID | None]
    reads_until: Mapped[Moment | None]


class Outage(Base):
    """One time in which a part was silent; open until `ended_at`.

    `began_at` is when it last lived. `told_at` and `over_told_at` are when the operator was told of both ends; who
    tells them has claimed that until `telling_until`. It holds nothing of any organisation.
    """

    __tablename__ = "outages"
    __table_args__ = (Index("uq_outages_open", "part", unique=True, postgresql_where=text("ended_at IS NULL")),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    part: Mapped[str]
    began_at: Mapped[Moment]
    noticed_at: Mapped[Moment] = mapped_column(default=now)
    telling_until: Mapped[Moment | None]
    told_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]
    over_told_at: Mapped[Moment | None]


class FailedWork(Base, OrganisationOwned):
    """One piece of work that failed the last time, and how often in a row; gone as soon as it succeeds.

    `kind` says what was done, `subject_id` with what (a channel, a reply, an import…). `reason` is the class of the
    error, never its words. `version` is the release that failed last. While `stopped_at` is set nobody tries again.
    """

    __tablename__ = "failed_work"
    __table_args__ = (UniqueConstraint("organisation_id", "kind", "subject_id"),)

    kind: Mapped[str]
    subject_id: Mapped[UUID]
    failures: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str]
    version: Mapped[str]
    first_at: Mapped[Moment] = mapped_column(default=now)
    last_at: Mapped[Moment] = mapped_column(default=now)
    next_at: Mapped[Moment] = mapped_column(default=now)
    stopped_at: Mapped[Moment | None]
