"""What an organisation shows to anybody: its public page, and what was taken off it."""

from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from healthberry.extensions import Base
from healthberry.models.owned import Moment, ShortText, now, owned_key


class PublicPage(Base):
    """The public page of an organisation; no row: nobody ever wanted one. `on_since` is None while it is off.

    `channels` are the ids (text) of what it shows: what is linked later is not among them. `address_key` makes the
    addresses of its items (core.public_addresses), and never changes.
    """

    __tablename__ = "public_pages"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    channels: Mapped[list[str]] = mapped_column(JSONB, default=list)
    address_key: Mapped[bytes] = mapped_column(LargeBinary)
    on_since: Mapped[Moment | None]


class PublicRemoval(Base):
    """One conversation that people took off the public page; putting it back takes the row away."""

    __tablename__ = "public_removals"
    __table_args__ = (owned_key("conversation_id", "conversations"),)

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(primary_key=True)
    member_name: Mapped[ShortText]
    at: Mapped[Moment] = mapped_column(default=now)
