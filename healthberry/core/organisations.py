"""What of an organisation its own people alone may see (it must be entered then), and what anybody may."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from healthberry.core import scope
from healthberry.core.errors import NotFound
from healthberry.extensions import db
from healthberry.models.organisations import Organisation, OrganisationDetails

_MOST_FOUND = 20


def details_of(organisation_id: UUID) -> OrganisationDetails:
    """Return the details; the usual ones, not stored, where none were ever kept."""
    found = db.session.get(OrganisationDetails, organisation_id)
    return found or OrganisationDetails(
        organisation_id=organisation_id,
        alert_excerpts=False,
        discovery_problems=[],
        published_contacts=[],
        dpo_name="",
        dpo_email="",
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


def to_ask(organisation_id: UUID) -> Organisation:
    """Enter an organisation on behalf of somebody who asks it something, and return it. Raises: NotFound."""
    scope.enter(organisation_id)
    found = db.session.get(Organisation, organisation_id)
    if found is None:
        raise NotFound
    return found


def named_like(words: str) -> Sequence[Organisation]:
    """Return the organisations whose names hold these words, by name; at most twenty. Anybody may know that.

    Without those that were typed in by hand and not checked: nobody is led to whoever only says that they are one.
    """
    named = Organisation.name.icontains(words.replace("\x00", ""), autoescape=True)
    statement = select(Organisation).where(Organisation.listed, named)
    return db.session.scalars(statement.order_by(Organisation.name).limit(_MOST_FOUND)).all()
