"""The people of an organisation: who waits for approval, who may do what, inviting and removing."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from healthberry.blueprints import asking, codes, guard, limits
from healthberry.core import claims, events, grants, invitations, members, roles, second_step, signup, teams
from healthberry.core.errors import Invalid
from healthberry.core.permissions import may
from healthberry.mail import links, send
from healthberry.models.teams import Team

blueprint = Blueprint("people", __name__)


@blueprint.get("/people")
@guard.signed_in
@guard.needs("see_colleagues")
def index() -> ResponseReturnValue:
    """List the people, those who wait first."""
    return _page()


@blueprint.post("/people/ask")
@guard.signed_in
@guard.needs("own")
def ask() -> ResponseReturnValue:
    """Ask whoever can let one publish: the administrators, where there are any, else the operator."""
    member = guard.member()
    step = members.asks(member)
    if step:
        asking.ask_administrators(member) if step == "ask" else asking.ask_operator(member)
    return redirect(url_for("settings.index", done=_ASKED.get(step)), 303)


@blueprint.post("/people/<uuid:other_id>/approve")
@guard.signed_in
@guard.needs("manage")
@guard.proven(guard.RECENTLY)
def approve(other_id: UUID) -> ResponseReturnValue:
    """Let somebody publish, and tell them."""
    member = guard.member()
    other = members.approve(member, other_id)
    organisation = members.organisation_of(member).name
    events.commit()
    context = {"approver": member.name, "organisation": organisation, "inbox_url": links.address("inbox.index")}
    send.post(other.email, "approved", context, useful_seconds=24 * 3600)
    return _back("approved")


@blueprint.post("/people/<uuid:other_id>/refuse")
@guard.signed_in
@guard.needs("manage")
@guard.proven(guard.RECENTLY)
def refuse(other_id: UUID) -> ResponseReturnValue:
    """Say that somebody who signed up does not act for the organisation; they are told, and may object."""
    members.refuse(guard.member(), other_id)
    events.commit()
    return _back("refused")


@blueprint.post("/people/<uuid:other_id>/role")
@guard.signed_in
@guard.needs("manage")
@guard.proven(guard.RECENTLY)
def change_role(other_id: UUID) -> ResponseReturnValue:
    """Change what somebody may do."""
    roles.change_role(guard.member(), other_id, request.form.get("role", ""))
    events.commit()
    return _back("changed")


@blueprint.post("/people/<uuid:other_id>/hand-over")
@guard.signed_in
@guard.needs("manage")
@guard.proven(guard.RECENTLY)
def hand_over(other_id: UUID) -> ResponseReturnValue:
    """Make somebody an administrator in one's own place."""
    roles.hand_over(guard.member(), other_id)
    events.commit()
    return _back("handed_over")


@blueprint.post("/people/<uuid:other_id>/second-step")
@guard.signed_in
@guard.needs("manage")
@guard.proven(guard.RECENTLY)
def reset_second_step(other_id: UUID) -> ResponseReturnValue:
    """Free somebody who lost phone and recovery codes; their mailbox still has to be proven."""
    second_step.reset(guard.member(), other_id)
    events.commit()
    return _back("reset")


@blueprint.post("/people/<uuid:other_id>/remove")
@guard.signed_in
@guard.needs("manage")
@guard.proven(guard.RECENTLY)
def remove(other_id: UUID) -> ResponseReturnValue:
    """End the membership of a colleague; an administrator who means themselves is asked first, as anybody is."""
    if other_id == guard.member().id:
        return redirect(url_for("people.ask_leave"), 303)
    roles.remove(guard.member(), other_id)
    events.commit()
    return _back("removed")


@blueprint.get("/people/leave")
@guard.signed_in
@guard.needs("own")
def ask_leave() -> ResponseReturnValue:
    """Say what leaving means, and to the only administrator who could take over."""
    member = guard.member()
    return render_template(
        "people/leave.html",
        organisation=members.organisation_of(member),
        is_last=roles.is_last_administrator(member),
        successors=roles.successors(member),
    )


