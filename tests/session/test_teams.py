"""Teams over HTTP: made, changed and removed under People, and seen from inside one."""

import re

import pytest
from flask.testing import FlaskClient

from healthberry.core import members, scope
from healthberry.models.organisations import Member, Organisation
from tests.signup.newcomer import Newcomer
from tests.world import World


@pytest.fixture
def organisation(world: World) -> Organisation:
    return world.organisation(name="Cedar Trust", kind="trust")


@pytest.fixture
def admin(world: World, organisation: Organisation) -> Member:
    return world.member(organisation, name="Ada Min")


@pytest.fixture
def ward(world: World, organisation: Organisation) -> Member:
    """Return somebody who answers, and has two conversations before them."""
    channel = world.channel(organisation)
    world.arrives(channel, world.item("A lion", service_code="NOR01", service_name="North Hospital"))
    world.arrives(channel, world.item("A zebra", service_code="SOU01", service_name="South Hospital"))
    return world.member(organisation, name="Wanda Ward", role="responder")


def _as(world: World, client: FlaskClient, member: Member) -> FlaskClient:
    world.signed_in(client, member)
    scope.leave()
    return client


def test_a_team_is_made_changed_and_removed_under_people(
    newcomer: Newcomer, world: World, admin: Member, ward: Member
) -> None:
    ward_id = ward.id
    admins, wards = _as(world, newcomer.client, admin), newcomer.other_browser().client
    scope.enter(admin.organisation_id)
    _as(world, wards, ward)
    assert "zebra" in wards.get("/inbox").text

    form = admins.get("/people/teams/new").text
    assert "North Hospital" in form
    assert "sees everything, as an administrator" in form
    refused = admins.post("/people/teams", data={"name": "North", "people": [str(ward_id)]})
    assert refused.status_code == 422
    assert "Choose at least one place that the team looks after" in refused.text
    assert re.search(rf'value="{ward_id}" checked', refused.text), "what was ticked stays ticked"
    given = {"name": "North", "sites": ["NOR01"], "people": [str(ward_id)]}
    made = admins.post("/people/teams", data=given, follow_redirects=True).text
    assert "Saved." in made
    assert "1 person" in made

    inbox = wards.get("/inbox").text
    assert "lion" in inbox
    assert "zebra" not in inbox

    (path,) = set(re.findall(r"/people/teams/[0-9a-f-]{36}", made))
    assert re.search(r'value="NOR01" checked', admins.get(path).text)
    assert admins.post(f"{path}/remove").status_code == 409
    admins.post(path, data={"name": "North", "sites": ["NOR01", "SOU01"], "people": [str(ward_id)]})
    assert "zebra" in wards.get("/inbox").text
    admins.post(path, data={"name": "North", "unplaced": "on"})
    assert "The team is removed." in admins.post(f"{path}/remove", follow_redirects=True).text
    assert "zebra" in wards.get("/inbox").text


def test_somebody_is_invited_into_a_team_and_never_sees_the_rest(
    newcomer: Newcomer, world: World, admin: Member, ward: Member
) -> None:
    admins = _as(world, newcomer.client, admin)
    made = admins.post("/people/teams", data={"name": "North", "sites": ["NOR01"]}, follow_redirects=True).text
    (team,) = set(re.findall(r"/people/teams/([0-9a-f-]{36})", made))
    data = {"email": "new@cedar.example", "role": "responder", "team": team}
    assert admins.post("/people/invite", data={**data, "team": "x"}).status_code == 422
    assert admins.post("/people/invite", data=data).status_code == 303
    link = re.search(r"http://localhost(/invitation/\S+)", newcomer.letter("new@cedar.example").text)
    assert link

    guest = newcomer.other_browser()
    guest.client.post(link[1], data={"name": "New Colleague"})
    guest.type_code(guest.code("new@cedar.example"))

    inbox = guest.client.get("/inbox").text
    assert "lion" in inbox
    assert "zebra" not in inbox
    (membership,) = members.memberships_of("new@cedar.example")
    assert membership.organisation_name == "Cedar Trust"
