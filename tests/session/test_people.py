"""People: approving, inviting, changing roles, removing; and who may."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from healthberry.core import events, invitations, members, preferences, roles, scope
from healthberry.core.errors import Conflict, Invalid, NotAllowed, NotFound
from healthberry.extensions import db
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from tests.mail.outgoing import work
from tests.signup.newcomer import Newcomer
from tests.world import World


@pytest.fixture
def organisation(world: World) -> Organisation:
    """Return an organisation without people."""
    return world.organisation(name="Cedar Surgery")


@pytest.fixture
def admin(world: World, organisation: Organisation) -> Member:
    """Return its administrator."""
    return world.member(organisation, email="admin@cedar.example", name="Ada Min")


def test_an_administrator_approves_and_the_member_is_told(
    newcomer: Newcomer, world: World, organisation: Organisation, admin: Member
) -> None:
    waiting = world.member(organisation, level=1, role="responder", email="sam@nhs.net", name="Sam")
    world.signed_in(newcomer.client, admin)
    scope.leave()

    assert "Sam" in newcomer.client.get("/people").text
    answer = newcomer.client.post(f"/people/{waiting.id}/approve", follow_redirects=True)

    assert "They may publish now" in answer.text
    assert newcomer.member("sam@nhs.net").level == 2
    assert newcomer.letter("sam@nhs.net").subject == "You can now publish for Cedar Surgery"


@pytest.mark.parametrize(("level", "role"), [(1, "responder"), (1, "administrator"), (2, "responder"), (2, "viewer")])
def test_nobody_else_approves_invites_changes_or_removes(
    world: World, organisation: Organisation, admin: Member, level: int, role: str
) -> None:
    other = world.member(organisation, level=level, role=role)
    third = world.member(organisation, level=1)

    for act in (
        lambda: members.approve(other, third.id),
        lambda: roles.change_role(other, third.id, "viewer"),
        lambda: roles.remove(other, third.id),
        lambda: invitations.invite(other, "new@example.org", "viewer"),
        lambda: preferences.save_organisation(other, alert_excerpts=True),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_nobody_reaches_into_another_organisation(world: World, organisation: Organisation, admin: Member) -> None:
    stranger = world.member(world.organisation())
    scope.enter(organisation.id)

    for act in (members.approve, roles.remove, lambda one, other: roles.change_role(one, other, "viewer")):
        with pytest.raises(NotFound):
            act(admin, stranger.id)


def test_the_last_administrator_can_not_go_or_step_down(
    world: World, organisation: Organisation, admin: Member
) -> None:
    colleague = world.member(organisation, role="responder")

    with pytest.raises(Conflict, match="only administrator"):
        roles.remove(admin, admin.id)
    with pytest.raises(Conflict, match="only administrator"):
        roles.change_role(admin, admin.id, "viewer")
    roles.change_role(admin, colleague.id, "administrator")
    assert roles.remove(admin, admin.id).left_at is not None


def test_a_new_administrator_removes_and_demotes_nobody_who_was_there_before_for_three_days(
    world: World, organisation: Organisation, admin: Member
) -> None:
    fresh = world.member(organisation)
    for act in (roles.remove, lambda one, other: roles.change_role(one, other, "viewer")):
        with pytest.raises(NotAllowed, match="three days"):
            act(fresh, admin.id)
    claimant = world.member(organisation, level=1)
    assert roles.remove(fresh, claimant.id).left_at is not None

    fresh.created_at = fresh.role_since = now() - timedelta(hours=73)
    assert roles.remove(fresh, admin.id).left_at is not None


def test_whoever_was_made_an_administrator_just_now_is_a_new_one_however_long_they_are_here(
    world: World, organisation: Organisation, admin: Member
) -> None:
    colleague = world.member(organisation, role="responder", created_at=now() - timedelta(days=90))
    third = world.member(organisation, role="responder")
    roles.change_role(admin, colleague.id, "administrator")

    with pytest.raises(NotAllowed, match="three days"):
        roles.change_role(colleague, admin.id, "responder")
    with pytest.raises(NotAllowed, match="three days"):
        roles.remove(colleague, third.id)
    roles.change_role(colleague, third.id, "approver")
    invited = members.add(organisation.id, "new@cedar.example", "New", "responder", colleague)
    assert roles.remove(colleague, invited.id).left_at is not None, "a mistake of one's own can be undone"


def test_a_member_may_leave_by_themselves(newcomer: Newcomer, world: World, organisation: Organisation) -> None:
    member = world.member(organisation, level=1, role="responder")
    world.signed_in(newcomer.client, member)
    scope.leave()

    assert newcomer.client.post("/people/leave").headers["Location"] == "/"
    assert newcomer.client.get("/inbox").status_code == 303
    assert members.memberships_of(member.email) == []


def test_the_only_administrator_is_shown_to_whom_they_can_hand_over_before_they_leave(
    newcomer: Newcomer, world: World, organisation: Organisation, admin: Member
) -> None:
    world.member(organisation, role="viewer", name="Vera Next")
    world.member(organisation, level=1, name="Wanda Waits")
    world.signed_in(newcomer.client, admin)
    scope.leave()

    page = newcomer.client.get("/people/leave").text
    assert "You are the only administrator" in page
    assert "Vera Next" in page
    assert "Wanda Waits" not in page
    assert newcomer.client.post("/people/leave").status_code == 409
    handed = re.search(r'action="(/people/[^"]+/role)"', page)
    assert handed
    assert newcomer.client.post(handed[1], data={"role": "administrator"}).status_code == 303

    assert "signed out everywhere" in newcomer.client.get("/people/leave").text
    assert newcomer.client.post("/people/leave").headers["Location"] == "/"
    assert newcomer.client.get("/inbox").status_code == 303


def test_an_administrator_hands_over_in_one_step(
    newcomer: Newcomer, world: World, organisation: Organisation, admin: Member
) -> None:
    colleague, waiting = world.member(organisation, role="viewer"), world.member(organisation, level=1)
    with pytest.raises(Conflict, match="Approve them first"):
        roles.hand_over(admin, waiting.id)
    with pytest.raises(Conflict, match="somebody else"):
        roles.hand_over(admin, admin.id)
    with pytest.raises(NotAllowed):
        roles.hand_over(colleague, admin.id)
    organisation_id, ids = organisation.id, (colleague.id, admin.id)
    world.signed_in(newcomer.client, admin)
    scope.leave()

    answer = newcomer.client.post(f"/people/{ids[0]}/hand-over", follow_redirects=True)

    assert "you are a responder" in answer.text
    scope.enter(organisation_id)
    assert [members.find_present(organisation_id, one).role for one in ids] == ["administrator", "responder"]


def test_removing_oneself_from_the_list_of_people_asks_first(
    newcomer: Newcomer, world: World, organisation: Organisation, admin: Member
) -> None:
    world.member(organisation)
    world.signed_in(newcomer.client, admin)
    scope.leave()

    assert newcomer.client.post(f"/people/{admin.id}/remove").headers["Location"] == "/people/leave"
    assert newcomer.client.get("/people").status_code == 200


def test_of_two_administrators_who_leave_at_the_same_moment_one_stays(
    app: Flask, world: World, organisation: Organisation, admin: Member
) -> None:
    organisation_id, other_id = organisation.id, world.member(organisation).id

    def leave(member_id: UUID) -> None:
        with app.app_context():
            scope.enter(organisation_id)
            roles.remove(members.find_present(organisation_id, member_id), member_id)
            events.commit()

    roles.remove(admin, admin.id)
    db.session.flush()
    with ThreadPoolExecutor(1) as beside:
        waits = beside.submit(leave, other_id)
        with pytest.raises(TimeoutError):
            waits.result(timeout=0.5)
        events.commit()
        with pytest.raises(Conflict, match="only administrator"):
            waits.result(timeout=10)


def invited(newcomer: Newcomer, world: World, admin: Member) -> str:
    """Invite somebody and return the path of the link in their letter."""
    world.signed_in(newcomer.client, admin)
    scope.leave()
    data = {"email": "New+tag@cedar.example", "role": "responder"}
    assert "is on its way" in newcomer.client.post("/people/invite", data=data, follow_redirects=True).text
    found = re.search(r"http://localhost(/invitation/\S+)", newcomer.letter("new@cedar.example").text)
    assert found
    return found[1]


def test_one_mailbox_is_invited_five_times_a_day_by_an_organisation(
    newcomer: Newcomer, world: World, admin: Member
) -> None:
    world.signed_in(newcomer.client, admin)
    other = world.signed_in(newcomer.app.test_client(), world.member(world.organisation()))
    scope.leave()
    data = {"email": "new@cedar.example", "role": "responder"}
    assert [newcomer.client.post("/people/invite", data=data).status_code for _ in range(5)] == [303] * 5

    refused = newcomer.client.post("/people/invite", data={**data, "email": "New+again@cedar.example"})

    assert refused.status_code == 422
    assert "5 invitations in a day" in refused.text
    assert newcomer.client.post("/people/invite", data={**data, "email": "x@cedar.example"}).status_code == 303
    assert other.post("/people/invite", data=data).status_code == 303
    work(newcomer.app)
    assert sum(one.to == ["new@cedar.example"] for one in newcomer.mailbox.messages()) == 6


def test_one_person_sends_fifty_invitations_a_day_and_an_organisation_two_hundred(
    newcomer: Newcomer, world: World, organisation: Organisation, admin: Member
) -> None:
    others = [world.member(organisation) for _ in range(4)]

    def invites(member: Member, times: int = 1, clock: datetime | None = None) -> None:
        for number in range(times):
            invitations.invite(member, f"new{number}@cedar.example", "responder", clock=clock)

    invites(admin, 50)
    with pytest.raises(Invalid, match="You have sent 50 invitations"):
        invites(admin)
    invites(admin, clock=now() + timedelta(days=1, seconds=1))
    for other in others[:3]:
        invites(other, 49)
    events.commit()
    world.signed_in(newcomer.client, others[3])
    scope.leave()
    data = {"email": "new@cedar.example", "role": "responder"}
    assert newcomer.client.post("/people/invite", data=data).status_code == 303
    with_one_more = newcomer.client.post("/people/invite", data=data)
    refused = newcomer.client.post("/people/invite", data=data)

    assert (with_one_more.status_code, refused.status_code) == (303, 422)
    assert "Your organisation has sent 200 invitations in a day" in refused.text


def test_an_invitation_makes_its_mailbox_a_member_who_publishes(
    newcomer: Newcomer, world: World, admin: Member
) -> None:
    path = invited(newcomer, world, admin)
    guest = newcomer.other_browser()

    assert "Ada Min" in guest.client.get(path).text
    assert guest.client.post(path, data={"name": "New Colleague"}).headers["Location"] == "/code"
    assert guest.type_code(guest.code("new@cedar.example")).headers["Location"] == "/inbox"

    member = newcomer.member("new@cedar.example")
    assert (member.level, member.role, member.name) == (2, "responder", "New Colleague")


def test_somebody_is_invited_or_made_an_approver_by_what_an_approver_may_do(
    newcomer: Newcomer, world: World, organisation: Organisation, admin: Member
) -> None:
    colleague = world.member(organisation, role="responder")
    world.signed_in(newcomer.client, admin)
    scope.leave()
    page = newcomer.client.get("/people").text
    assert "Make an approver: answers, and publishes with a reason what was stopped" in page
    assert 'value="approver">Approver: answers, and publishes with a reason what was stopped' in page

    newcomer.client.post(f"/people/{colleague.id}/role", data={"role": "approver"})
    newcomer.client.post("/people/invite", data={"email": "new@cedar.example", "role": "approver"})
    found = re.search(r"http://localhost(/invitation/\S+)", newcomer.letter("new@cedar.example").text)
    assert found
    guest = newcomer.other_browser()
    guest.client.post(found[1], data={"name": "New Colleague"})
    guest.type_code(guest.code("new@cedar.example"))

    assert (newcomer.member(colleague.email).role, newcomer.member("new@cedar.example").role) == ("approver",) * 2
    assert guest.client.get("/people").text.count("Make an") == 0


def test_a_forwarded_invitation_lets_nobody_in_without_the_invited_mailbox(
    newcomer: Newcomer, world: World, admin: Member
) -> None:
    path = invited(newcomer, world, admin)
    stranger = newcomer.other_browser()

    stranger.client.post(path, data={"name": "Mallory", "email": "mallory@example.org"})

    assert {tuple(letter.to) for letter in newcomer.mailbox.messages()} == {("new@cedar.example",)}
    assert stranger.client.get("/inbox").status_code == 303
    assert "new@" not in stranger.client.get(path).text


def test_an_invitation_dies_with_its_inviters_right_and_after_a_week(
    world: World, organisation: Organisation, admin: Member
) -> None:
    token = invitations.invite(admin, "new@cedar.example", "responder")
    assert invitations.read(token).email == "new@cedar.example"
    with pytest.raises(Invalid, match="does not work any more"):
        invitations.read(token, clock=now() + timedelta(days=7, seconds=1))

    admin.role = "responder"
    with pytest.raises(Invalid, match="does not work any more"):
        invitations.read(token)


@pytest.mark.parametrize("token", ["x", "a.b", "é", "W10.x", "%00"])
def test_a_tampered_invitation_says_so(client: FlaskClient, token: str) -> None:
    answer = client.get(f"/invitation/{token}")

    assert answer.status_code == 422
    assert "not complete" in answer.text


def test_an_invitation_lifts_somebody_who_waits(world: World, organisation: Organisation, admin: Member) -> None:
    waiting = world.member(organisation, level=1, role="responder", email="sam@nhs.net")

    again = members.add(organisation.id, "sam@nhs.net", "Sam", "viewer", admin)
    events.commit()

    assert (again.id, again.level, again.role) == (waiting.id, 2, "viewer")
