"""What every tenant-owned table shares.

The primary key, and every other unique constraint, begins with `organisation_id`: foreign keys between owned tables are
composite, so a row can't even point at another organisation's row, and the schema can be distributed by organisation.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, ForeignKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from healthberry.clock import CLOCK

Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
ShortText = Annotated[str, mapped_column(String(200))]


def now() -> datetime:
    """Return the present moment by the one clock of the installation, aware, UTC."""
    return CLOCK.now()


def new_id() -> UUID:
    """Return an id that sorts by the time it was made."""
    return uuid7()


class OrganisationOwned:
    """Mixin: `organisation_id` and `id`, together the primary key."""

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


def owned_key(column: str, table: str, ondelete: str = "CASCADE") -> ForeignKeyConstraint:
    """Return the composite foreign key from `column` to the owned table `table`.

    `ondelete="SET NULL"` clears `column` alone, never the organisation.
    """
    action = f"SET NULL ({column})" if ondelete == "SET NULL" else ondelete
    return ForeignKeyConstraint(
        ["organisation_id", column], [f"{table}.organisation_id", f"{table}.id"], ondelete=action, name=f"fk_{column}"
    )
