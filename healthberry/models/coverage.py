"""What of a channel has been read, what never can be, and reading it again to compare."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from healthberry.extensions import Base
from healthberry.models.owned import Moment, OrganisationOwned, now, owned_key


class Stretch(Base, OrganisationOwned):
    """A stretch of time before the one that the channel itself holds: `read` to its end, or a `gap` with its reason."""

    __tablename__ = "coverage"
    __table_args__ = (
        owned_key("channel_id", "channels"),
        CheckConstraint("state in ('read', 'gap')", name="state"),
        Index("ix_coverage_channel", "organisation_id", "channel_id", "from_at"),
    )

    channel_id: Mapped[UUID]
    from_at: Mapped[Moment]
    to_at: Mapped[Moment]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")


class Walk(Base):
    """One channel's being read again, back to `since`, and the comparison of what its source tells with what we hold.

    `next_at` is when to go on, None where nothing is under way; `cursor` is where. `full_at` is when one last came to
    its end that went back as far as we keep; `older` is how many items that one met which we do not keep. `told` is
    what the source said at `compared_at`, `held` what we had, `unread` what lay in quarantine.
    """

    __tablename__ = "walks"
    __table_args__ = (
        owned_key("channel_id", "channels"),
        Index("ix_walks_due", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    channel_id: Mapped[UUID] = mapped_column(primary_key=True)
    next_at: Mapped[Moment | None]
    since: Mapped[Moment | None]
    cursor: Mapped[str | None]
    reason: Mapped[str] = mapped_column(default="")
    began_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]
    full_at: Mapped[Moment | None]
    added: Mapped[int] = mapped_column(default=0)
    older: Mapped[int] = mapped_column(default=0)
    failures_in_a_row: Mapped[int] = mapped_column(default=0)
    compare_at: Mapped[Moment] = mapped_column(default=now)
    compared_at: Mapped[Moment | None]
    told: Mapped[int | None]
    held: Mapped[int | None]
    unread: Mapped[int] = mapped_column(default=0)
