"""The audit log: entries that the database numbers, dates and seals, and where each chain of them stands."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from healthberry.extensions import Base
from healthberry.models.owned import Moment, ShortText

INSTALLATION = UUID(int=0)  # stands for the installation, which belongs to no organisation


class AuditEntry(Base):
    """One thing that somebody did. `details` are ids and small facts, never words that a patient wrote.

    `number` grows by one per organisation without gaps. `hash` covers all other columns; `previous_hash` is that of the
    entry before. There are no foreign keys: entries outlive what they are about.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        CheckConstraint("actor in ('member', 'operator', 'system', 'nobody')", name="actor"),
        Index("ix_audit_entries_at", "organisation_id", "at"),
        Index("ix_audit_entries_object", "organisation_id", "object_id", "number"),
        Index("ix_audit_entries_action", "organisation_id", "action", "number"),
    )

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[Moment]
    actor: Mapped[str]
    member_id: Mapped[UUID | None]
    name: Mapped[ShortText]
    action: Mapped[str]
    object_kind: Mapped[str]
    object_id: Mapped[str]
    network: Mapped[str]  # truncated; "" where nothing came over a network
    request_id: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditChain(Base):
    """Where a chain ends, and its anchor: the last entry that was let go of (0 and zeros while none was)."""

    __tablename__ = "audit_chains"

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    last_number: Mapped[int] = mapped_column(BigInteger)
    last_hash: Mapped[bytes] = mapped_column(LargeBinary)
    anchor_number: Mapped[int] = mapped_column(BigInteger)
    anchor_hash: Mapped[bytes] = mapped_column(LargeBinary)
