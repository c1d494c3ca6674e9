"""What the operator says of who commissions whom, where the register says nothing, or something wrong."""

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from healthberry.core import audit, scope
from healthberry.core.errors import Invalid
from healthberry.core.operator import code_of, find_organisation
from healthberry.extensions import db
from healthberry.models.commissioning import Commissioned
from healthberry.models.organisations import Organisation
from healthberry.models.owned import now


def say(provider_code: str, commissioner_code: str, is_so: bool | None) -> str:
    """Say that one commissions the other, or that it does not, or (None) leave it to the register; return a sentence.

    Both are told by their own pages and audit logs. The caller commits. Raises: Invalid.
    """
    scope.leave()  # nobody who acts for an organisation may say it
    provider, commissioner = _of(provider_code), _of(commissioner_code)
    if provider.id == commissioner.id:
        raise Invalid("These are the same organisation.")
    names = (provider.name, commissioner.name)
    ids = {"provider_id": provider.id, "commissioner_id": commissioner.id}
    if is_so is None:
        db.session.execute(delete(Commissioned).filter_by(**ids))
    else:
        row = insert(Commissioned).values(**ids, is_so=is_so, said_at=now())
        changed = {"is_so": is_so, "said_at": now()}
        db.session.execute(row.on_conflict_do_update(index_elements=list(ids), set_=changed))
    details = {"provider": provider.name, "commissioner": commissioner.name, "is_so": is_so}
    for organisation_id in ids.values():
        scope.enter(organisation_id)
        audit.operated("commissioning_said", "", "organisation", ids["provider_id"], organisation_id, **details)
    if is_so is None:
        return f"{names[1]} commissions {names[0]} only if the register says so."
    return f"{names[1]} {'now commissions' if is_so else 'does not commission'} {names[0]}."


def listed() -> list[str]:
    """Return one line for each thing that the operator said."""
    scope.leave()
    columns = (Commissioned.provider_id, Commissioned.commissioner_id, Commissioned.is_so)
    found = db.session.execute(select(*columns))
    lines = []
    for provider_id, commissioner_id, is_so in found.all():
        ends = [db.session.get_one(Organisation, one) for one in (commissioner_id, provider_id)]
        named = [f"{one.name} ({code_of(one)})" for one in ends]
        lines.append(f"{named[0]} {'commissions' if is_so else 'does not commission'} {named[1]}")
    return sorted(lines)


def _of(code: str) -> Organisation:
    found = find_organisation(code)
    if found is None:
        raise Invalid(f"No organisation with the code {code} has signed up.")
    return found
