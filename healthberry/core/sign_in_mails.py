"""The mails that tell a member that how they sign in was changed: whoever did it without them does not stay unseen.

They go by the outbox, in the transaction of the change. What such a mail says (what, when, from which network and
browser, never a secret) stands in its outbox row, for nothing else remembers all of it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from healthberry.core import claim_mails, origin
from healthberry.core.alerts import NotNeeded
from healthberry.core.outbox import Claimed
from healthberry.extensions import db
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now

KIND: Final = "sign_in_changed"
_LONGEST_NAME: Final = 200
WHAT: Final[Mapping[str, str]] = {
    "app_added": "An authenticator app was set up",
    "app_removed": "Your authenticator app was removed",
    "passkey_added": "A passkey was added",
    "passkey_removed": "A passkey was removed",
    "codes_made": "New recovery codes were made: the old ones no longer work",
    "code_used": "A recovery code was used",
    "account_linked": "An account of your organisation was linked: whoever signs in there, signs in as you",
    "account_unlinked": "An account of your organisation was unlinked",
    "reset": "Your second steps and recovery codes were removed, and you were signed out everywhere",
}


@dataclass(frozen=True)
class Change:
    """All that such a mail says; `by` is "" where the member's own sign-in did it, `name` what it is called."""

    to: str
    member_name: str
    organisation: str
    what: str
    name: str
    by: str
    at: datetime
    network: str
    browser: str


def tell(member: Member, what: str, name: str = "", *, by: str = "") -> None:
    """Have a member told of a change, once for each; `what` is one of `WHAT`, `by` who did it, where that was another.

    From where another did it is not the member's business.
    """
    whence = origin.present() if not by else origin.Origin()
    said = {
        "what": what,
        "name": name[:_LONGEST_NAME],
        "by": by,
        "at": now().isoformat(),
        "network": whence.network,
        "browser": whence.browser,
    }
    claim_mails.queue(KIND, member.organisation_id, [member.id], json.dumps(said))


def load(mail: Claimed) -> Change:
    """Load what the claimed mail says. Raises: NotNeeded when they have left."""
    member = db.session.get(Member, (mail.organisation_id, mail.member_id), populate_existing=True)
    if member is None or member.left_at is not None:
        raise NotNeeded("They have left the organisation.")
    said = json.loads(mail.about)
    return Change(
        to=member.email,
        member_name=member.name,
        organisation=db.session.get_one(Organisation, mail.organisation_id).name,
        what=WHAT[said["what"]],
        name=said["name"],
        by=said["by"],
        at=datetime.fromisoformat(said["at"]),
        network=said["network"],
        browser=said["browser"],
    )
