"""Links that a member began: kept sealed while they are at the provider, or until they chose what to link.

The database knows a link by the hash of its state alone. It is good for an hour, once, and for its member.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from healthberry.connectors.base import Access, Linkable, Linkables, Listing
from healthberry.core.errors import Conflict, NotAllowed
from healthberry.core.vault import Vault, VaultError
from healthberry.extensions import db, part
from healthberry.models.organisations import Member
from healthberry.models.owned import now
from healthberry.models.pushes import PendingLink

GOOD_FOR = timedelta(hours=1)
_STALE = "This was started too long ago, was finished already, or was started by somebody else. Start again."


@dataclass(frozen=True)
class Begun:
    """A link that was begun: what was filled in or signed in to, and, once it is known, what can be linked.

    `channel_id` is set where a channel is connected again or its settings change. `wanted` is the page to go to
    afterwards, "" for the usual one.
    """

    kind: str
    access: Access = field(default_factory=lambda: Access({}))
    verifier: str = field(default="", repr=False)
    found: Linkables = field(default_factory=Linkables)
    channel_id: UUID | None = None
    wanted: str = ""


def new_state() -> str:
    """Return a state that nobody guesses."""
    return secrets.token_urlsafe(32)


def keep(member: Member, begun: Begun, state: str) -> None:
    """Keep, sealed, a link that `member` began, under the hash of `state`."""
    vault: Vault = part("vault")
    kept = PendingLink(
        organisation_id=member.organisation_id,
        member_id=member.id,
        channel_id=begun.channel_id,
        kind=begun.kind,
        state_hash=_hash(state),
        sealed=vault.seal({"link": _packed(begun)}),
        wanted=begun.wanted,
    )
    db.session.add(kept)
    db.session.flush()


def look_up(member: Member, kind: str, state: str) -> Begun:
    """Return the link that `member` began, and leave it.

    Raises: Conflict when there is none, it is too old, or of another kind; NotAllowed when it is a colleague's.
    """
    return _opened(_found(member, kind, state, lock=False))


def take(member: Member, kind: str, state: str) -> Begun:
    """Return the link that `member` began, and forget it: it counts once.

    Raises: Conflict when there is none, it is too old, or of another kind; NotAllowed when it is a colleague's.
    """
    row = _found(member, kind, state, lock=True)
    begun = _opened(row)
    db.session.delete(row)
    db.session.flush()
    return begun


def forget_old(at: datetime | None = None) -> None:
    """Delete, of every organisation, what nobody may finish any more."""
    db.session.execute(text("SELECT forget_pending_links(:before)"), {"before": (at or now()) - GOOD_FOR})


def _found(member: Member, kind: str, state: str, *, lock: bool) -> PendingLink:
    statement = select(PendingLink).where(
        PendingLink.organisation_id == member.organisation_id, PendingLink.state_hash == _hash(state)
    )
    row = db.session.scalar(statement.with_for_update() if lock else statement)
    if row is None or row.kind != kind or row.made_at < now() - GOOD_FOR:
        raise Conflict(_STALE)
    if row.member_id != member.id:
        raise NotAllowed(_STALE)
    return row


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).hexdigest()


def _packed(begun: Begun) -> str:
    found = [_plain(one) for one in begun.found.found]
    kept = {"access": _plain(begun.access), "verifier": begun.verifier, "found": found}
    return json.dumps(kept | {"problems": list(begun.found.problems)})


def _plain(one: Access | Linkable) -> dict[str, Any]:
    return asdict(one) | {"expires_at": one.expires_at.isoformat() if one.expires_at else None}


def _opened(row: PendingLink) -> Begun:
    vault: Vault = part("vault")
    try:
        kept = json.loads(vault.open(row.sealed)["link"])
    except VaultError as error:
        raise Conflict(_STALE) from error
    return Begun(
        kind=row.kind,
        access=Access(**_timed(kept["access"])),
        verifier=kept["verifier"],
        found=Linkables([_linkable(one) for one in kept["found"]], kept["problems"]),
        channel_id=row.channel_id,
        wanted=row.wanted,
    )


def _linkable(kept: Mapping[str, Any]) -> Linkable:
    reveal = tuple((label, value) for label, value in kept["reveal"])
    return Linkable(**_timed(kept) | {"listing": Listing(**kept["listing"]), "reveal": reveal})


def _timed(kept: Mapping[str, Any]) -> dict[str, Any]:
    expires_at = kept["expires_at"]
    return {**kept, "expires_at": datetime.fromisoformat(expires_at) if expires_at else None}
