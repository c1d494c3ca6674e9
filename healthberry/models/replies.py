"""Replies in the making, and the mail that waits to be sent."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from healthberry.extensions import Base
from healthberry.models.owned import Moment, OrganisationOwned, ShortText, now, owned_key


class Draft(Base, OrganisationOwned):
    """What one member is writing in one conversation; `version` is the conversation's that they were looking at.

    `way` is how they mean to answer, where there are several ways; "" for the usual one.
    """

    __tablename__ = "drafts"
    __table_args__ = (
        owned_key("conversation_id", "conversations"),
        owned_key("member_id", "members"),
        UniqueConstraint("organisation_id", "conversation_id", "member_id"),
    )

    conversation_id: Mapped[UUID]
    member_id: Mapped[UUID]
    text: Mapped[str] = mapped_column(default="")
    way: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=0)
    saved_at: Mapped[Moment] = mapped_column(default=now)


class Reply(Base, OrganisationOwned):
    """An outbound message in the making.

    By API: queued → sending → sent | failed | unknown. Assisted: written → copied → sent when the poll has seen it.
    `pending` is a sent one that the site's moderators still hold. `key` is chosen before the first attempt; `version`
    is the conversation's that the reply was written against; `way` is the chosen one of several, "" for the usual one.
    `let_stand` are the kinds of what the guard found and somebody published all the same (core.guarded).
    """

    __tablename__ = "replies"
    __table_args__ = (
        owned_key("conversation_id", "conversations"),
        owned_key("target_id", "messages"),
        owned_key("member_id", "members", "SET NULL"),
        CheckConstraint(
            "state in ('queued', 'sending', 'unknown', 'sent', 'failed', 'written', 'copied', 'cancelled')",
            name="state",
        ),
        Index("ix_replies_conversation", "organisation_id", "conversation_id"),
        Index("ix_replies_target", "organisation_id", "target_id"),
        Index(
            "ix_replies_open",
            "next_attempt_at",
            postgresql_where=text("state in ('queued', 'sending', 'unknown', 'written', 'copied') or pending"),
        ),
        Index(
            "uq_replies_one_at_a_time",
            "organisation_id",
            "conversation_id",
            unique=True,
            postgresql_where=text("state in ('queued', 'sending', 'unknown', 'written', 'copied')"),
        ),
    )

    conversation_id: Mapped[UUID]
    target_id: Mapped[UUID]
    member_id: Mapped[UUID | None]
    member_name: Mapped[ShortText]
    mode: Mapped[str]  # api or assisted
    key: Mapped[str]
    text: Mapped[str]
    way: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=0)
    let_stand: Mapped[list[str]] = mapped_column(JSONB, default=list, server_default="[]")
    state: Mapped[str]
    pending: Mapped[bool] = mapped_column(default=False)
    attempts: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(default="")  # why it failed or waits, for people
    remote_id: Mapped[str | None]
    url: Mapped[str | None]
    queued_at: Mapped[Moment] = mapped_column(default=now)
    attempted_at: Mapped[Moment | None]
    next_attempt_at: Mapped[Moment] = mapped_column(default=now)
    sent_at: Mapped[Moment | None]


class OutboxMail(Base, OrganisationOwned):
    """One mail that must go out: written in the transaction that causes it, sent by a job, its delivery visible.

    `kind` names the template under templates/mail; `about` makes it once per member and cause. One about many
    conversations has no `conversation_id`: `mail_causes` names them. `message_id` is chosen here, so that a second
    attempt after a crash is the same mail to the reader's program.
    """

    __tablename__ = "outbox_mails"
    __table_args__ = (
        owned_key("conversation_id", "conversations"),
        owned_key("member_id", "members"),
        UniqueConstraint("organisation_id", "member_id", "kind", "about"),
        CheckConstraint("state in ('queued', 'sending', 'sent', 'failed', 'skipped')", name="state"),
        Index("ix_outbox_mails_open", "next_attempt_at", postgresql_where=text("state in ('queued', 'sending')")),
        Index("ix_outbox_mails_conversation", "organisation_id", "conversation_id"),
        Index("ix_outbox_mails_about", "organisation_id", "about", postgresql_where=text("conversation_id IS NULL")),
    )

    member_id: Mapped[UUID | None]
    conversation_id: Mapped[UUID | None]
    kind: Mapped[str]
    about: Mapped[str]
    message_id: Mapped[str]
    state: Mapped[str] = mapped_column(default="queued")
    attempts: Mapped[int] = mapped_column(default=0)
    interruptions: Mapped[int] = mapped_column(default=0, server_default="0")
    reason: Mapped[str] = mapped_column(default="")
    queued_at: Mapped[Moment] = mapped_column(default=now)
    next_attempt_at: Mapped[Moment] = mapped_column(default=now)
    sent_at: Mapped[Moment | None]


class MailCause(Base):
    """One of the conversations that the mails with this `about` tell of together, whichever member they go to."""

    __tablename__ = "mail_causes"
    __table_args__ = (
        owned_key("conversation_id", "conversations"),
        Index("ix_mail_causes_conversation", "organisation_id", "conversation_id"),
    )

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    about: Mapped[str] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(primary_key=True)
