"""How members prove who they are beyond their mailbox, and where they are signed in."""

from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from healthberry.extensions import Base
from healthberry.models.owned import Moment, OrganisationOwned, ShortText, now, owned_key


class SecondStep(Base, OrganisationOwned):
    """A member's authenticator app, and how often they were wrong; its `id` is the member's.

    `sealed` is the app's secret, `last_step` the newest 30 seconds whose digits were used: none is used twice.
    `confirmed_at` is None until the app has shown that it counts alike.
    """

    __tablename__ = "second_steps"
    __table_args__ = (owned_key("id", "members"),)

    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    confirmed_at: Mapped[Moment | None]
    wrong: Mapped[int] = mapped_column(default=0)  # tries in a row, of every sort
    wrong_at: Mapped[Moment | None]


class OperatorStep(Base):
    """The authenticator app of somebody named in OPERATORS; see SecondStep. Not owned: it is about no organisation."""

    __tablename__ = "operator_steps"

    email: Mapped[ShortText] = mapped_column(primary_key=True)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    confirmed_at: Mapped[Moment | None]
    wrong: Mapped[int] = mapped_column(default=0)
    wrong_at: Mapped[Moment | None]


class OperatorSession(Base):
    """One browser in which an operator signed in; not owned, as OperatorStep. The cookie holds what `name_hash` is of.

    `stepped_at` is when they passed the second step: None for whoever is half-way in.
    """

    __tablename__ = "operator_sessions"

    name_hash: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[ShortText]
    browser: Mapped[ShortText]
    made_at: Mapped[Moment] = mapped_column(default=now)
    used_at: Mapped[Moment] = mapped_column(default=now)
    stepped_at: Mapped[Moment | None]


class RecoveryCode(Base, OrganisationOwned):
    """One of ten codes that stand in for a lost phone, once each; kept as an HMAC under the secret key."""

    __tablename__ = "recovery_codes"
    __table_args__ = (
        owned_key("member_id", "members"),
        Index("ix_recovery_codes_member", "organisation_id", "member_id"),
    )

    member_id: Mapped[UUID]
    code_hash: Mapped[str]
    used_at: Mapped[Moment | None]


class Passkey(Base, OrganisationOwned):
    """A public key whose other half stays in a member's phone, computer or security key."""

    __tablename__ = "passkeys"
    __table_args__ = (owned_key("member_id", "members"), UniqueConstraint("organisation_id", "credential_id"))

    member_id: Mapped[UUID]
    credential_id: Mapped[bytes] = mapped_column(LargeBinary)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger, default=0)
    name: Mapped[ShortText]
    made_at: Mapped[Moment] = mapped_column(default=now)
    used_at: Mapped[Moment | None]


class MemberSession(Base, OrganisationOwned):
    """One browser that a member signed in with.

    `session_key` is the member's at that time: once theirs is another one, this counts no more. `proven_at` is when
    they last proved themselves as strongly as they can; until `remembered_until` this browser is asked for no second
    step when it signs in again. `step_elsewhere`: a second step was asked for by their organisation's
    own sign-in, and counts here. `held` is a form that waits for a fresh proof, sealed.
    """

    __tablename__ = "member_sessions"
    __table_args__ = (
        owned_key("member_id", "members"),
        Index("ix_member_sessions_member", "organisation_id", "member_id"),
    )

    member_id: Mapped[UUID]
    session_key: Mapped[UUID]
    browser: Mapped[ShortText]  # in words: "Firefox on Windows"
    made_at: Mapped[Moment] = mapped_column(default=now)
    used_at: Mapped[Moment] = mapped_column(default=now)
    proven_at: Mapped[Moment | None]
    remembered_until: Mapped[Moment | None]
    step_elsewhere: Mapped[bool] = mapped_column(default=False, server_default=false())
    ended_at: Mapped[Moment | None]
    held: Mapped[bytes | None] = mapped_column(LargeBinary)
    held_at: Mapped[Moment | None]
