"""Claims that something is to be done about: told to the organisation, reminded of, or over."""

from uuid import UUID

from healthberry.connectors.site_proofs import NotSeen
from healthberry.core import claim_times, published, scope
from healthberry.core.events import commit
from healthberry.extensions import part
from healthberry.jobs.base import job


@job("ingest", timeout_seconds=60, kind="claim")
def attend(organisation: str, member_id: str) -> None:
    """Look for the organisation's contact mailbox where that is needed, then do what is due; again: nothing is."""
    organisation_id, claimant = UUID(organisation), UUID(member_id)
    scope.enter(organisation_id)
    domain = claim_times.website_to_look_at(organisation_id, claimant)
    commit()  # no connection to the database is held while the website is waited for
    if domain:
        try:
            address, page = part("site_proofs").contact_mailbox(domain)
        except NotSeen as reason:
            if reason.passes:
                return  # another look in an hour, five in all
            address, page = "", ""
        published.keep(organisation_id, address, page)
    claim_times.attend(organisation_id, claimant)
    commit()
