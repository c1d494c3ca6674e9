"""Teams, for administrators: who sees only what is about some sites, services and channels."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from healthberry.blueprints import guard
from healthberry.core import events, members, team_places, teams
from healthberry.core.errors import Invalid
from healthberry.core.teams import Wish
from healthberry.models.teams import Team

blueprint = Blueprint("teams", __name__)

_URL = "/people/teams/<uuid:team_id>"


@blueprint.get("/people/teams/new")
@guard.signed_in
@guard.needs("manage")
def new() -> ResponseReturnValue:
    """Show an empty form."""
    return _page(None, Wish(""))


@blueprint.post("/people/teams")
@guard.signed_in
@guard.needs("manage")
@guard.proven(guard.RECENTLY)
def make() -> ResponseReturnValue:
    """Make a team."""
    wish = _wish()
    try:
        teams.make(guard.member(), wish)
    except Invalid as error:
        events.forget()
        return _page(None, wish, {error.field: error.reason}), 422
    events.commit()
    return redirect(url_for("people.index", done="team"), 303)


@blueprint.get(_URL)
@guard.signed_in
@guard.needs("manage")
def show(team_id: UUID) -> ResponseReturnValue:
    """Show a team's places and people, to be changed."""
    team = teams.find(guard.member(), team_id)
    places = (team.sites, team.services, [str(one) for one in team.channels], team.unplaced)
    return _page(team, Wish(team.name, *places, people=teams.people(guard.member()).get(team.id, ())))


@blueprint.post(_URL)
@guard.signed_in
@guard.needs("manage")
@guard.proven(guard.RECENTLY)
def save(team_id: UUID) -> ResponseReturnValue:
    """Change a team's name, places and people."""
    wish = _wish()
    try:
        teams.change(guard.member(), team_id, wish)
    except Invalid as error:
        events.forget()
        return _page(teams.find(guard.member(), team_id), wish, {error.field: error.reason}), 422
    events.commit()
    return redirect(url_for("people.index", done="team"), 303)


@blueprint.post(_URL + "/remove")
@guard.signed_in
@guard.needs("manage")
@guard.proven(guard.RECENTLY)
def remove(team_id: UUID) -> ResponseReturnValue:
    """Remove a team that nobody is in."""
    teams.remove(guard.member(), team_id)
    events.commit()
    return redirect(url_for("people.index", done="team_removed"), 303)


def _wish() -> Wish:
    given = request.form
    return Wish(
        name=given.get("name", "")[:1000],
        sites=given.getlist("sites"),
        services=given.getlist("services"),
        channels=given.getlist("channels"),
        unplaced=given.get("unplaced") == "on",
        people={found for one in given.getlist("people") if (found := _id(one)) is not None},
    )


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _page(team: Team | None, wish: Wish, errors: dict[str, str] | None = None) -> str:
    member = guard.member()
    return render_template(
        "people/team.html",
        team=team,
        wish=wish,
        offered=team_places.offered(member, team),
        people=members.everybody(member),
        errors=errors or {},
    )
