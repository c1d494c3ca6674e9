"""How much was read of what a provider charges for; the installation's, no organisation's."""

from datetime import date

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from healthberry.extensions import Base


class PaidReads(Base):
    """How many items of one kind of channel were read in a calendar month (UTC), by all organisations together."""

    __tablename__ = "paid_reads"

    kind: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)  # its first day
    count: Mapped[int] = mapped_column(BigInteger)


class PaidToday(Base):
    """One item that was counted on a day (UTC): `item` is a number made from its id."""

    __tablename__ = "paid_today"

    kind: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    item: Mapped[int] = mapped_column(BigInteger, primary_key=True)
