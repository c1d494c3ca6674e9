"""Signing in with accounts that an organisation has already: at its own issuer of OpenID Connect."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from healthberry.extensions import Base
from healthberry.models.owned import Moment, OrganisationOwned, now, owned_key


class SignInIssuer(Base, OrganisationOwned):
    """The issuer of one organisation: at most one.

    `sealed` is the client's secret. `domains` are mail domains. It lets nobody in before `on_since`, which wants
    `tested_at`: when an administrator signed in through it as it stands.
    """

    __tablename__ = "sign_in_issuers"
    __table_args__ = (
        UniqueConstraint("organisation_id"),
        CheckConstraint("role in ('responder', 'viewer')", name="role"),
        CheckConstraint("on_since IS NULL OR tested_at IS NOT NULL", name="tested"),
    )

    issuer: Mapped[str]
    client_id: Mapped[str]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    domains: Mapped[list[str]] = mapped_column(JSONB)
    role: Mapped[str] = mapped_column(default="viewer")  # of whoever joins through it
    counts_as_step: Mapped[bool] = mapped_column(default=False)
    tested_at: Mapped[Moment | None]
    on_since: Mapped[Moment | None]


class LinkedIdentity(Base, OrganisationOwned):
    """An account at an issuer that belongs to a member. It stays when they leave: it must not join anew."""

    __tablename__ = "linked_identities"
    __table_args__ = (
        owned_key("member_id", "members"),
        UniqueConstraint("organisation_id", "issuer", "subject"),
        Index("ix_linked_identities_member", "organisation_id", "member_id"),
    )

    member_id: Mapped[UUID]
    issuer: Mapped[str]
    subject: Mapped[str]
    linked_at: Mapped[Moment] = mapped_column(default=now)
    used_at: Mapped[Moment | None]
