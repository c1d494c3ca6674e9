"""The contact mailbox that an organisation publishes on its own website: whoever reads it can speak for it."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from healthberry.core import mailboxes
from healthberry.extensions import db
from healthberry.models.claims import PublishedMailbox
from healthberry.models.organisations import Organisation
from healthberry.models.owned import now

_KEPT: Final = timedelta(days=30)


def domain_of(organisation: Organisation) -> str:
    """Return the web domain whose website and DNS speak for the organisation, "" for none."""
    proves = organisation.listed and mailboxes.may_prove(organisation.web_domain)
    return (organisation.web_domain or "") if proves else ""


def mailbox_of(organisation_id: UUID) -> PublishedMailbox | None:
    """Return what the last look found; None before the first one. The organisation must be entered."""
    return db.session.get(PublishedMailbox, organisation_id, populate_existing=True)


def look_is_due(organisation_id: UUID) -> bool:
    """Say whether the website is to be looked at (again): a mailbox may have moved within a month."""
    found = mailbox_of(organisation_id)
    return found is None or now() - found.looked_at > _KEPT


def keep(organisation_id: UUID, address: str, page: str) -> None:
    """Remember what a look found, "" for nothing."""
    values = {"address": address, "page": page, "looked_at": now()}
    statement = insert(PublishedMailbox).values(organisation_id=organisation_id, **values)
    db.session.execute(statement.on_conflict_do_update(index_elements=["organisation_id"], set_=values))