@blueprint.post("/people/leave")
@guard.signed_in
@guard.needs("own")
@guard.proven(guard.RECENTLY)
def leave() -> ResponseReturnValue:
    """End one's own membership, and sign out."""
    roles.remove(guard.member(), guard.member().id)
    events.commit()
    return guard.signed_out()


@blueprint.post("/people/invite")
@guard.signed_in
@guard.needs("manage")
@guard.proven(guard.RECENTLY)
def invite() -> ResponseReturnValue:
    """Send an invitation."""
    member = guard.member()
    email, role = request.form.get("email", "")[:300], request.form.get("role", "responder")
    try:
        token = invitations.invite(member, email, role, _team())
        limits.count_invitation(member.organisation_id, invitations.address_in(token))
    except Invalid as error:
        return _page({error.field: error.reason}), 422
    organisation = members.organisation_of(member).name
    events.commit()
    context: dict[str, Any] = {
        "inviter": member.name,
        "organisation": organisation,
        "invitation_url": links.address("people.show_invitation", token=token),
        "valid_days": invitations.DAYS,
    }
    send.post(invitations.address_in(token), "invitation", context, useful_seconds=24 * 3600)
    return _back("invited")


@blueprint.get("/invitation/<token>")
@guard.public
def show_invitation(token: str) -> ResponseReturnValue:
    """Show who invites to what, and ask for a name."""
    return render_template("people/invitation.html", invitation=invitations.read(token), token=token, errors={})


@blueprint.post("/invitation/<token>")
@guard.public
def accept(token: str) -> Response | ResponseReturnValue:
    """Send a code to the invited address: whoever was forwarded the e-mail does not get in."""
    invitation = invitations.read(token)
    try:
        name = signup.person(request.form.get("name", "")[:1000])
    except Invalid as error:
        page = render_template(
            "people/invitation.html", invitation=invitation, token=token, errors={error.field: error.reason}
        )
        return page, 422
    return codes.send_code("invite", invitation.email, token, name=name)


_ASKED = {"ask": "asked", "domain": "check_asked", "operator": "check_asked"}
_DONE = {
    "approved": "They may publish now, and have been told by e-mail.",
    "refused": "Refused. They have been told by e-mail, and may object: then HealthBerry decides.",
    "changed": "Changed.",
    "handed_over": "They are an administrator now, and you are a responder.",
    "reset": "They sign in by a code to their mailbox alone, and are asked to set up a second step anew.",
    "removed": "They are signed out everywhere, and links in their e-mails no longer work.",
    "reads": "They may read all restricted conversations. Each opening is written into the audit log.",
    "reads_no_more": "They can no longer read all restricted conversations.",
    "team": "Saved. From now on its people see what the team looks after.",
    "team_removed": "The team is removed.",
    "invited": "The invitation is on its way.",
}


def _team() -> UUID | None:
    """Return the team that an invitation is to lead into; None for none."""
    wanted = request.form.get("team", "")
    try:
        return UUID(wanted) if wanted else None
    except ValueError as error:
        raise Invalid("Choose a team, or none", "team") from error


def _page(errors: dict[str, str] | None = None) -> str:
    people = members.everybody(guard.member())
    known = claims.of_everybody(guard.member())
    made = teams.listed(guard.member())
    return render_template(
        "people/index.html",
        people=people,
        claims=known,
        fading={one.id for one in people if claims.is_due_soon(one)},
        teams=made,
        in_teams=_in_teams(made),
        roles=roles.offered(guard.member()),
        reading=grants.standing(guard.member()) if may(guard.member(), "manage") else {},
        given=request.form,
        errors=errors or {},
        said=_DONE.get(request.args.get("done", ""), ""),
    )


def _in_teams(made: Sequence[Team]) -> dict[UUID, list[Team]]:
    """Return the teams of everybody who is in one."""
    people, found = teams.people(guard.member()), dict[UUID, list[Team]]()
    for team in made:
        for one in people.get(team.id, ()):
            found.setdefault(one, []).append(team)
    return found


def _back(done: str) -> Response:
    return redirect(url_for("people.index", done=done), 303)
