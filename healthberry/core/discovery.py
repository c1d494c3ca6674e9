"""What the register knows of an organisation, as the connectors want it to look for its channels."""

from uuid import UUID

from healthberry.connectors.base import ProviderFacts
from healthberry.core import register
from healthberry.extensions import db
from healthberry.models.organisations import Organisation


def facts_of(organisation_id: UUID) -> ProviderFacts:
    """Return the facts; an organisation that is not in the register has no code and no sites."""
    organisation = db.session.get_one(Organisation, organisation_id)
    sites = register.site_codes(db.session(), organisation.ods_code) if organisation.ods_code else []
    return ProviderFacts(
        ods_code=organisation.ods_code or "",
        name=organisation.name,
        kind=organisation.kind,
        web_domain=organisation.web_domain,
        nation=organisation.nation,
        site_codes=tuple(sites),
    )
