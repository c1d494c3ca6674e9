"""Where one is signed in: seen and ended by its owner, ended by time, by leaving, and by nobody else."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from healthberry.blueprints import devices
from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.organisations import Member
from healthberry.models.owned import now
from healthberry.models.sign_in import MemberSession
from tests.signup.newcomer import Newcomer
from tests.world import World, session_name

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def member(world: World) -> Member:
    """Somebody who is signed in nowhere."""
    found = world.member(world.organisation(), email="known@example.org")
    db.session.expunge(found)
    scope.leave()
    return found


def browser(app: Flask, member: Member, **fields: object) -> tuple[FlaskClient, str]:
    """Return a signed-in browser, and the id of its session."""
    client, name = app.test_client(), session_name(app, member, **fields)
    with client.session_transaction() as session:
        session["_user_id"] = name
    return client, name.partition(":")[2]


def change(member: Member, **fields: object) -> None:
    """Change every session of the member."""
    scope.enter(member.organisation_id)
    db.session.execute(update(MemberSession).values(**fields))
    db.session.commit()
    scope.leave()


def test_signing_in_is_listed_with_the_browser_in_words(newcomer: Newcomer, member: Member) -> None:
    newcomer.client.environ_base["HTTP_USER_AGENT"] = FIREFOX
    newcomer.ask(member.email)
    newcomer.type_code(newcomer.code(member.email))

    page = newcomer.client.get("/settings/sign-in").text

    assert "<b>Firefox on Windows</b>" in page
    assert "This one" in page


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1", "Safari on macOS"),
        ("curl/8", "A browser"),
        ("", "A browser"),
        ("<script>alert(1)</script>" * 500, "A browser"),
    ],
)
def test_a_browser_is_called_what_its_owner_calls_it(app: Flask, agent: str, words: str) -> None:
    with app.test_request_context(headers={"User-Agent": agent}):
        assert devices.in_words() == words


def test_one_is_ended_and_the_others_stay(app: Flask, member: Member) -> None:
    (desk, _), (phone, phone_id), (laptop, _) = (browser(app, member) for _ in range(3))

    assert desk.post(f"/settings/sign-in/sessions/{phone_id}/end").status_code == 303

    assert phone.get("/settings").status_code == 303
    assert desk.get("/settings").status_code == laptop.get("/settings").status_code == 200


def test_all_others_are_ended_at_once(app: Flask, member: Member) -> None:
    (desk, _), (phone, _), (laptop, _) = (browser(app, member) for _ in range(3))

    desk.post("/settings/sign-in/sessions/end-others")

    assert [one.get("/settings").status_code for one in (desk, phone, laptop)] == [200, 303, 303]


def test_a_browser_that_was_left_open_ends_no_other_one_but_may_end_itself(app: Flask, member: Member) -> None:
    (desk, desk_id), (phone, phone_id) = (browser(app, member) for _ in range(2))
    change(member, proven_at=now() - timedelta(minutes=16))

    for path in (f"/settings/sign-in/sessions/{phone_id}/end", "/settings/sign-in/sessions/end-others"):
        assert desk.post(path).headers["Location"] == "/confirm"
    assert phone.get("/settings").status_code == 200

    page = desk.get("/settings/sign-in").text
    assert f"/sessions/{desk_id}/end" not in page
    assert f"/sessions/{phone_id}/end" in page
    assert desk.post("/signout").status_code == 303
    assert desk.get("/settings").status_code == 303


def test_ending_this_one_signs_out_here(app: Flask, member: Member) -> None:
    desk, session_id = browser(app, member)

    assert desk.post(f"/settings/sign-in/sessions/{session_id}/end").headers["Location"] == "/"
    assert desk.get("/settings").status_code == 303


def test_a_cookie_kept_from_before_signing_out_opens_nothing(app: Flask, member: Member) -> None:
    desk, _ = browser(app, member)
    kept = desk.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert kept is not None
    desk.post("/signout")
    thief = app.test_client()
    thief.set_cookie(app.config["SESSION_COOKIE_NAME"], kept.value)

    assert thief.get("/settings").status_code == 303


def test_a_colleagues_session_is_nobody_elses_to_end(app: Flask, world: World, member: Member) -> None:
    organisation_id = member.organisation_id
    scope.enter(organisation_id)
    colleague = Member(organisation_id=organisation_id, email="c@example.org", name="C", role="viewer", level=2)
    db.session.add(colleague)
    db.session.commit()
    db.session.expunge(colleague)
    scope.leave()
    (desk, _), (theirs, their_id) = browser(app, member), browser(app, colleague)

    assert desk.post(f"/settings/sign-in/sessions/{their_id}/end").status_code == 404
    assert theirs.get("/settings").status_code == 200
    assert their_id not in desk.get("/settings/sign-in").text


def test_without_use_it_ends_after_four_hours_and_with_use_after_twelve(app: Flask, member: Member) -> None:
    desk, _ = browser(app, member)
    change(member, used_at=now() - timedelta(hours=3, minutes=58))
    assert desk.get("/settings").status_code == 200
    change(member, used_at=now() - timedelta(hours=4, minutes=1))
    assert desk.get("/settings").status_code == 303

    change(member, used_at=now(), made_at=now() - timedelta(hours=11, minutes=58))
    assert desk.get("/settings").status_code == 200
    change(member, made_at=now() - timedelta(hours=12, minutes=1))
    assert desk.get("/settings").status_code == 303


def test_the_last_use_is_written_once_a_minute_and_never_for_what_a_page_asks_by_itself(
    app: Flask, member: Member
) -> None:
    desk, _ = browser(app, member)

    def used() -> object:
        scope.enter(member.organisation_id)
        found = db.session.scalars(select(MemberSession.used_at)).one()
        scope.leave()
        return found

    change(member, used_at=(before := now() - timedelta(seconds=50)))
    desk.get("/settings")
    assert used() == before
    change(member, used_at=(before := now() - timedelta(seconds=70)))
    desk.get("/channels/found")
    assert used() == before, "a page that asks by itself keeps its session alive"
    desk.get("/settings")
    assert used() != before
