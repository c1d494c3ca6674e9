"""What each trust level and role may do (domain rules, trust ladder).

Level 1 proved a mailbox: it sees public items and writes drafts of its own. Level 2 proved the organisation: it also
sees colleagues, notes and assignees, publishes, and (as administrator) invites and links channels.
"""

from healthberry.core.errors import NotAllowed
from healthberry.models.organisations import MAILBOX_VERIFIED, ORGANISATION_VERIFIED, Member

_LEVEL = {
    "own": MAILBOX_VERIFIED,  # one's own settings, sign-in and leaving
    "read": MAILBOX_VERIFIED,
    "draft": MAILBOX_VERIFIED,
    "link": MAILBOX_VERIFIED,  # find, link and switch channels; before the organisation is proven, alone
    "see_colleagues": ORGANISATION_VERIFIED,
    "see_providers": ORGANISATION_VERIFIED,  # of a commissioner: figures and what is published (core.commissioning)
    "handle": ORGANISATION_VERIFIED,  # assign, close, snooze, note
    "publish": ORGANISATION_VERIFIED,
    "override_guard": ORGANISATION_VERIFIED,  # publish what the guard found, with a reason
    "curate": ORGANISATION_VERIFIED,  # take one item off the public page, and put it back
    "manage": ORGANISATION_VERIFIED,  # people, channels, settings
}
_INSIDE = {"administrator", "approver", "responder", "viewer"}  # everybody but commissioners, who see providers alone
_ROLES = {
    "read": _INSIDE,
    "draft": _INSIDE,
    "see_colleagues": _INSIDE,
    "publish": {"administrator", "approver", "responder"},
    "handle": {"administrator", "approver", "responder"},
    "override_guard": {"administrator", "approver"},
    "curate": {"administrator", "approver"},
    "link": {"administrator"},
    "manage": {"administrator"},
}
# Roles are given to people of a proven organisation. Until then these depend on more than a role, which the core asks.
_BEFORE_ROLES = {"link"}
ACTIONS = frozenset(_LEVEL)

NEXT_STEP = (
    "You have proved your mailbox, not yet that you act for this organisation. Your settings say what is missing."
)


def may(member: Member, action: str) -> bool:
    """Say whether `member` may do `action`, one of the names above."""
    if member.left_at is not None or member.level < _LEVEL[action]:
        return False
    if action in _BEFORE_ROLES and member.level < ORGANISATION_VERIFIED:
        return True
    return action not in _ROLES or member.role in _ROLES[action]


def require(member: Member, action: str) -> None:
    """Refuse unless `member` may do `action`. Raises: NotAllowed with the next step in words."""
    if may(member, action):
        return
    if member.level < _LEVEL[action]:
        raise NotAllowed(NEXT_STEP)
    raise NotAllowed("Your role does not allow this. Ask an administrator of your organisation.")
