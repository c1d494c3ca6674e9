"""Files that people uploaded, and the counts of answers that some of them hold."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from healthberry.extensions import Base
from healthberry.models.owned import Moment, OrganisationOwned, now, owned_key

WORKING = ("reading", "checking", "importing", "undoing")


class Import(Base, OrganisationOwned):
    """One uploaded file on its way into a channel.

    `state`: reading → asking → checking → ready → importing → done → undoing → undone, or failed with its `reason`.
    In those of `WORKING` a worker has it, from `next_at` on; in the others it waits for people. `content` is the file,
    None once it is done or a day old. `look` is what the importer says and asks of it, `answers` what people chose,
    `outcome` what would become, or became, of its rows.
    """

    __tablename__ = "imports"
    __table_args__ = (
        owned_key("channel_id", "channels"),
        owned_key("member_id", "members", "SET NULL"),
        CheckConstraint(
            "state in ('reading', 'asking', 'checking', 'ready', 'importing', 'done', 'undoing', 'undone', 'failed')",
            name="state",
        ),
        Index("ix_imports_channel", "organisation_id", "channel_id", "made_at"),
        Index(
            "ix_imports_due",
            "next_at",
            postgresql_where=text("state IN ('reading', 'checking', 'importing', 'undoing')"),
        ),
        Index("ix_imports_content", "made_at", postgresql_where=text("content IS NOT NULL")),
    )

    channel_id: Mapped[UUID]
    member_id: Mapped[UUID | None]
    member_name: Mapped[str]
    file_name: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[str]
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    state: Mapped[str] = mapped_column(default="reading")
    answers: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
    look: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    outcome: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    reason: Mapped[str] = mapped_column(default="")
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[Moment] = mapped_column(default=now)
    made_at: Mapped[Moment] = mapped_column(default=now)
    finished_at: Mapped[Moment | None]


class FftCounts(Base):
    """How many people of one unit gave each answer in a month, as published; None in all where it is suppressed.

    `month` is "YYYY-MM", `service` which survey, `level` what `code` names: trust, site, ward, practice or icb.
    """

    __tablename__ = "fft_counts"
    __table_args__ = (owned_key("import_id", "imports"),)

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    month: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    import_id: Mapped[UUID]
    suppressed: Mapped[bool]
    very_good: Mapped[int | None]
    good: Mapped[int | None]
    neither: Mapped[int | None]
    poor: Mapped[int | None]
    very_poor: Mapped[int | None]
    dont_know: Mapped[int | None]
