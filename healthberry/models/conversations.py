"""Conversations and their messages, the words that are searched, and what is set aside or said twice."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Computed, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from healthberry.extensions import Base
from healthberry.models.owned import Moment, OrganisationOwned, now, owned_key

_HAPPENED_ON = """CASE
    WHEN experienced ~ '^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$' THEN
        (make_date("left"(experienced, 4)::integer, "right"(experienced, 2)::integer, 1)
            + '1 mon -1 days'::interval)::date
    ELSE (started_at AT TIME ZONE 'UTC')::date
END"""
STATUSES = ("open", "waiting", "snoozed", "closed", "aside")
HIDDEN = ("aside", "copy")  # left out of every list that does not ask for them


class Conversation(Base, OrganisationOwned):
    """One thread: a review, story, mention or message with all that follows it.

    What the list shows is kept here (title, first words, author's screen name, rating), so that a page of the list
    reads one index and no other table. `historic` ones were loaded by the first backfill: no alert, no clock.
    `aside` ones were set aside as noise, by `aside_rule_id` where a rule did it; a `copy` says the same as `copy_of` on
    another site, where `also_on` names the kinds of channels of all copies. `copy_parted`: people said that it is none.
    `version` grows with each message: a reply written against an older one is refused. `open_until` of a snoozed one.
    `happened_on` is the last day of the month of the experience, else the day of posting; `expired_at` is when we
    forgot the words, because they may be kept for a certain time after that day only (core.expiry).
    """

    __tablename__ = "conversations"
    __table_args__ = (
        owned_key("channel_id", "channels"),
        owned_key("assignee_id", "members", "SET NULL"),
        owned_key("copy_of", "conversations", "SET NULL"),
        owned_key("aside_rule_id", "noise_rules", "SET NULL"),
        UniqueConstraint("organisation_id", "channel_id", "remote_thread_id"),
        CheckConstraint("status in ('open', 'waiting', 'snoozed', 'closed', 'aside', 'copy')", name="status"),
        Index("ix_conversations_newest", "organisation_id", "last_activity_at", "id"),
        Index("ix_conversations_started", "organisation_id", "started_at", "id"),
        Index("ix_conversations_status", "organisation_id", "status", "last_activity_at", "id"),
        Index("ix_conversations_channel", "organisation_id", "channel_id", "last_activity_at", "id"),
        Index("ix_conversations_service", "organisation_id", "service_code", "last_activity_at", "id"),
        Index("ix_conversations_assignee", "organisation_id", "assignee_id", "last_activity_at", "id"),
        Index("ix_conversations_copies", "organisation_id", "copy_of", postgresql_where=text("copy_of IS NOT NULL")),
        Index(
            "ix_conversations_aside",
            "organisation_id",
            "aside_rule_id",
            postgresql_where=text("aside_rule_id IS NOT NULL"),
        ),
        Index(
            "ix_conversations_syndication",
            "organisation_id",
            "syndication_key",
            postgresql_where=text("syndication_key IS NOT NULL"),
        ),
        Index(
            "ix_conversations_lasting",
            "organisation_id",
            "channel_id",
            "happened_on",
            postgresql_where=text("expired_at IS NULL"),
        ),
        Index("ix_conversations_snoozed", "snoozed_until", postgresql_where=text("status = 'snoozed'")),
    )

    channel_id: Mapped[UUID]
    channel_kind: Mapped[str]
    remote_thread_id: Mapped[str]
    screen_name: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    first_words: Mapped[str] = mapped_column(default="")
    url: Mapped[str | None]
    rating: Mapped[float | None]
    rating_out_of: Mapped[float | None]
    service_code: Mapped[str | None]
    service_name: Mapped[str | None]
    author_role: Mapped[str | None]
    experienced: Mapped[str | None]
    syndication_key: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="open")
    closed_reason: Mapped[str | None]
    snoozed_until: Mapped[Moment | None]
    assignee_id: Mapped[UUID | None]
    copy_of: Mapped[UUID | None]
    copy_parted: Mapped[bool] = mapped_column(default=False)
    also_on: Mapped[list[str]] = mapped_column(ARRAY(String), default=list)
    aside_rule_id: Mapped[UUID | None]
    historic: Mapped[bool] = mapped_column(default=False)
    withdrawn: Mapped[bool] = mapped_column(default=False)
    replied: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=0)
    expired_at: Mapped[Moment | None]
    erased_at: Mapped[Moment | None]  # its author asked us to erase what they wrote
    restricted: Mapped[bool] = mapped_column(
        default=False, server_default=text("false")
    )  # seen by administrators alone
    happened_on: Mapped[date] = mapped_column(Computed(_HAPPENED_ON, persisted=True))
    started_at: Mapped[Moment]
    last_activity_at: Mapped[Moment]
    arrived_at: Mapped[Moment] = mapped_column(default=now)


class Message(Base, OrganisationOwned):
    """One public or direct item in a conversation; `text` is what the channel served, never trusted.

    `direction` is `other` for what another organisation answered in the thread: nothing follows from it.
    `source` keeps small provider facts that a reply or a re-check needs. `edited_at` and `withdrawn_at` follow the
    source; a withdrawn message keeps its place without its words. `recheck_at` is when the source is next asked whether
    it still shows these words; None for what is never asked (answers, what is withdrawn or too old).
    """

    __tablename__ = "messages"
    __table_args__ = (
        owned_key("conversation_id", "conversations"),
        owned_key("author_id", "authors", "SET NULL"),
        owned_key("member_id", "members", "SET NULL"),
        UniqueConstraint("organisation_id", "channel_id", "remote_id"),
        CheckConstraint("direction in ('inbound', 'outbound', 'other')", name="direction"),
        Index("ix_messages_conversation", "organisation_id", "conversation_id", "posted_at", "id"),
        Index("ix_messages_author", "organisation_id", "author_id", postgresql_where=text("author_id IS NOT NULL")),
        Index(
            "ix_messages_posted",
            "organisation_id",
            "channel_id",
            "posted_at",
            postgresql_where=text("direction = 'inbound'"),
        ),
        Index(
            "ix_messages_also",
            "organisation_id",
            "channel_id",
            "also_id",
            postgresql_where=text("also_id IS NOT NULL"),
        ),
        Index(
            "ix_messages_recheck",
            "organisation_id",
            "channel_id",
            "recheck_at",
            postgresql_where=text("recheck_at IS NOT NULL"),
        ),
    )

    conversation_id: Mapped[UUID]
    channel_id: Mapped[UUID]
    remote_id: Mapped[str]
    also_id: Mapped[str | None]  # the id by which a second reader of the channel knows it
    direction: Mapped[str]
    author_id: Mapped[UUID | None]
    member_id: Mapped[UUID | None]  # who of us wrote an outbound one, where it was written here
    screen_name: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    text: Mapped[str]
    in_reply_to: Mapped[str | None]
    ratings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    attachments: Mapped[list[dict[str, str]]] = mapped_column(JSONB, default=list)
    url: Mapped[str | None]
    source: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    may_not_reply: Mapped[str | None]
    historic: Mapped[bool] = mapped_column(default=False)
    posted_at: Mapped[Moment]
    received_at: Mapped[Moment] = mapped_column(default=now)
    edited_at: Mapped[Moment | None]
    withdrawn_at: Mapped[Moment | None]
    recheck_at: Mapped[Moment | None]


class SearchText(Base):
    """The words of one conversation, as the full-text search reads them."""

    __tablename__ = "search_texts"
    __table_args__ = (
        owned_key("conversation_id", "conversations"),
        Index("ix_search_texts_words", "organisation_id", "words", postgresql_using="gin"),
    )

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(primary_key=True)
    words: Mapped[Any] = mapped_column(TSVECTOR)


class CopyPrint(Base):
    """Prints of how a conversation begins, each of its own kind: near-identical texts share one (core.likeness).

    `channel_id` and `started_at` are those of the conversation when it came: looking for copies needs nothing else.
    """

    __tablename__ = "copy_prints"
    __table_args__ = (
        owned_key("conversation_id", "conversations"),
        *(
            Index(f"ix_copy_prints_{name}_at", "organisation_id", name, "started_at")
            for name in ("first", "second", "third", "fourth")
        ),
    )

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(primary_key=True)
    first: Mapped[int] = mapped_column(BigInteger)
    second: Mapped[int] = mapped_column(BigInteger)
    third: Mapped[int] = mapped_column(BigInteger)
    fourth: Mapped[int] = mapped_column(BigInteger)
    channel_id: Mapped[UUID | None]
    started_at: Mapped[Moment | None]


class NoiseRule(Base, OrganisationOwned):
    """What is set aside on one channel: `must_not` and `must` hold words, `author` the remote id of a blocked author.

    `label` is the same for people. `refused` holds a phrase that was suggested and that people did not want.
    """

    __tablename__ = "noise_rules"
    __table_args__ = (
        owned_key("channel_id", "channels"),
        owned_key("member_id", "members", "SET NULL"),
        UniqueConstraint("organisation_id", "channel_id", "kind", "value"),
        CheckConstraint("kind in ('must', 'must_not', 'author', 'refused')", name="kind"),
    )

    channel_id: Mapped[UUID]
    kind: Mapped[str]
    value: Mapped[str]
    label: Mapped[str]
    member_id: Mapped[UUID | None]
    created_at: Mapped[Moment] = mapped_column(default=now)
