"""A fresh proof before what can do harm: asked for in good time, given once, and what was typed is still there."""

import re
from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from healthberry.models.replies import Reply
from healthberry.models.sign_in import MemberSession
from tests.session.apps import Phone
from tests.signup.newcomer import Newcomer
from tests.world import World

INVITED = "new@cedar.example"


@pytest.fixture
def member(newcomer: Newcomer, world: World) -> Member:
    """An administrator who signed in twenty minutes ago."""
    found = world.member(world.organisation(name="Cedar Surgery"), email="admin@cedar.example")
    world.signed_in(newcomer.client, found)
    db.session.expunge(found)
    proven(found, minutes=20)
    return found


def proven(member: Member, **ago: float) -> None:
    """Let it be so long since the member proved themselves."""
    scope.enter(member.organisation_id)
    db.session.execute(update(MemberSession).values(proven_at=now() - timedelta(**ago)))
    db.session.commit()
    scope.leave()


def press_on(client: FlaskClient) -> tuple[str, dict[str, str]]:
    """Return where the form that waited goes to, and what is in it."""
    page = client.get("/confirm/go-on").text
    action = re.search(r'<form class="form" method="post" action="([^"]+)"', page)
    assert action
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return unescape(action[1]), {name: unescape(value) for name, value in fields if name != "csrf_token"}


def test_an_invitation_waits_for_the_second_step_and_goes_out_as_it_was_typed(
    newcomer: Newcomer, member: Member
) -> None:
    phone = Phone(newcomer.app, member)
    sent = {"email": INVITED, "role": "viewer"}
    assert newcomer.client.post("/people/invite", data=sent).headers["Location"] == "/confirm"
    with pytest.raises(StopIteration):
        newcomer.letter(INVITED)

    wrong = newcomer.client.post("/confirm", data={"step": phone.wrong()})
    assert (wrong.status_code, "4 more tries" in wrong.text) == (422, True)
    assert newcomer.client.post("/confirm", data={"step": phone.digits()}).headers["Location"] == "/confirm/go-on"
    with pytest.raises(StopIteration):
        newcomer.letter(INVITED)
    path, fields = press_on(newcomer.client)

    assert (path, fields) == ("/people/invite", sent)
    assert newcomer.client.post(path, data=fields).headers["Location"] == "/people?done=invited"
    assert newcomer.letter(INVITED).to == [INVITED]
    assert newcomer.client.get("/confirm/go-on").headers["Location"] == "/inbox", "the form still waits"


def test_whoever_has_no_second_step_proves_their_mailbox_again(newcomer: Newcomer, member: Member) -> None:
    newcomer.client.post("/people/invite", data={"email": INVITED, "role": "viewer"})

    assert "Send me a code" in newcomer.client.get("/confirm").text
    assert newcomer.client.post("/confirm/mail").headers["Location"] == "/code"
    assert 'href="/confirm"' in newcomer.client.get("/code").text
    assert newcomer.type_code(newcomer.code(member.email)).headers["Location"] == "/confirm/go-on"
    path, fields = press_on(newcomer.client)
    assert newcomer.client.post(path, data=fields).headers["Location"] == "/people?done=invited"


def test_the_link_in_that_mail_proves_nothing_in_another_browser(
    newcomer: Newcomer, world: World, member: Member
) -> None:
    newcomer.client.post("/confirm/mail")
    link = newcomer.link(member.email)
    phone = newcomer.other_browser()
    world.signed_in(phone.client, member)
    proven(member, minutes=20)

    assert phone.client.post(link).status_code == 404
    assert newcomer.client.post("/people/invite", data={"email": INVITED}).headers["Location"] == "/confirm"
    assert newcomer.other_browser().client.post(link).status_code in (403, 404, 410)


def test_whoever_has_a_second_step_can_not_do_with_a_mail_instead(newcomer: Newcomer, member: Member) -> None:
    newcomer.client.post("/confirm/mail")
    code = newcomer.code(member.email)
    Phone(newcomer.app, member)

    assert newcomer.client.post("/confirm/mail").headers["Location"] == "/confirm"
    assert newcomer.type_code(code).status_code == 404
    assert newcomer.client.post("/people/invite", data={"email": INVITED}).headers["Location"] == "/confirm"


def test_a_proof_lasts_a_quarter_of_an_hour_for_people_and_a_working_day_for_answers(
    newcomer: Newcomer, world: World, member: Member
) -> None:
    organisation_id = member.organisation_id
    sealed = newcomer.app.extensions["vault"].seal({"access_token": "token", "account_id": "9"})
    scope.enter(organisation_id)
    channel = world.channel(world_organisation(member), "x", remote_id="9", account="@c", sealed_secrets=sealed)
    (story,) = world.arrives(channel, world.item("Where do I park?", ratings=(), url="https://x.example/1"))
    scope.leave()
    answer = {"text": "At the north gate.", "version": "1", "seen": now().isoformat()}

    proven(member, minutes=14)
    assert newcomer.client.post("/people/invite", data={"email": INVITED}).headers["Location"] != "/confirm"
    proven(member, hours=12, minutes=1)
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://localhost/conversations/{story}"}
    led = newcomer.client.post(f"/conversations/{story}/reply", data=answer, headers=headers)
    assert (led.status_code, led.headers["HX-Redirect"]) == (403, "/confirm")
    scope.enter(organisation_id)
    assert db.session.scalars(select(Reply)).all() == []
    scope.leave()
    assert f'href="/conversations/{story}"' in newcomer.client.get("/confirm").text
    path, fields = press_on(newcomer.client)
    assert fields == answer
    proven(member, hours=11, minutes=59)
    assert newcomer.client.post(path, data=fields).status_code == 303
    scope.enter(organisation_id)
    assert [one.text for one in db.session.scalars(select(Reply))] == ["At the north gate."]


def world_organisation(member: Member) -> Organisation:
    """Return the member's organisation, inside it."""
    return db.session.get_one(Organisation, member.organisation_id)


def test_what_was_typed_waits_sealed_and_for_a_quarter_of_an_hour(newcomer: Newcomer, member: Member) -> None:
    newcomer.client.post("/people/invite", data={"email": INVITED, "role": "viewer"})
    scope.enter(member.organisation_id)
    held = db.session.scalars(select(MemberSession.held)).one()
    assert held is not None
    assert INVITED.encode() not in held

    db.session.execute(update(MemberSession).values(held_at=now() - timedelta(minutes=16)))
    db.session.commit()
    scope.leave()
    assert newcomer.client.get("/confirm/go-on").headers["Location"] == "/inbox"


def test_a_hostile_form_waits_as_text(newcomer: Newcomer, member: Member) -> None:
    hostile = '"><script>alert(1)</script>'
    newcomer.client.post("/people/invite?x=%22%3E%3Cscript%3E", data={"email": hostile, hostile: hostile})

    page = newcomer.client.get("/confirm/go-on").text

    assert "<script>alert" not in page
    assert press_on(newcomer.client)[1]["email"] == hostile


def test_a_form_longer_than_any_of_ours_is_not_kept(newcomer: Newcomer, member: Member) -> None:
    assert newcomer.client.post("/people/invite", data={"email": "x" * 200_000}).headers["Location"] == "/confirm"
    assert newcomer.client.get("/confirm/go-on").headers["Location"] == "/inbox"
