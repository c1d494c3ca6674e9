"""Joining an organisation: choosing it, becoming its member, and how far one is trusted at first."""

import json
import re
import unicodedata
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from healthberry.core import claim_mails, claim_times, claims, disputes, events, mailboxes, members, register, scope
from healthberry.core.errors import Invalid
from healthberry.extensions import db
from healthberry.models.organisations import MAILBOX_VERIFIED, Member, Organisation
from healthberry.models.owned import new_id, now
from healthberry.models.providers import Provider
from healthberry.register.kinds import KINDS

_TYPED = "typed:"
_LONGEST = 120
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{1,19}")  # social care carries hyphens: 1-101640919


@dataclass(frozen=True)
class Choice:
    """The organisation that somebody wants to join; `subject` is how a code remembers it.

    `web_domain` is the one whose addresses publish at once, "" where there is none.
    """

    subject: str
    name: str
    kind: str
    town: str
    postcode: str = ""
    web_domain: str = ""

    @property
    def listed(self) -> bool:
        """Say whether the register has it."""
        return not self.subject.startswith(_TYPED)


@dataclass(frozen=True)
class Joined:
    """Who joined what. `new` is false for a member who signed up again: they are merely signed in."""

    member: Member
    organisation: Organisation
    new: bool
    first: bool


def choose(ods_code: str) -> Choice:
    """Return the provider to join. Raises: Invalid for a code that the register does not have, and for a closed one."""
    provider = _provider(ods_code)
    if provider.closed_on is not None:
        raise Invalid(f"{provider.name} has closed. Choose the organisation that it is now part of.", "q")
    return Choice(
        provider.ods_code,
        provider.name,
        provider.kind,
        provider.town or "",
        provider.postcode or "",
        (provider.web_domain or "") if mailboxes.may_prove(provider.web_domain) else "",
    )


def _provider(ods_code: str) -> Provider:
    provider = register.find(db.session(), ods_code) if _CODE.fullmatch(ods_code.strip()) else None
    if provider is None:
        raise Invalid("We do not know this organisation. Search for it by name, town or postcode.", "q")
    return provider


def typed(name: str, kind: str, town: str) -> Choice:
    """Return an organisation that was typed in by hand. Raises: Invalid with the field that needs another look."""
    name, town = plain(name), plain(town)
    if not name:
        raise Invalid("Enter the name of your organisation", "organisation")
    if len(name) > _LONGEST:
        raise Invalid(f"The name must be {_LONGEST} characters or fewer", "organisation")
    if kind not in KINDS:
        raise Invalid("Choose what kind of organisation it is", "kind")
    if not town or len(town) > _LONGEST:
        raise Invalid("Enter the town that it is in", "town")
    subject = _TYPED + json.dumps({"name": name, "kind": kind, "town": town}, ensure_ascii=False)
    return Choice(subject, name, kind, town)


def recall(subject: str) -> Choice:
    """Return the choice that a code remembers. Raises: Invalid when it can't be joined any more."""
    if not subject.startswith(_TYPED):
        return choose(subject)
    return typed(*(json.loads(subject.removeprefix(_TYPED))[field] for field in ("name", "kind", "town")))


def person(name: str) -> str:
    """Return a person's name on one line. Raises: Invalid."""
    name = plain(name)
    if not name:
        raise Invalid("Enter your name", "name")
    if len(name) > _LONGEST:
        raise Invalid(f"Your name must be {_LONGEST} characters or fewer", "name")
    return name


def plain(typed_text: str) -> str:
    """Return the text on one line, without control characters and with single spaces."""
    kept = "".join(" " if unicodedata.category(character)[0] in "CZ" else character for character in typed_text)
    return " ".join(kept.split())


def join(choice: Choice, email: str, name: str) -> Joined:
    """Make this proven mailbox a member, and the organisation if it is the first; a second call only finds them.

    Leaves the session inside the organisation. Somebody who was removed comes back with a mailbox's trust alone.
    """
    organisation, first = _organisation(choice)
    scope.enter(organisation.id)
    member, new = _member(organisation, email, name)
    if first:
        events.record(organisation.id, "organisation_joined", member=member)
    if new and member.level == MAILBOX_VERIFIED:
        _ask_those_who_know(member)
    if new:
        events.record(organisation.id, "member_joined", subject_id=member.id, member=member, level=member.level)
    return Joined(member, organisation, new, first)


def _ask_those_who_know(member: Member) -> None:
    """Tell the administrators of somebody whom they may approve or refuse; where nobody has proved anything, freeze."""
    told = [one.id for one in members.administrators(member.organisation_id)]
    claim_mails.queue(claim_mails.JOINED, member.organisation_id, told, claim_times.cause_of(claims.of_member(member)))
    disputes.open_unproven(member)


def _organisation(choice: Choice) -> tuple[Organisation, bool]:
    """Return the organisation, and whether it was made just now; two first members at the same moment make one."""
    if not choice.listed and (known := _typed_before(choice)):
        return known, False
    row = {"id": new_id(), "name": choice.name, "kind": choice.kind, "town": choice.town, "discover_next_at": now()}
    if choice.listed:
        provider = _provider(choice.subject)
        row |= {
            "ods_code": provider.ods_code,
            "nation": provider.nation,
            "postcode": provider.postcode,
            "web_domain": provider.web_domain,
        }
    else:
        row |= {"listed": False}
    made = insert(Organisation).values(row).on_conflict_do_nothing(index_elements=["ods_code"])
    organisation_id: UUID | None = db.session.scalar(made.returning(Organisation.id))
    if organisation_id is not None:
        return db.session.get_one(Organisation, organisation_id), True
    found = select(Organisation).where(Organisation.ods_code == choice.subject)
    return db.session.scalars(found).one(), False


def _typed_before(choice: Choice) -> Organisation | None:
    """Find what a colleague typed in by hand, in the same words."""
    same = (
        Organisation.ods_code.is_(None),
        func.lower(Organisation.name) == choice.name.lower(),
        func.lower(Organisation.town) == choice.town.lower(),
        Organisation.kind == choice.kind,
    )
    return db.session.scalar(select(Organisation).where(*same).order_by(Organisation.created_at).limit(1))


def _member(organisation: Organisation, email: str, name: str) -> tuple[Member, bool]:
    trusted = organisation.listed and mailboxes.proves(email, organisation.web_domain)
    row = {"organisation_id": organisation.id, "id": new_id(), "email": email, "name": name}
    made = insert(Member).values(row).on_conflict_do_nothing(index_elements=["organisation_id", "email"])
    new = db.session.scalar(made.returning(Member.id)) is not None
    statement = select(Member).where(Member.organisation_id == organisation.id, Member.email == email)
    member = db.session.scalars(statement.with_for_update(key_share=True)).one()
    came_back = member.left_at is not None
    if came_back:
        members.come_back(member)
    if new or came_back:
        claims.begin(member)
    if trusted and not came_back and claims.of_member(member).refused_at is None:
        members.trust(member, "domain")
    return member, new or came_back
