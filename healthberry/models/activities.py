"""What members have of a conversation and did with it: unread marks, notes, and every recorded change."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from healthberry.extensions import Base
from healthberry.models.owned import Moment, OrganisationOwned, ShortText, now, owned_key


class Unread(Base):
    """This member has not read what is new in this conversation."""

    __tablename__ = "unread"
    __table_args__ = (
        owned_key("conversation_id", "conversations"),
        owned_key("member_id", "members"),
        Index("ix_unread_conversation", "organisation_id", "conversation_id"),
    )

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(primary_key=True)


class Note(Base, OrganisationOwned):
    """Words for colleagues only. A table of its own, so that they can never be sent."""

    __tablename__ = "notes"
    __table_args__ = (
        owned_key("conversation_id", "conversations"),
        owned_key("member_id", "members", "SET NULL"),
        Index("ix_notes_conversation", "organisation_id", "conversation_id"),
    )

    conversation_id: Mapped[UUID]
    member_id: Mapped[UUID | None]
    member_name: Mapped[ShortText]
    text: Mapped[str]
    created_at: Mapped[Moment] = mapped_column(default=now)


class Activity(Base):
    """One recorded change, numbered per organisation without a gap. `details` holds ids and small facts, never words
    but the reason for letting something stand in a public reply, which is kept only without what was found.

    `member_name` stays when the member goes, so that the history can still be read.
    """

    __tablename__ = "activities"
    __table_args__ = (
        owned_key("conversation_id", "conversations"),
        owned_key("channel_id", "channels"),
        owned_key("member_id", "members", "SET NULL"),
        Index("ix_activities_conversation", "organisation_id", "conversation_id", "number"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    conversation_id: Mapped[UUID | None]
    channel_id: Mapped[UUID | None]
    member_id: Mapped[UUID | None]
    member_name: Mapped[str] = mapped_column(default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    at: Mapped[Moment] = mapped_column(default=now)
