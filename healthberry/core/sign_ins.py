"""Signing in and out, written into the audit log: done, by which factors, refused, ended."""

from collections.abc import Sequence
from typing import Final

from healthberry.core import audit, members, scope, sessions
from healthberry.models.audit import INSTALLATION
from healthberry.models.organisations import Member
from healthberry.models.sign_in import MemberSession

# By what somebody proves who they are, as the log calls it.
CODE: Final = "code by e-mail"
ACCOUNT: Final = "organisation's account"
ACCOUNT_STEP: Final = "second step of that account"
PASSKEY: Final = "passkey"
APP: Final = "app"
RECOVERY_CODE: Final = "recovery code"
REMEMBERED: Final = "remembered browser"


def done(member: Member, by: Sequence[str]) -> None:
    """Write down that a member signed in, and by which factors; their organisation must be entered."""
    audit.did(member, "signed_in", "member", member.id, by=list(by))


def proved(member: Member, row: MemberSession, by: str) -> None:
    """Note, in their session and in the log, that a member has just proved once more that it is them, and by what."""
    sessions.prove(row)
    audit.did(member, "proved", "member", member.id, by=by)


def step_refused(member: Member) -> None:
    """Write down that somebody failed at a member's second step; their organisation must be entered."""
    audit.nobody_did(member.organisation_id, "step_refused", "member", member.id)


def proof_refused(member: Member) -> None:
    """Write down a wrong code by which a member wanted to prove for whom they act."""
    audit.did(member, "proof_refused", "member", member.id)


def ended(member: Member) -> None:
    """Write down that a member signed out on one browser; their organisation must be entered."""
    audit.did(member, "signed_out", "member", member.id)


def refused(email: str, purpose: str, *, over: bool) -> None:
    """Write down a wrong code: where the address belongs, else for the installation, without the address.

    `over` says that no more tries are left. May leave the session in an organisation: commit, then leave it.
    """
    found = sorted(members.memberships_of(email), key=lambda one: one.organisation_id)
    for one in found:
        scope.enter(one.organisation_id)
        about = ("member", one.member_id)
        audit.nobody_did(one.organisation_id, "sign_in_refused", *about, purpose=purpose, over=over)
    if not found:
        audit.nobody_did(INSTALLATION, "sign_in_refused", purpose=purpose, over=over)
