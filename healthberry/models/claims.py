"""Who acts for an organisation: what members proved of it, and what is in dispute."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from healthberry.extensions import Base
from healthberry.models.owned import Moment, OrganisationOwned, now, owned_key


class Claim(Base, OrganisationOwned):
    """One member's claim to act for their organisation; its `id` is the member's.

    `way` is how they were last let publish, "" for never; `proofs` are all ways that ever held, each with its moment.
    `raised_at` is since when, `due_at` until when that counts; `lapsed` says why it ended ("year", "mailbox").
    `token` is what a DNS record or a file on the website has to hold. `told_at` is when the organisation was told.
    `refused_at`: an administrator refused it; `dispute_id`: frozen at level 1 until that dispute is decided.
    `next_at` is when something is next to be done about it; `tries` counts looks for a contact mailbox that failed.
    """

    __tablename__ = "claims"
    __table_args__ = (
        owned_key("id", "members"),
        Index("ix_claims_next", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    )

    token: Mapped[str]
    way: Mapped[str] = mapped_column(default="")
    proofs: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
    made_at: Mapped[Moment] = mapped_column(default=now)
    raised_at: Mapped[Moment | None]
    due_at: Mapped[Moment | None]
    lapsed: Mapped[str] = mapped_column(default="")
    told_at: Mapped[Moment | None]
    refused_at: Mapped[Moment | None]
    refused_by: Mapped[UUID | None]
    dispute_id: Mapped[UUID | None]
    mailbox_refused_at: Mapped[Moment | None]  # since when mails to the member are refused for good
    next_at: Mapped[Moment | None]
    tries: Mapped[int] = mapped_column(default=0)


class Dispute(Base, OrganisationOwned):
    """Several people say that they act for an organisation; one at a time is open.

    `why`: "unproven", nobody has proved it; "refused", whom an administrator refused objects. `parties` are members'
    ids. The operator decides for one of them, or for nobody (`decided_for` None), and says why.
    """

    __tablename__ = "disputes"
    __table_args__ = (
        CheckConstraint("why in ('unproven', 'refused')", name="why"),
        Index("uq_disputes_one_open", "organisation_id", unique=True, postgresql_where=text("decided_at IS NULL")),
    )

    why: Mapped[str]
    parties: Mapped[list[Any]] = mapped_column(JSONB)
    opened_at: Mapped[Moment] = mapped_column(default=now)
    decided_at: Mapped[Moment | None]
    decided_for: Mapped[UUID | None]
    decided_by: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")


class PublishedMailbox(Base):
    """The contact mailbox that an organisation publishes on its own website, as far as one was found.

    `address` is "" where a look found none; `page` is the host that names it.
    """

    __tablename__ = "published_mailboxes"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    address: Mapped[str] = mapped_column(default="")
    page: Mapped[str] = mapped_column(default="")
    looked_at: Mapped[Moment] = mapped_column(default=now)
