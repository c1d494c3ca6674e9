"""What of an organisation its own people alone may see; the organisation must be entered."""

from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from healthberry.extensions import db
from healthberry.models.organisations import OrganisationDetails


def details_of(organisation_id: UUID) -> OrganisationDetails:
    """Return the details; the usual ones, not stored, where none were ever kept."""
    found = db.session.get(OrganisationDetails, organisation_id)
    return found or OrganisationDetails(
        organisation_id=organisation_id, alert_excerpts=False, discovery_problems=[], published_contacts=[]
    )


def keep(organisation_id: UUID, **changes: Any) -> None:
    """Change the details named, and leave the others."""
    statement = (
        insert(OrganisationDetails)
        .values(organisation_id=organisation_id, **changes)
        .on_conflict_do_update(index_elements=["organisation_id"], set_=changes)
        .returning(OrganisationDetails)
        .execution_options(populate_existing=True)
    )
    db.session.scalars(statement).one()
