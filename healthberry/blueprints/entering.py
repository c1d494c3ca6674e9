"""What a proven mailbox opens: an organisation newly joined, one's own, or the choice among several."""

import time
from uuid import UUID

from flask import redirect, session, url_for
from werkzeug.wrappers import Response

from healthberry.blueprints import devices, guard, known_browsers, leading, steps
from healthberry.core import (
    audit,
    conversations,
    events,
    invitations,
    members,
    operator_sessions,
    scope,
    second_step,
    sign_ins,
    signup,
    teams,
)
from healthberry.core.errors import NotFound
from healthberry.core.members import Membership
from healthberry.extensions import part
from healthberry.mail import send
from healthberry.models.audit import INSTALLATION
from healthberry.models.organisations import EmailCode, Member
from healthberry.models.owned import now

_PROVEN = "proven"
_CHOICE_SECONDS = 600


def enter(proven: EmailCode, wanted: str | None) -> Response:
    """Sign in whoever the code proved, and lead on: to `wanted`, else to what suits. Commits.

    Raises: Invalid for an invitation that is worth nothing any more.
    """
    known_browsers.know(proven.email)
    return _BY_PURPOSE[proven.purpose](proven, wanted)


def enter_as(organisation_id: UUID, member_id: UUID, wanted: str | None) -> Response:
    """Sign in one membership that was proven to be this person's. Commits. Raises: NotFound when they left."""
    scope.enter(organisation_id)
    return _admit(members.find_present(organisation_id, member_id), wanted or url_for("inbox.index"))


def enter_known(member: Member, wanted: str | None, *, step_done: bool) -> Response:
    """Sign in a member whom their organisation's own sign-in knows. Commits.

    `step_done`: a second step was asked for there, and counts. Nobody can tell how long ago they signed in there: it is
    no fresh proof.
    """
    onward = wanted or url_for("inbox.index")
    known_browsers.know(member.email)
    if not step_done:
        return _admit(member, onward, fresh=False)
    events.commit()
    guard.sign_in(member, by=(sign_ins.ACCOUNT, sign_ins.ACCOUNT_STEP), proven_at=None, step_elsewhere=True)
    return redirect(onward, 303)


def _admit(member: Member, onward: str, *, fresh: bool = True) -> Response:
    """Sign in a member whose mailbox was proven; whoever has a second step is asked for it first. Commits.

    A browser that is remembered is not asked; it has proven what it proved then, and no more. `fresh`: the mailbox was
    proven just now.
    """
    has_one, first = second_step.is_set_up(member), sign_ins.CODE if fresh else sign_ins.ACCOUNT
    known = devices.remembered(member) if has_one else None
    proven_at, until = (known.proven_at, known.remembered_until) if known else (now() if fresh else None, None)
    if known:
        known.remembered_until = None  # from now on by the new session
    events.commit()
    if has_one and not known:
        return steps.lead_on(member, onward, first)
    by = (first, sign_ins.REMEMBERED) if known else (first,)
    row = guard.sign_in(member, by=by, proven_at=proven_at, remembered_until=until)
    response = redirect(onward, 303)
    if known:
        devices.remember(response, row)
    return response


def reply_subject(member: Member, conversation_id: UUID) -> str:
    """Return the subject of a code that lets `member` answer this conversation.

    It stands with the code in the database, so that a browser can neither lose nor choose where the code leads.
    """
    return f"{member.organisation_id}:{member.id}:{conversation_id}"


def composer_of(conversation_id: UUID) -> str:
    """Return the local path of the conversation's composer."""
    return url_for("conversation.show", conversation_id=conversation_id, _anchor="reply")


def choices() -> tuple[list[Membership], str | None]:
    """Return the organisations that the proven person may choose from, and where they wanted to go; [] for nobody."""
    proven = session.get(_PROVEN) or {}
    if time.time() - proven.get("at", 0) > _CHOICE_SECONDS:
        return [], None
    return members.memberships_of(proven["email"]), leading.local_path(proven.get("next"))


def _sign_up(proven: EmailCode, wanted: str | None) -> Response:
    joined = signup.join(signup.recall(proven.subject), proven.email, proven.name)
    events.commit()
    if joined.first and not joined.organisation.listed:
        _tell_operator(joined)
    return _admit(joined.member, url_for("welcome.index") if joined.new else wanted or url_for("inbox.index"))


def _sign_in(proven: EmailCode, wanted: str | None) -> Response:
    found = members.memberships_of(proven.email)
    if len(found) == 1:
        return enter_as(found[0].organisation_id, found[0].member_id, wanted)
    events.commit()
    session[_PROVEN] = {"email": proven.email, "at": time.time(), "next": wanted}
    return redirect(url_for("session.choose"), 303)


def _follow_link(proven: EmailCode, wanted: str | None) -> Response:
    """Lead to the composer of the conversation that the code was asked for; to the inbox where it is there no more."""
    organisation_id, member_id, conversation_id = (UUID(part) for part in proven.subject.split(":"))
    scope.enter(organisation_id)
    member = members.find_present(organisation_id, member_id)
    try:
        conversations.find(member, conversation_id)
    except NotFound:
        return enter_as(organisation_id, member_id, None)
    return enter_as(organisation_id, member_id, composer_of(conversation_id))


def _accept(proven: EmailCode, wanted: str | None) -> Response:
    invitation = invitations.read(proven.subject)
    organisation_id = invitation.organisation.id
    member = members.add(organisation_id, invitation.email, proven.name, invitation.role, invitation.inviter)
    if invitation.team_id:
        teams.join(invitation.inviter, member, invitation.team_id)
    return _admit(member, wanted or url_for("inbox.index"))


def _prove_account(proven: EmailCode, wanted: str | None) -> Response:
    """Sign in a member who brought an account of their organisation's; it is linked on the page that comes next."""
    organisation_id, member_id = map(UUID, proven.subject.split(":"))
    return enter_as(organisation_id, member_id, wanted)


def _confirm(proven: EmailCode, wanted: str | None) -> Response:
    """Take the code as a fresh proof, in the browser that asked for it alone; whoever has a second step uses that."""
    row = guard.this_session()
    if proven.subject != guard.name_of(row) or second_step.is_set_up(guard.member()):
        raise NotFound
    sign_ins.proved(guard.member(), row, sign_ins.CODE)
    events.commit()
    return redirect(url_for("confirm.go_on"), 303)


def _operate(proven: EmailCode, wanted: str | None) -> Response:
    """Lead an operator to their page; whoever is none is told nothing else than that there is nothing for them."""
    is_one = part("settings").is_operator(proven.email)
    if not is_one:
        audit.nobody_did(INSTALLATION, "sign_in_refused", purpose="operator", over=True)
    guard.sign_out()
    if is_one:
        session[guard.OPERATOR_SESSION] = operator_sessions.begin(proven.email, devices.in_words())
    events.commit()
    return redirect(url_for("operator.index"), 303)


_BY_PURPOSE = {
    "signup": _sign_up,
    "signin": _sign_in,
    "reply": _follow_link,
    "invite": _accept,
    "operator": _operate,
    "confirm": _confirm,
    "account": _prove_account,
}


def _tell_operator(joined: signup.Joined) -> None:
    operator = part("settings").operator_email
    if operator:
        one = joined.organisation
        context = {**_about(joined.member, one.name), "kind": one.kind, "town": one.town or ""}
        send.post(operator, "unlisted", context, useful_seconds=24 * 3600)


def _about(member: Member, organisation: str) -> dict[str, str]:
    return {"person": member.name, "email": member.email, "organisation": organisation}
