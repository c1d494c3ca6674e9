"""Which replies are looked through before they become public, and who may let stand what was found.

What only one person will read (e-mails, private messages) may say what it has to: it is not looked through; notes are
never sent. Every public reply begins in `replies.queue_reply` or again in `replies.retry`: both ask `check`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select

from healthberry.connectors.base import ReplyPermission
from healthberry.core import events, organisations
from healthberry.core.channels import capabilities_of
from healthberry.core.errors import CoreError, Invalid
from healthberry.core.guarding import Finding, Kind, Own, look, own
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member, Organisation
from healthberry.models.providers import Provider
from healthberry.models.replies import Reply

LONGEST_REASON: Final = 300
_SHORTEST_REASON: Final = 5
_FOUND: Final = "This was not published. It may say who somebody is, or that they are a patient."
_OTHER_WORDS: Final = "Something else was found than what you looked at. Look again before you publish it all the same."


class Guarded(CoreError):
    """A public reply in which something was found that should not be public."""


@dataclass(frozen=True)
class LetStand:
    """Somebody's will to publish all the same, and why. `seen` is the `mark` of the findings that they looked at."""

    reason: str
    seen: str


def is_public(channel: Channel, allowed: ReplyPermission, way: str) -> bool:
    """Say whether others than the one it answers could read a reply sent this way."""
    rules = capabilities_of(channel.kind)
    if rules.private or rules.notes_answers or allowed.private:
        return False
    chosen = next((one for one in allowed.ways if one.name == way), allowed.ways[0] if allowed.ways else None)
    return not (chosen is not None and chosen.private)


def findings(member: Member, channel: Channel, allowed: ReplyPermission, text: str, way: str) -> list[Finding]:
    """Return what should not stand in `text` if it were published this way; [] where nobody else could read it."""
    if not text.strip() or not is_public(channel, allowed, way):
        return []
    return look(text, own_of(member))


def own_of(member: Member) -> Own:
    """Return what of the organisation and of the writer is harmless: names, postcodes, what is published."""
    return own_of_organisation(member.organisation_id, member.name)


def own_of_organisation(organisation_id: UUID, writer: str = "") -> Own:
    """Return the same of an organisation, whoever writes for it."""
    organisation = db.session.get_one(Organisation, organisation_id)
    return own(
        name=organisation.name,
        writer=writer,
        postcodes=[organisation.postcode, *_postcodes(organisation.ods_code)],
        contacts=organisations.details_of(organisation_id).published_contacts,
    )


def _postcodes(ods_code: str | None) -> Sequence[str | None]:
    if ods_code is None:
        return ()
    of_it = or_(Provider.ods_code == ods_code, Provider.parent_code == ods_code)
    return db.session.scalars(select(Provider.postcode).where(of_it, Provider.closed_on.is_(None)).distinct()).all()


def mark(text: str, found: Sequence[Finding]) -> str:
    """Return a name for these findings: what somebody let stand is just what they looked at."""
    told = "\n".join(f"{one.kind} {text[one.start : one.end]}" for one in found)
    return sha256(told.encode(errors="replace")).hexdigest()[:32]


def check(
    member: Member,
    channel: Channel,
    allowed: ReplyPermission,
    text: str,
    way: str,
    let_stand: LetStand | None = None,
    before: Sequence[str] = (),
) -> list[Kind]:
    """Return the kinds of what was found and let stand; [] where nothing was found.

    `before` are the kinds that somebody let stand in these very words when they were first sent off.

    Raises: Guarded where something was found; NotAllowed for who may not let it stand; Invalid (let_stand_reason).
    """
    found = findings(member, channel, allowed, text, way)
    kinds = sorted({one.kind for one in found})
    if set(kinds) <= set(before):
        return kinds
    if let_stand is None:
        raise Guarded(_FOUND)
    require(member, "override_guard")
    if let_stand.seen != mark(text, found):
        raise Guarded(_OTHER_WORDS)
    reason_of(member, let_stand)
    return kinds


def reason_of(member: Member, let_stand: LetStand) -> str:
    """Return the reason as it is kept. Raises: Invalid for none, a long one, and one that tells what was found."""
    reason = " ".join(let_stand.reason.replace("\x00", "").split())
    if len(reason) < _SHORTEST_REASON:
        raise Invalid("Say why this may be published all the same.", "let_stand_reason")
    if len(reason) > LONGEST_REASON:
        raise Invalid(f"Give the reason in up to {LONGEST_REASON} characters.", "let_stand_reason")
    if any(one.kind != "patient" for one in look(reason, own_of(member))):
        raise Invalid("Give the reason without names, numbers, dates or addresses: it is kept.", "let_stand_reason")
    return reason


def note(member: Member, reply: Reply, let_stand: LetStand | None) -> None:
    """Record who let what stand and why; never the words themselves."""
    if reply.let_stand and let_stand is not None:
        events.record(
            reply.organisation_id,
            "guard_overridden",
            conversation_id=reply.conversation_id,
            subject_id=reply.id,
            member=member,
            kinds=list(reply.let_stand),
            reason=reason_of(member, let_stand),
        )
