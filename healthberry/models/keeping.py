"""What is let go and what is not: own limits, nights, erasures on request, what must not come back, holds."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from healthberry.extensions import Base
from healthberry.models.owned import Moment, OrganisationOwned, ShortText, now, owned_key


class KeepingLimit(Base):
    """For how many days after the experience an organisation keeps the words of one kind of channel.

    Only where that is shorter than the kind's own limit; no row stands for the kind's own.
    """

    __tablename__ = "keeping_limits"
    __table_args__ = (CheckConstraint("days > 0", name="days"),)

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    days: Mapped[int]


class KeepingNight(Base, OrganisationOwned):
    """What one night let go of, as counts by kind of thing; no row stands for a night that was missed.

    `next_at` is when a worker goes on with it: None once it is finished, or was given up (`finished_at` is None then).
    """

    __tablename__ = "keeping_nights"
    __table_args__ = (
        UniqueConstraint("organisation_id", "night"),
        Index("ix_keeping_nights_due", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    )

    night: Mapped[date]
    let_go: Mapped[dict[str, int]] = mapped_column(JSONB, default=dict)
    reason: Mapped[str] = mapped_column(default="")  # why it was not finished, for people
    attempts: Mapped[int] = mapped_column(default=0)
    begun_at: Mapped[Moment] = mapped_column(default=now)
    next_at: Mapped[Moment | None]
    finished_at: Mapped[Moment | None]


class Erasure(Base, OrganisationOwned):
    """One request to erase what one author wrote, and the certificate of it: never words, names or handles.

    Without `author_id` (the channel does not say who wrote it) it is about `conversation_id` alone. `wanted` says what
    else goes: answers, notes. `counts` says what went. `next_at` is when a worker goes on, None once it is finished.
    """

    __tablename__ = "erasures"
    __table_args__ = (
        owned_key("channel_id", "channels"),
        owned_key("author_id", "authors", "SET NULL"),
        owned_key("conversation_id", "conversations", "SET NULL"),
        owned_key("member_id", "members", "SET NULL"),
        Index("ix_erasures_due", "next_at", postgresql_where=text("next_at IS NOT NULL")),
        Index("ix_erasures_channel", "organisation_id", "channel_id"),
    )

    channel_id: Mapped[UUID]
    author_id: Mapped[UUID | None]
    conversation_id: Mapped[UUID | None]
    member_id: Mapped[UUID | None]
    member_name: Mapped[ShortText]
    reference: Mapped[ShortText]
    reason: Mapped[ShortText]
    wanted: Mapped[dict[str, bool]] = mapped_column(JSONB, default=dict)
    counts: Mapped[dict[str, int]] = mapped_column(JSONB, default=dict)
    asked_at: Mapped[Moment] = mapped_column(default=now)
    next_at: Mapped[Moment | None]
    finished_at: Mapped[Moment | None]


class Suppression(Base):
    """A keyed hash of a remote id (core.suppression): what it stands for is left out, or restricted, when it is served.

    `before` bounds it for an author: what they write after that moment is a new act of theirs, and comes in.
    """

    __tablename__ = "suppressions"
    __table_args__ = (
        owned_key("channel_id", "channels"),
        CheckConstraint("effect in ('erased', 'restricted')", name="effect"),
    )

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    channel_id: Mapped[UUID] = mapped_column(primary_key=True)
    mark: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    effect: Mapped[str] = mapped_column(primary_key=True)
    before: Mapped[Moment | None]


class Restriction(Base, OrganisationOwned):
    """A conversation, or all that one author wrote, is not for everybody.

    `kind` says why: "request", while one is assessed, for administrators alone; or a concern (core.concerns), for whom
    it was granted to.
    """

    __tablename__ = "restrictions"
    __table_args__ = (
        owned_key("channel_id", "channels"),
        owned_key("conversation_id", "conversations"),
        owned_key("author_id", "authors", "SET NULL"),
        owned_key("member_id", "members", "SET NULL"),
        Index("ix_restrictions_conversation", "organisation_id", "conversation_id"),
        Index("ix_restrictions_author", "organisation_id", "author_id"),
    )

    channel_id: Mapped[UUID]
    conversation_id: Mapped[UUID]  # the one in which it was asked for
    author_id: Mapped[UUID | None]
    member_id: Mapped[UUID | None]
    member_name: Mapped[ShortText]
    reason: Mapped[ShortText]
    kind: Mapped[str] = mapped_column(default="request", server_default="request")
    since: Mapped[Moment] = mapped_column(default=now)
    lifted_at: Mapped[Moment | None]
    lifted_by: Mapped[str] = mapped_column(default="")


class ReadingGrant(Base, OrganisationOwned):
    """A member may read one conversation that is restricted for a concern; without `conversation_id`, all of them."""

    __tablename__ = "reading_grants"
    __table_args__ = (
        owned_key("member_id", "members"),
        owned_key("conversation_id", "conversations"),
        owned_key("given_by_id", "members", "SET NULL"),
        Index("ix_reading_grants_conversation", "organisation_id", "conversation_id"),
        Index("ix_reading_grants_member", "organisation_id", "member_id"),
    )

    member_id: Mapped[UUID]
    conversation_id: Mapped[UUID | None]
    given_by_id: Mapped[UUID | None]
    given_by: Mapped[ShortText]
    given_at: Mapped[Moment] = mapped_column(default=now)
    ended_at: Mapped[Moment | None]
    ended_by: Mapped[str] = mapped_column(default="")


class Hold(Base, OrganisationOwned):
    """A legal hold on one conversation, or on a whole channel: while it is not lifted, nothing of it is let go."""

    __tablename__ = "holds"
    __table_args__ = (
        owned_key("channel_id", "channels"),
        owned_key("conversation_id", "conversations"),
        owned_key("member_id", "members", "SET NULL"),
        Index("ix_holds_active", "organisation_id", "channel_id", postgresql_where=text("lifted_at IS NULL")),
    )

    channel_id: Mapped[UUID]
    conversation_id: Mapped[UUID | None]  # None: the whole channel
    member_id: Mapped[UUID | None]
    member_name: Mapped[ShortText]
    reason: Mapped[ShortText]
    since: Mapped[Moment] = mapped_column(default=now)
    lifted_at: Mapped[Moment | None]
    lifted_by: Mapped[str] = mapped_column(default="")


class HeldWords(Base):
    """What a message said that its source took down under a legal hold: sealed, until the hold is lifted."""

    __tablename__ = "held_words"
    __table_args__ = (owned_key("message_id", "messages"),)

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[Moment] = mapped_column(default=now)
