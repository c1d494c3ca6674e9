"""Channels, what they delivered that could not be read, and the authors they know."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from healthberry.extensions import Base
from healthberry.models.owned import Moment, OrganisationOwned, now, owned_key


class Channel(Base, OrganisationOwned):
    """One linked listing, page or handle; `kind` says which connector reads it.

    `config` is what the connector needs (no secrets); `sealed_secrets` are the organisation's own tokens, encrypted.
    `state`: active, off (switched off by people), failing (needs somebody; `trouble` says what in plain words),
    unlinked (read no more; what it brought is kept, or erased part by part while `erase_at` is set).
    `backfill_state`: waiting, running, done. `items_total` is None where the source does not tell how many it has.
    `claimed_until` keeps two workers from polling the same channel at once; `backfill_claimed_until`,
    `delivery_claimed_until`, `recheck_claimed_until` and `reread_claimed_until` likewise.
    `next_poll_at` is None where there is nothing to ask: all that comes is sent, entered or uploaded.
    `recheck_at` is when stored messages are next looked at for edits and withdrawals; while a worker looks, it lies
    ahead.
    `watched_from` is when it was last switched on: before that, its silence means nothing. `stale_at` is when its
    silence was noticed (core.staleness). All that was published from `read_from` to `read_to` was read (core.coverage);
    `catch_up_at` is when the poll began that is not at its end yet.
    """

    __tablename__ = "channels"
    __table_args__ = (
        UniqueConstraint("organisation_id", "kind", "remote_id"),
        CheckConstraint("state in ('active', 'off', 'failing', 'unlinked')", name="state"),
        CheckConstraint("backfill_state in ('waiting', 'running', 'done')", name="backfill_state"),
        Index("ix_channels_due", "next_poll_at", postgresql_where=text("state <> 'off'")),
        Index("ix_channels_remote", "kind", "remote_id"),
        Index("ix_channels_reread", "reread_at", postgresql_where=text("reread_at IS NOT NULL")),
        Index("ix_channels_id", "id"),
        Index("ix_channels_revoke", "revoke_at", postgresql_where=text("revoke_at IS NOT NULL")),
    )

    kind: Mapped[str]
    remote_id: Mapped[str]
    label: Mapped[str]
    url: Mapped[str]
    found_at: Mapped[str] = mapped_column(default="")
    amount: Mapped[str] = mapped_column(default="")  # how much a first look found, for people
    config: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    sealed_secrets: Mapped[bytes | None] = mapped_column(LargeBinary)
    secrets_expire_at: Mapped[Moment | None]
    token_claimed_until: Mapped[Moment | None]
    account: Mapped[str | None]  # whom replies are published as, once somebody signed in there
    state: Mapped[str] = mapped_column(default="active")
    trouble: Mapped[str] = mapped_column(default="")
    poll_cursor: Mapped[str | None]
    backfill_cursor: Mapped[str | None]
    backfill_state: Mapped[str] = mapped_column(default="waiting")
    backfill_next_at: Mapped[Moment] = mapped_column(default=now)
    backfill_claimed_until: Mapped[Moment | None]
    backfill_finished_at: Mapped[Moment | None]
    items_loaded: Mapped[int] = mapped_column(default=0)
    items_total: Mapped[int | None]
    items_quarantined: Mapped[int] = mapped_column(default=0)
    failures_in_a_row: Mapped[int] = mapped_column(default=0)
    last_success_at: Mapped[Moment | None]
    next_poll_at: Mapped[Moment | None] = mapped_column(default=now)
    claimed_until: Mapped[Moment | None]
    recheck_at: Mapped[Moment] = mapped_column(default=now)
    recheck_claimed_until: Mapped[Moment | None]
    rechecked_at: Mapped[Moment | None]
    reread_at: Mapped[Moment | None]  # when the last days are read again, to repair what push missed
    reread_claimed_until: Mapped[Moment | None]
    reread_cursor: Mapped[str | None]  # where the next slice of that goes on
    next_delivery_at: Mapped[Moment] = mapped_column(default=now)  # what was sent to us is read from then on
    delivery_claimed_until: Mapped[Moment | None]
    last_delivery_at: Mapped[Moment | None]
    erase_at: Mapped[Moment | None]  # when the next part of what it brought is erased
    suppresses: Mapped[bool] = mapped_column(default=False, server_default=text("false"))  # core.suppression
    revoke_at: Mapped[Moment | None]  # when the tokens of an unlinked one are next offered back to the provider
    created_at: Mapped[Moment] = mapped_column(default=now)
    watched_from: Mapped[Moment] = mapped_column(default=now)
    stale_at: Mapped[Moment | None]
    read_from: Mapped[Moment | None]
    read_to: Mapped[Moment | None]
    catch_up_at: Mapped[Moment | None]
    backfill_began_at: Mapped[Moment | None]


class QuarantinedItem(Base, OrganisationOwned):
    """A piece of a delivery that could not be read: kept raw, its reason shown, blocking nobody.

    `is_delivery`: it is all that one delivery held, and can be read again from here; others are asked for again.
    `seen_at` is when its source last served it, `tried_with` the version of ours that last tried to read it.
    `handled_at` is when people said that they have dealt with it.
    """

    __tablename__ = "quarantined_items"
    __table_args__ = (
        owned_key("channel_id", "channels"),
        UniqueConstraint("organisation_id", "channel_id", "fingerprint"),
        Index("ix_quarantined_items_tried", "tried_with"),
        Index(
            "ix_quarantined_items_waiting",
            "organisation_id",
            "received_at",
            postgresql_where=text("handled_at IS NULL"),
        ),
    )

    channel_id: Mapped[UUID]
    fingerprint: Mapped[str]  # SHA-256 of the raw piece: the same one again is not stored again
    remote_id: Mapped[str | None]
    raw: Mapped[str]
    reason: Mapped[str]
    received_at: Mapped[Moment] = mapped_column(default=now)
    is_delivery: Mapped[bool] = mapped_column(default=False)
    seen_at: Mapped[Moment] = mapped_column(default=now)
    tried_with: Mapped[str] = mapped_column(default="")
    tried_at: Mapped[Moment | None]
    handled_at: Mapped[Moment | None]


class Author(Base, OrganisationOwned):
    """Who wrote it, as one channel knows them; never joined across channels, never searched, never profiled."""

    __tablename__ = "authors"
    __table_args__ = (
        owned_key("channel_id", "channels"),
        UniqueConstraint("organisation_id", "channel_id", "remote_id"),
    )

    channel_id: Mapped[UUID]
    remote_id: Mapped[str | None]
    screen_name: Mapped[str]
    url: Mapped[str | None]
