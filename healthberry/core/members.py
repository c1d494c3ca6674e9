"""Members: who belongs to an organisation, at which level of trust, and who may change that."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from healthberry.extensions import db
from healthberry.models.organisations import Member

_MEMBERSHIPS = text("SELECT organisation_id, member_id, organisation_name FROM memberships_of(:email)")


class Membership(NamedTuple):
    """One organisation that an e-mail address belongs to."""

    organisation_id: UUID
    member_id: UUID
    organisation_name: str


def memberships_of(email: str) -> list[Membership]:
    """Return the organisations that this address belongs to now, by name; needs no organisation entered."""
    return [Membership(*row) for row in db.session.execute(_MEMBERSHIPS, {"email": email})]


def present(organisation_id: UUID, member_id: UUID) -> Member | None:
    """Return the member unless they left; the organisation must be entered."""
    found = db.session.get(Member, (organisation_id, member_id))
    return found if found is not None and found.left_at is None else None
