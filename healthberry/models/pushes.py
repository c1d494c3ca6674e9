"""What waits between the outside and a channel: half-finished links, and verified deliveries not yet read."""

from uuid import UUID

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from healthberry.extensions import Base
from healthberry.models.owned import Moment, OrganisationOwned, now, owned_key


class PendingLink(Base, OrganisationOwned):
    """A link that a member began: `sealed` holds, encrypted, the settings, secrets and the PKCE verifier.

    `state_hash` is the SHA-256 of the state that the provider hands back; `channel_id` is set where a channel is
    connected again. It is good for an hour, once, and for its member alone. `wanted` is the page to go to afterwards.
    """

    __tablename__ = "pending_links"
    __table_args__ = (
        owned_key("member_id", "members"),
        owned_key("channel_id", "channels"),
        UniqueConstraint("organisation_id", "state_hash"),
        Index("ix_pending_links_made_at", "made_at"),
    )

    member_id: Mapped[UUID]
    channel_id: Mapped[UUID | None]
    kind: Mapped[str]
    state_hash: Mapped[str]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    wanted: Mapped[str] = mapped_column(default="")
    made_at: Mapped[Moment] = mapped_column(default=now)


class PushDelivery(Base, OrganisationOwned):
    """One verified piece that a provider sent: kept raw until it is read, then deleted. The same `key` again is one."""

    __tablename__ = "deliveries"
    __table_args__ = (
        owned_key("channel_id", "channels"),
        UniqueConstraint("organisation_id", "channel_id", "key"),
    )

    channel_id: Mapped[UUID]
    key: Mapped[str]
    body: Mapped[str]
    received_at: Mapped[Moment] = mapped_column(default=now)
