"""An organisation's own accounts as a way to sign in: its issuer of OpenID Connect, tested before it is switched on.

Which mail domains it may be for: those that are proven to be the organisation's, by the register or by whoever acts
for it. Domains that many organisations share are taken from one tenant of Microsoft alone, and let nobody join.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import exists, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from healthberry.connectors import openid_issuers
from healthberry.connectors.openid import Client
from healthberry.connectors.openid_issuers import Identity, NotAnIssuer
from healthberry.core import audit, mailboxes, members
from healthberry.core.errors import Conflict, Invalid
from healthberry.core.permissions import require
from healthberry.core.vault import Vault, VaultError
from healthberry.extensions import db, part
from healthberry.models.openid import SignInIssuer
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import new_id, now
from healthberry.models.providers import Provider

ROLES = ("viewer", "responder")  # whoever joins by themselves publishes nothing that was stopped, and manages nobody
MOST_DOMAINS = 20
_LONGEST = 500
_OFFERS = text("SELECT organisation_id, organisation_name FROM sign_in_offers(:domain)")


class Offer(NamedTuple):
    """An organisation whose accounts are a way to sign in for a whole mail domain."""

    organisation_id: UUID
    organisation_name: str


@dataclass(frozen=True)
class Setup:
    """How one organisation signs its people in, as far as anybody but its form needs it."""

    organisation_id: UUID
    client: Client
    domains: Sequence[str]
    role: str
    counts_as_step: bool
    on: bool


@dataclass(frozen=True)
class Given:
    """What an administrator filled in; `secret` is "" to keep the one that is stored, `domains` are lines."""

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    domains: str
    role: str
    counts_as_step: bool


def settings_of(member: Member) -> SignInIssuer | None:
    """Return what is set up, for administrators; None where nothing is. Raises: NotAllowed."""
    require(member, "manage")
    return _row(member.organisation_id)


def setup_of(organisation_id: UUID) -> Setup | None:
    """Return how the organisation signs people in; None where nothing is set up. It must be entered."""
    row = _row(organisation_id)
    if row is None:
        return None
    vault: Vault = part("vault")
    try:
        secret = vault.open(row.sealed)["secret"]
    except VaultError:
        return None
    client = Client(row.issuer, row.client_id, secret)
    return Setup(organisation_id, client, row.domains, row.role, row.counts_as_step, row.on_since is not None)


def offers(email: str) -> list[Offer]:
    """Return whose accounts are a way in for addresses at this one's domain, whether or not it exists."""
    found = db.session.execute(_OFFERS, {"domain": mailboxes.domain_of(email)})
    return [Offer(*row) for row in found]


def save(member: Member, given: Given) -> None:
    """Keep what was filled in; what decides who somebody is has to be tested anew, and is off until then.

    Raises: NotAllowed; Invalid with the field that needs another look.
    """
    require(member, "manage")
    row = _row(member.organisation_id, lock=True)
    values = _decisive(member, given, row)
    if given.role not in ROLES:
        raise Invalid("Choose what people who join may do", "role")
    same = row is not None and all(getattr(row, name) == value for name, value in values.items())
    values |= {"role": given.role, "counts_as_step": given.counts_as_step}
    if not same:
        values |= {"tested_at": None, "on_since": None}
    _keep(member.organisation_id, values)
    told = {name: values[name] for name in ("domains", "role", "counts_as_step")}
    audit.did(member, "issuer_changed", issuer=values["issuer"], off=not same, **told)


def passed(member: Member, setup: Setup, identity: Identity) -> None:
    """Note that an administrator signed in through the issuer as it is set up.

    Raises: Invalid, NotAllowed, Conflict.
    """
    require(member, "manage")
    row = _row(member.organisation_id, lock=True)
    tried = (setup.client.issuer, setup.client.client_id, setup.domains)
    if row is None or (row.issuer, row.client_id, row.domains) != tried:
        raise Conflict("It was changed meanwhile. Test it once more.")
    email = believed_address(identity)
    if not email:
        raise Invalid(
            "The issuer signed you in, but does not vouch for your e-mail address. It has to send “email” with "
            "“email_verified”, or from Microsoft Entra with “xms_edov”."
        )
    if mailboxes.domain_of(email) not in row.domains:
        raise Invalid("The issuer signed you in with an address at a domain that is not in your list.")
    row.tested_at = now()
    audit.did(member, "issuer_tested", issuer=row.issuer)


def switch(member: Member, *, on: bool) -> None:
    """Let people in through the issuer, or no more. Raises: NotAllowed; Conflict before it was tested."""
    require(member, "manage")
    row = _row(member.organisation_id, lock=True)
    if row is None or (on and row.tested_at is None):
        raise Conflict("Test it first: sign in through it yourself.")
    if on != (row.on_since is not None):
        row.on_since = now() if on else None
        audit.did(member, "issuer_switched_on" if on else "issuer_switched_off", issuer=row.issuer)


