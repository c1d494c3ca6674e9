"""Who commissions whom, as far as the register does not say it, or says something wrong."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from healthberry.extensions import Base
from healthberry.models.owned import Moment, now


class Commissioned(Base):
    """What the operator said of one provider and one commissioner; it goes before the register.

    It belongs to neither of the two: both read it, and nobody who acts for an organisation writes it.
    """

    __tablename__ = "commissioned"
    __table_args__ = (
        CheckConstraint("provider_id <> commissioner_id", name="two"),
        Index("ix_commissioned_commissioner", "commissioner_id"),
    )

    provider_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    commissioner_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    is_so: Mapped[bool]
    said_at: Mapped[Moment] = mapped_column(default=now)
