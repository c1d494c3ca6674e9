"""A silent channel on the pages of its organisation: the warning everywhere, and the composer that waits."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from healthberry.connectors.base import ReplyMode, ReplyPermission
from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from healthberry.models.replies import Reply
from tests.world import World


@pytest.fixture
def organisation(world: World) -> Organisation:
    """Return an organisation without people."""
    return world.organisation(name="Cedar Surgery")


@pytest.fixture
def admin(world: World, organisation: Organisation, client: FlaskClient) -> Member:
    """Return its administrator, signed in."""
    member = world.member(organisation)
    world.signed_in(client, member)
    return member


def silent(world: World, organisation: Organisation, kind: str = "nhsuk", **fields: object) -> Channel:
    """Link a channel that was last read 25 minutes ago."""
    read_at = now() - timedelta(minutes=25, seconds=5)
    return world.channel(organisation, kind, last_success_at=read_at, watched_from=now() - timedelta(days=1), **fields)


def warning(page: str) -> str:
    """Return the words of the warnings on a page, "" where there are none."""
    found = re.search(r'<div id="warnings".*?</div>\s*</div>', page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split()) if found else ""


@pytest.mark.parametrize(
    "path", ["/inbox", "/channels", "/settings", "/people", "/help", "/welcome", "/channels/add", "/channels/{}"]
)
def test_every_page_of_the_organisation_says_since_when_and_leads_to_the_channel(
    client: FlaskClient, world: World, organisation: Organisation, admin: Member, path: str
) -> None:
    channel = silent(world, organisation)
    scope.leave()

    page = client.get(path.format(channel.id), follow_redirects=True)

    assert page.status_code == 200
    assert "NHS.UK has not been read since" in warning(page.text)
    assert "(25 minutes). We go on trying." in warning(page.text)
    assert f'href="/channels/{channel.id}">Look at the channel' in page.text


def test_several_are_said_in_one_warning_and_told_apart(
    client: FlaskClient, world: World, organisation: Organisation, admin: Member
) -> None:
    silent(world, organisation, "mastodon", label="@cedar", remote_id="1", trouble="Sign in there again.")
    silent(world, organisation, "mastodon", label="@oak", remote_id="2")
    silent(world, organisation, "careopinion")
    scope.leave()

    words = warning(client.get("/settings").text)

    assert client.get("/settings").text.count('class="warning"') == 1
    assert "Mastodon ( @cedar )" in words
    assert "Mastodon ( @oak )" in words
    assert "Care Opinion has not been read" in words
    assert "Sign in there again." in words


def test_pages_of_others_and_of_nobody_say_nothing_of_it(
    client: FlaskClient, world: World, organisation: Organisation
) -> None:
    silent(world, organisation)
    scope.leave()
    assert warning(client.get("/help").text) == ""

    world.signed_in(client, world.member(world.organisation()))
    scope.leave()
    assert 'class="warning"' not in client.get("/settings").text


@pytest.fixture
def conversation(world: World, organisation: Organisation) -> str:
    """Return the id of a conversation on a silent channel that is answered by API."""
    channel = silent(world, organisation, "mastodon")
    channel.config = {"instance": "https://social.example", "user_id": "1"}
    (found,) = world.arrives(channel, world.item())
    return str(found)


def answerable(app: Flask, monkeypatch: pytest.MonkeyPatch, mode: ReplyMode) -> None:
    """Let messages on Mastodon be answered in this way."""
    connector = app.extensions["connectors"].get("mastodon")
    monkeypatch.setattr(connector, "may_reply", lambda access, target: ReplyPermission(mode), raising=True)


def publish(client: FlaskClient, conversation: str, version: int) -> object:
    form = {"text": "Thank you for telling us.", "version": str(version)}
    return client.post(f"/conversations/{conversation}/reply", data=form)


def test_a_reply_by_api_waits_with_the_reason_and_the_words_are_kept(
    app: Flask,
    client: FlaskClient,
    world: World,
    admin: Member,
    conversation: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answerable(app, monkeypatch, "api")
    scope.leave()

    page = client.get(f"/conversations/{conversation}").text
    assert "Mastodon has not been read for 25 minutes" in page
    assert re.search(r'<button class="nhsuk-button" type="submit" disabled aria-describedby="held">', page)

    version = int(re.search(r'name="version" value="(\d+)"', page)[1])  # type: ignore[index]
    scope.leave()
    answer = publish(client, conversation, version)
    assert answer.status_code == 409  # type: ignore[attr-defined]
    assert "This can be sent once it is read again." in answer.text  # type: ignore[attr-defined]
    scope.enter(admin.organisation_id)
    assert db.session.scalars(db.select(Reply)).all() == []
    assert "Thank you for telling us." in answer.text  # type: ignore[attr-defined]


def test_once_it_is_read_again_the_same_words_go_out(
    app: Flask,
    client: FlaskClient,
    world: World,
    admin: Member,
    conversation: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answerable(app, monkeypatch, "api")
    db.session.execute(db.update(Channel).values(last_success_at=now()))
    db.session.commit()
    scope.leave()
    page = client.get(f"/conversations/{conversation}").text
    assert 'aria-describedby="held"' not in page

    version = int(re.search(r'name="version" value="(\d+)"', page)[1])  # type: ignore[index]
    scope.leave()
    assert publish(client, conversation, version).status_code == 303  # type: ignore[attr-defined]


def test_what_a_person_puts_on_the_site_does_not_wait(
    app: Flask,
    client: FlaskClient,
    world: World,
    admin: Member,
    conversation: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answerable(app, monkeypatch, "assisted")
    scope.leave()
    page = client.get(f"/conversations/{conversation}").text
    assert 'aria-describedby="held"' not in page

    version = int(re.search(r'name="version" value="(\d+)"', page)[1])  # type: ignore[index]
    scope.leave()
    assert publish(client, conversation, version).status_code == 303  # type: ignore[attr-defined]