def proven_domains(organisation: Organisation) -> set[str]:
    """Return the mail domains that are proven to be the organisation's own; it must be entered.

    That of the register; and those of its administrators, unless many share them or the register knows them for
    somebody else's.
    """
    typed = {mailboxes.domain_of(one.email) for one in members.administrators(organisation.id)}
    proven = {one for one in typed - mailboxes.SHARED if not _is_anothers(one, organisation)}
    at_register = mailboxes.registered(organisation.web_domain) if organisation.listed else ""
    return proven | ({at_register} - mailboxes.SHARED - {""})


def believed_address(identity: Identity) -> str:
    """Return the one spelling of the address that the issuer vouches for, "" for none."""
    try:
        return mailboxes.normalise(identity.email)
    except Invalid:
        return ""


def rotate(organisation_id: UUID) -> None:
    """Seal the client's secret with the newest key. Raises: VaultError."""
    row, vault = _row(organisation_id, lock=True), part("vault")
    if row is not None:
        row.sealed = vault.rotate(row.sealed)


def _row(organisation_id: UUID, *, lock: bool = False) -> SignInIssuer | None:
    statement = select(SignInIssuer).where(SignInIssuer.organisation_id == organisation_id)
    return db.session.scalar(statement.with_for_update() if lock else statement)


def _decisive(member: Member, given: Given, row: SignInIssuer | None) -> dict[str, Any]:
    """Return the columns that decide who somebody is. Raises: Invalid."""
    issuer, client_id = _issuer(given.issuer), given.client_id.strip()
    if not client_id or len(client_id) > _LONGEST or not client_id.isprintable():
        raise Invalid("Enter the client id that the issuer gave you", "client_id")
    domains, sealed = _domains(member, given.domains, issuer), _sealed(given.secret.strip(), row)
    return {"issuer": issuer, "client_id": client_id, "domains": domains, "sealed": sealed}


def _keep(organisation_id: UUID, values: dict[str, Any]) -> None:
    statement = insert(SignInIssuer).values(organisation_id=organisation_id, id=new_id(), **values)
    statement = statement.on_conflict_do_update(index_elements=["organisation_id"], set_=values)
    db.session.scalars(statement.returning(SignInIssuer), execution_options={"populate_existing": True}).one()


def _issuer(typed: str) -> str:
    try:
        issuer: str = part("openid").checked(typed)
    except NotAnIssuer as error:
        raise Invalid(str(error), "issuer") from error
    return issuer


def _domains(member: Member, typed: str, issuer: str) -> list[str]:
    lines = [line.strip().lstrip("@").rstrip(".") for line in typed.lower().replace(",", "\n").splitlines()]
    found = list(dict.fromkeys(line for line in lines if line))
    if not 0 < len(found) <= MOST_DOMAINS:
        raise Invalid(
            f"Enter the mail domains of your organisation, one on each line, at most {MOST_DOMAINS}", "domains"
        )
    proven = proven_domains(members.organisation_of(member))
    for one in found:
        if one in mailboxes.SHARED and not openid_issuers.tenant_of(issuer):
            raise Invalid(
                f"{_shown(one)} is shared by many organisations. It can be used with the issuer of one Microsoft "
                "tenant alone, and for people who are members already",
                "domains",
            )
        if one not in mailboxes.SHARED | proven:
            raise Invalid(
                f"{_shown(one)} is not proven to be your organisation's. It has to be the domain in the national "
                "register, or that of an administrator's address",
                "domains",
            )
    return found


def _sealed(secret: str, row: SignInIssuer | None) -> bytes:
    if not secret and row is not None:
        return row.sealed
    if not secret or len(secret) > _LONGEST or not secret.isprintable():
        raise Invalid("Enter the client secret that the issuer gave you", "client_secret")
    vault: Vault = part("vault")
    return vault.seal({"secret": secret})


def _is_anothers(domain: str, organisation: Organisation) -> bool:
    """Say whether the register knows this domain for other providers, and not for this one."""
    if mailboxes.registered(organisation.web_domain) == domain:
        return False
    spelled = [domain, f"www.{domain}"]
    at_register = exists().where(func.lower(Provider.web_domain).in_(spelled))
    others = exists().where(func.lower(Organisation.web_domain).in_(spelled), Organisation.id != organisation.id)
    return bool(db.session.scalar(select(or_(at_register, others))))


def _shown(domain: str) -> str:
    return domain if len(domain) <= 60 else f"{domain[:60]}…"
