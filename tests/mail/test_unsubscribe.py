"""Alerts stop with one click, by the mail program or by a person, and never by opening a link."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from healthberry.core import scope
from healthberry.extensions import db
from healthberry.mail import links
from healthberry.models.organisations import Member
from healthberry.models.owned import now
from tests.world import World

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def member(world: World) -> Member:
    return world.member(world.organisation(name="Cedar <Surgery>"))


def path(member: Member) -> str:
    url = links.unsubscribe_link(links.UnsubscribeLink(member.organisation_id, member.id))
    return url.removeprefix("http://localhost")


def wants_alerts(member: Member) -> bool:
    scope.enter(member.organisation_id)
    db.session.rollback()
    return bool(db.session.scalars(select(Member.wants_alerts).where(Member.id == member.id)).one())


def test_a_mail_program_stops_the_alerts_with_one_post_without_cookie_or_form(
    app: Flask, client: FlaskClient, member: Member
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    for _ in range(2):
        answer = client.post(path(member), data=ONE_CLICK)
        assert answer.status_code == 200
        assert not wants_alerts(member)
    assert "Set-Cookie" not in answer.headers


def test_the_one_click_body_may_be_multipart(client: FlaskClient, member: Member) -> None:
    answer = client.post(path(member), data=ONE_CLICK, content_type="multipart/form-data")
    assert answer.status_code == 200
    assert not wants_alerts(member)


def test_opening_the_link_changes_nothing_and_shows_a_button(client: FlaskClient, member: Member) -> None:
    for method in (client.get, client.head):
        assert method(path(member)).status_code == 200
        assert wants_alerts(member)
    page = client.get(path(member)).text
    assert "Turn these e-mails off" in page
    assert "Cedar &lt;Surgery&gt;" in page
    assert member.email not in page


def test_a_person_turns_them_off_and_on_again(client: FlaskClient, member: Member) -> None:
    page = client.post(path(member), data={"alerts": "off"}, follow_redirects=True)
    assert "These e-mails are off" in page.text
    assert not wants_alerts(member)
    page = client.post(path(member), data={"alerts": "on"}, follow_redirects=True)
    assert "Turn these e-mails off?" in page.text
    assert wants_alerts(member)


def test_a_tampered_link_has_its_own_sentence_and_changes_nothing(client: FlaskClient, member: Member) -> None:
    for ask in (client.get, client.post):
        answer = ask(f"{path(member)}x")
        assert answer.status_code == 400
        assert "This link is not complete" in answer.text
    assert wants_alerts(member)


def test_a_link_of_somebody_who_left_says_that_nothing_is_sent(client: FlaskClient, member: Member) -> None:
    member.left_at = now()
    db.session.commit()
    for ask in (client.get, client.post):
        answer = ask(path(member))
        assert answer.status_code == 404
        assert "no longer in use" in answer.text


def test_the_link_of_one_organisation_leaves_another_alone(client: FlaskClient, world: World, member: Member) -> None:
    elsewhere = world.member(world.organisation(), email=member.email)
    client.post(path(member), data=ONE_CLICK)
    assert wants_alerts(elsewhere)
