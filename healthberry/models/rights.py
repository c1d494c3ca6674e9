"""What people ask about their data, what was done about it, and replies that said more than they should have."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from healthberry.extensions import Base
from healthberry.models.owned import Moment, OrganisationOwned, ShortText, now, owned_key


class DataRequest(Base, OrganisationOwned):
    """What somebody asks about their data: to erase it, for a copy, an objection, or a complaint.

    `about` is the link or handle that they gave, `contact` their e-mail address; "" where it was written down by a
    member (`written_by`) without one. `acknowledge_by` is for complaints alone. `answer` is what they were told in the
    end, `extended_because` why they had to wait two months longer: `due_on` is then the later day. What says who they
    are goes some time after it is closed: `forgotten_at`.
    """

    __tablename__ = "data_requests"
    __table_args__ = (
        UniqueConstraint("organisation_id", "reference"),
        CheckConstraint("kind in ('erase', 'copy', 'object', 'complain')", name="kind"),
        CheckConstraint("outcome in ('', 'erased', 'answered', 'refused')", name="outcome"),
        Index("ix_data_requests_due", "organisation_id", "due_on", postgresql_where=text("closed_at IS NULL")),
        Index("ix_data_requests_contact", "organisation_id", "contact", "received_at"),
    )

    reference: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str]
    about: Mapped[str] = mapped_column(default="")
    words: Mapped[str] = mapped_column(default="")
    contact: Mapped[ShortText] = mapped_column(default="")
    written_by: Mapped[ShortText] = mapped_column(default="")
    received_at: Mapped[Moment] = mapped_column(default=now)
    due_on: Mapped[date]
    acknowledge_by: Mapped[date | None]
    extended_at: Mapped[Moment | None]
    extended_because: Mapped[str] = mapped_column(default="", server_default="")
    acknowledged_at: Mapped[Moment | None]
    outcome: Mapped[str] = mapped_column(default="")
    answer: Mapped[str] = mapped_column(default="")
    closed_at: Mapped[Moment | None]
    closed_by: Mapped[ShortText] = mapped_column(default="")
    forgotten_at: Mapped[Moment | None]


class DataRequestStep(Base, OrganisationOwned):
    """One thing that was done about a request; `words` are a short reason, where there is one."""

    __tablename__ = "data_request_steps"
    __table_args__ = (
        owned_key("request_id", "data_requests"),
        owned_key("member_id", "members", "SET NULL"),
        Index("ix_data_request_steps_request", "organisation_id", "request_id", "at"),
    )

    request_id: Mapped[UUID]
    step: Mapped[str]
    member_id: Mapped[UUID | None]
    member_name: Mapped[ShortText]
    words: Mapped[ShortText] = mapped_column(default="")
    at: Mapped[Moment] = mapped_column(default=now)


class Disclosure(Base, OrganisationOwned):
    """A published reply that contained personal data: when it was found, how it was taken down, what was decided.

    `what` names kinds of data, never the data. `removal`: asked (a worker takes it down on the site), by_hand (a person
    has to; `trouble` says why), done. `outcome`: reported to the ICO, or not reportable, for a reason.
    """

    __tablename__ = "disclosures"
    __table_args__ = (
        owned_key("conversation_id", "conversations", "SET NULL"),
        owned_key("channel_id", "channels", "SET NULL"),
        owned_key("member_id", "members", "SET NULL"),
        CheckConstraint("removal in ('asked', 'by_hand', 'done')", name="removal"),
        CheckConstraint("outcome in ('', 'reported', 'not_reportable')", name="outcome"),
        Index(
            "uq_disclosures_open",
            "organisation_id",
            "message_id",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_disclosures_conversation", "organisation_id", "conversation_id"),
        Index("ix_disclosures_due", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    )

    conversation_id: Mapped[UUID | None]
    channel_id: Mapped[UUID | None]
    message_id: Mapped[UUID]  # of the reply: no key, for the record outlives it
    member_id: Mapped[UUID | None]
    member_name: Mapped[ShortText]
    what: Mapped[list[str]] = mapped_column(JSONB, default=list)
    found_at: Mapped[Moment]
    removal: Mapped[str]
    trouble: Mapped[str] = mapped_column(default="")
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[Moment | None]
    removed_at: Mapped[Moment | None]
    removed_by: Mapped[ShortText] = mapped_column(default="")
    outcome: Mapped[str] = mapped_column(default="")
    ico_reference: Mapped[ShortText] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    closed_at: Mapped[Moment | None]
    closed_by: Mapped[ShortText] = mapped_column(default="")
