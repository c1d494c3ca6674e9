"""Files that came with a message and that nobody else keeps."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from healthberry.extensions import Base
from healthberry.models.owned import OrganisationOwned, ShortText, owned_key

LARGEST_BYTES = 5 * 1024 * 1024


class Attachment(Base, OrganisationOwned):
    """One file of at most 5 MB; it goes with its message. Its id follows from the message's and its place there."""

    __tablename__ = "attachments"
    __table_args__ = (
        owned_key("message_id", "messages"),
        CheckConstraint(text(f"octet_length(body) <= {LARGEST_BYTES}"), name="size"),
        Index("ix_attachments_message", "organisation_id", "message_id"),
    )

    message_id: Mapped[UUID]
    name: Mapped[ShortText]
    content_type: Mapped[ShortText]
    body: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
