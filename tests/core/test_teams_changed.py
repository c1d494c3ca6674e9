"""Who makes teams, what they must hold, and how people come into them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from healthberry.core import (
    audit_log,
    events,
    invitations,
    members,
    roles,
    scope,
    team_places,
    teams,
)
from healthberry.core.errors import Conflict, Invalid, NotAllowed
from healthberry.core.teams import Wish
from healthberry.extensions import db
from tests.core.teams_house import House, listed
from tests.world import World


def test_administrators_alone_make_and_change_teams_and_each_change_is_in_the_audit_log(house: House) -> None:
    team = house.team()
    for act in (
        lambda: teams.make(house.ward, Wish("Mine", sites=["SOU01"], people={house.ward.id})),
        lambda: teams.change(house.ward, team, Wish("North", sites=["SOU01"])),
        lambda: teams.remove(house.ward, team),
        lambda: team_places.offered(house.ward),
    ):
        with pytest.raises(NotAllowed):
            act()
    teams.change(house.admin, team, Wish("Wide North", sites=["NOR01", "SOU01"], people={house.ward.id}))
    with pytest.raises(Conflict, match="Take everybody out"):
        teams.remove(house.admin, team)
    teams.change(house.admin, team, Wish("Wide North", sites=["NOR01", "SOU01"]))
    teams.remove(house.admin, team)

    assert listed(house.ward) == house.all
    written = [one.action for one in audit_log.page(house.admin, audit_log.Wanted()).entries]
    assert written[::-1] == [
        *("team_made", "member_limited", "team_changed", "member_limited", "team_changed", "member_limited"),
        "team_removed",
    ]


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish("  ", sites=["NOR01"]), "Give the team a name"),
        (Wish("x" * 101, sites=["NOR01"]), "up to 100 characters"),
        (Wish("North"), "at least one place"),
        (Wish("North", sites=["XXX99"], channels=["0"]), "at least one place"),
        (Wish("old", sites=["NOR01"]), "already"),
    ],
)
def test_a_team_has_a_name_of_its_own_and_a_place_that_there_is(house: House, wish: Wish, words: str) -> None:
    house.team(name="Old", people=set())
    with pytest.raises(Invalid, match=words):
        teams.make(house.admin, wish)


def test_whoever_left_and_comes_back_is_still_in_their_team(house: House) -> None:
    team = house.team()
    roles.remove(house.admin, house.ward.id)
    teams.change(house.admin, team, Wish("North", sites=["SOU01"]))
    members.come_back(house.ward)

    assert listed(house.ward) == {house.south}


def test_an_invitation_leads_into_its_team_from_the_first_moment(world: World, house: House) -> None:
    team = house.team(people=set())
    token = invitations.invite(house.admin, "new@example.org", "responder", team)
    invitation = invitations.read(token)
    joined = members.add(house.organisation.id, invitation.email, "New", invitation.role, invitation.inviter)
    assert invitation.team_id
    teams.join(invitation.inviter, joined, invitation.team_id)
    assert listed(joined) == {house.north, house.outpatients}

    teams.change(house.admin, team, Wish("North", sites=["NOR01"]))
    teams.remove(house.admin, team)
    with pytest.raises(Invalid, match="does not work any more"):
        invitations.read(token)


def test_two_administrators_who_change_two_teams_of_one_person_lose_nothing(
    app: Flask, world: World, house: House
) -> None:
    second = world.member(house.organisation)
    organisation_id, other_id, ward_id = house.organisation.id, second.id, house.ward.id

    def make_south() -> None:
        with app.app_context():
            scope.enter(organisation_id)
            admin = members.find_present(organisation_id, other_id)
            teams.make(admin, Wish("South", sites=["SOU01"], people={ward_id}))
            events.commit()

    teams.make(house.admin, Wish("North", sites=["NOR01"], people={ward_id}))
    with ThreadPoolExecutor(1) as beside:
        waits = beside.submit(make_south)
        with pytest.raises(TimeoutError):
            waits.result(timeout=0.5)
        events.commit()
        waits.result(timeout=10)

    db.session.expire_all()
    assert listed(house.ward) == {house.north, house.outpatients, house.south}
