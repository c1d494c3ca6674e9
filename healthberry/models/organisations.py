"""Organisations that signed up, their members, and the codes that prove a mailbox."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, validates

from healthberry.extensions import Base
from healthberry.models.owned import Moment, OrganisationOwned, ShortText, new_id, now

MAILBOX_VERIFIED = 1
ORGANISATION_VERIFIED = 2


class Organisation(Base):
    """A provider (or a body typed in by hand) that signed up; owns every row that carries its id.

    `listed` is false for one that was typed in by hand: shown to the operator until somebody has checked it.
    """

    __tablename__ = "organisations"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    ods_code: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str]
    nation: Mapped[str] = mapped_column(default="England")
    town: Mapped[str | None]
    postcode: Mapped[str | None]
    web_domain: Mapped[str | None]
    listed: Mapped[bool] = mapped_column(default=True)
    discover_next_at: Mapped[Moment | None] = mapped_column(default=now)  # None once its channels were looked for
    discover_failures: Mapped[int] = mapped_column(default=0)  # looks in a row that failed for the moment
    discovered_at: Mapped[Moment | None]  # the end of the last look
    created_at: Mapped[Moment] = mapped_column(default=now)


class OrganisationDetails(Base):
    """What of an organisation its own people alone may see. No row stands for the defaults.

    A table of its own: whoever signs up reads `organisations` from outside, and may not read this.
    """

    __tablename__ = "organisation_details"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    alert_excerpts: Mapped[bool] = mapped_column(default=False)
    suppression_key: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed; core.suppression
    # Telephone numbers and addresses that it publishes itself: harmless in its replies.
    published_contacts: Mapped[list[str]] = mapped_column(JSONB, default=list, server_default="[]")
    discovery_problems: Mapped[list[str]] = mapped_column(JSONB, default=list)  # what was not found, for people
    second_step_since: Mapped[Moment | None]  # since when everybody needs one; core.second_step
    # Who answers for data protection; shown to the public, and told of requests and breaches.
    dpo_name: Mapped[ShortText] = mapped_column(default="", server_default="")
    dpo_email: Mapped[ShortText] = mapped_column(default="", server_default="")


class ActivityCounter(Base):
    """The last number given to a change of this organisation.

    The row is locked until the change commits: numbers become visible in their order, so "everything after 41" can
    never miss a change that commits late.
    """

    __tablename__ = "activity_counters"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    last_number: Mapped[int] = mapped_column(default=0)


class Member(Base, OrganisationOwned):
    """A person in an organisation. `level` is the trust level (1 mailbox, 2 organisation) of domain rules.

    `session_key` is part of each signed-in session: a new one signs the member out everywhere.
    """

    __tablename__ = "members"
    __table_args__ = (
        UniqueConstraint("organisation_id", "email"),
        CheckConstraint("level in (1, 2)", name="level"),
        CheckConstraint("role in ('administrator', 'approver', 'responder', 'viewer', 'commissioner')", name="role"),
        Index("ix_members_email", "email"),
    )

    email: Mapped[ShortText]  # lower case, without a plus-tag
    name: Mapped[ShortText]
    role: Mapped[str] = mapped_column(default="responder")
    level: Mapped[int] = mapped_column(default=MAILBOX_VERIFIED)
    wants_alerts: Mapped[bool] = mapped_column(default=True)
    session_key: Mapped[UUID] = mapped_column(default=new_id)
    approval_asked_at: Mapped[Moment | None]  # by administrators
    check_asked_at: Mapped[Moment | None]  # by the operator
    left_at: Mapped[Moment | None]
    created_at: Mapped[Moment] = mapped_column(default=now)
    role_since: Mapped[Moment] = mapped_column(default=now, server_default=func.now())
    # The places of their teams (core.places), written by core.teams alone; None: everything.
    limited_to: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))

    @validates("role")
    def _note_role(self, key: str, role: str) -> str:
        """Note when the role became another one, whoever gives it: from then on a second step may be due."""
        if self.role is not None and self.role != role:
            self.role_since = now()
        return role


class EmailCode(Base):
    """A six-digit code sent to a mailbox. Not owned: it exists before its member does, and holds no feedback.

    `purpose` is signup, signin, reply, invite, operator, confirm or account. `details` of a sign-up (name,
    organisation) wait here until the code is typed.
    """

    __tablename__ = "email_codes"
    __table_args__ = (
        Index("ix_email_codes_email_made_at", "email", "made_at"),
        Index("ix_email_codes_ip_made_at", "ip", "made_at"),
        Index("ix_email_codes_subject_made_at", "subject", "made_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    purpose: Mapped[str]
    email: Mapped[ShortText]
    # The organisation that it is about: an ODS code, an id or a name typed in; of a reply also member and conversation.
    subject: Mapped[str]
    ip: Mapped[str]
    # The browser that asked, where its owner has proven the address before; "" for a stranger's.
    browser: Mapped[str] = mapped_column(default="", server_default="")
    code_hash: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    tries: Mapped[int] = mapped_column(default=0)
    made_at: Mapped[Moment] = mapped_column(default=now)
    expires_at: Mapped[Moment]
    used_at: Mapped[Moment | None]
