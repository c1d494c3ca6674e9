"""A linked channel: its page, its settings, and how it is connected again."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from healthberry.connectors.base import Linkables
from healthberry.connectors.errors import NotAuthorised
from healthberry.core import link_settings, scope, unlinking
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from healthberry.queues import queue
from tests.imagined import Kinds, kinds, page, refuses
from tests.session.linking_desk import FILLED_IN, admin, begin, comes_back, linked, organisation
from tests.world import World

__all__ = ["admin", "kinds", "organisation"]


def change(channel: Channel, **values: object) -> None:
    """Change a channel in the database."""
    scope.enter(channel.organisation_id)
    db.session.execute(db.update(Channel).filter_by(id=channel.id).values(**values))
    db.session.commit()


def test_the_page_of_a_channel_shows_its_health_its_settings_and_never_its_secret(
    client: FlaskClient, admin: Member, organisation: Organisation, world: World
) -> None:
    client.post("/channels/add/form", data=FILLED_IN)
    (made,) = linked(organisation)
    change(made, last_success_at=now(), items_loaded=1204, items_quarantined=2)

    shown = client.get(f"/channels/{made.id}").text

    for words in ("The news", "1,204", "2 could not be read", "news.example", "Everything", "Kept, and never shown"):
        assert words in shown
    assert "open sesame" not in shown
    responder = client.application.test_client()
    scope.enter(organisation.id)
    world.signed_in(responder, world.member(organisation, role="responder"))
    theirs = responder.get(f"/channels/{made.id}").text
    assert "How it is doing" in theirs
    assert "Its settings" not in theirs


def test_a_channel_is_read_now_when_somebody_wants_it(
    app: Flask, client: FlaskClient, admin: Member, organisation: Organisation, world: World
) -> None:
    channel = world.channel(organisation, "form", next_poll_at=now() + timedelta(hours=1))
    silent = world.channel(organisation, "here", remote_id="cards")

    answer = client.post(f"/channels/{channel.id}/read")

    assert answer.headers["Location"] == f"/channels/{channel.id}?done=read"
    waiting: Redis = app.extensions["valkey_jobs"]
    assert any(str(channel.id) in job.args for job in queue("ingest", waiting).jobs)
    read = next(one for one in linked(organisation) if one.kind == "form")
    assert read.next_poll_at is not None
    assert read.next_poll_at <= now()
    assert read.recheck_at <= now(), "and what is newest is looked at for edits and removals"
    assert client.post(f"/channels/{silent.id}/read").status_code == 409
    client.post(f"/channels/{channel.id}/off")
    assert client.post(f"/channels/{channel.id}/read").status_code == 409


def test_settings_change_without_losing_what_was_read_and_a_blank_secret_stays(
    client: FlaskClient, admin: Member, organisation: Organisation, kinds: Kinds
) -> None:
    client.post("/channels/add/form", data=FILLED_IN)
    (made,) = linked(organisation)
    change(made, items_loaded=5)
    form = client.get(f"/channels/{made.id}/settings").text
    assert 'value="news.example"' in form
    assert "open sesame" not in form
    assert "Leave it blank" in form

    wrong = client.post(f"/channels/{made.id}/settings", data={**FILLED_IN, "password": "", "days": "soon"})
    right = client.post(f"/channels/{made.id}/settings", data={**FILLED_IN, "password": "", "words": "day case"})

    assert wrong.status_code == 422
    assert right.headers["Location"] == f"/channels/{made.id}?done=connected"
    (changed,) = linked(organisation)
    assert (changed.id, changed.items_loaded, changed.config["words"]) == (made.id, 5, "day case")
    scope.enter(organisation.id)
    assert link_settings.kept_secrets(changed) == {"password": "open sesame"}
    refuses(kinds.form, "There is no feed at this address.", "address")
    refused = client.post(f"/channels/{made.id}/settings", data=FILLED_IN)
    assert (refused.status_code, "There is no feed" in refused.text) == (422, True)


def test_a_channel_that_lost_its_tokens_is_connected_again_by_the_same_way(
    client: FlaskClient, admin: Member, organisation: Organisation, kinds: Kinds
) -> None:
    kinds.pages.opens = Linkables([page(1)])
    comes_back(client, begin(client))
    (made,) = linked(organisation)
    change(made, sealed_secrets=None, account=None, state="failing", trouble="The link has run out.")
    assert "Connect again" in client.get("/channels").text
    sent = client.post(f"/channels/{made.id}/connect", data={"next": "/inbox"})
    state = parse_qs(urlsplit(sent.headers["Location"]).query)["state"][0]
    kinds.pages.opens = Linkables([page(2), page(1)])

    assert comes_back(client, state).headers["Location"] == "/inbox"

    (again,) = linked(organisation)
    assert (again.id, again.state, again.account) == (made.id, "active", "Page 1")
    sent = client.post(f"/channels/{made.id}/connect")
    state = parse_qs(urlsplit(sent.headers["Location"]).query)["state"][0]
    kinds.pages.opens = Linkables([page(2)])
    other = comes_back(client, state)
    assert (other.status_code, "You signed in as Pat Lee, but this channel is Page 1" in other.text) == (409, True)


def test_a_channel_of_a_form_is_connected_again_by_its_settings(
    client: FlaskClient, admin: Member, organisation: Organisation, kinds: Kinds
) -> None:
    client.post("/channels/add/form", data=FILLED_IN)
    (made,) = linked(organisation)
    assert client.get(f"/channels/{made.id}/connect").headers["Location"] == f"/channels/{made.id}/settings"
    assert client.post(f"/channels/{made.id}/connect").status_code == 303
    assert kinds.form.given[-1] == FILLED_IN
    kinds.form.trouble = NotAuthorised("The password is wrong.")
    refused = client.post(f"/channels/{made.id}/connect")
    assert (refused.status_code, "The password is wrong." in refused.text) == (409, True)


def test_a_channel_that_is_unlinked_meanwhile_is_not_linked_again_by_coming_back(
    client: FlaskClient, admin: Member, organisation: Organisation, kinds: Kinds
) -> None:
    kinds.pages.opens = Linkables([page(1)])
    comes_back(client, begin(client))
    (made,) = linked(organisation)
    sent = client.post(f"/channels/{made.id}/connect")
    scope.enter(organisation.id)
    unlinking.unlink(admin, made.id, erase=True)
    db.session.commit()

    answer = comes_back(client, parse_qs(urlsplit(sent.headers["Location"]).query)["state"][0])

    assert (answer.status_code, "was unlinked" in answer.text) == (409, True)
    assert "This channel is unlinked" in client.get(f"/channels/{made.id}").text


def test_no_connection_is_held_while_the_provider_is_waited_for(
    app: Flask, client: FlaskClient, admin: Member, organisation: Organisation, kinds: Kinds
) -> None:
    seen: list[int] = []
    kinds.form.before = lambda: seen.append(db.engine.pool.checkedout())  # type: ignore[attr-defined]
    client.post("/channels/add/form", data=FILLED_IN)
    (made,) = linked(organisation)
    db.session.rollback()
    client.post(f"/channels/{made.id}/settings", data=FILLED_IN)
    kinds.pages.before = kinds.form.before
    db.session.rollback()
    comes_back(client, begin(client))

    assert seen == [0] * len(seen)
    assert len(seen) == 7


def test_a_channel_that_nobody_is_asked_for_is_ready_and_not_said_to_be_read(
    client: FlaskClient, admin: Member, organisation: Organisation
) -> None:
    answer = client.post("/channels/add/paper")

    (made,) = linked(organisation)
    assert answer.headers["Location"] == f"/channels?done=ready#channel-{made.id}"
    shown = client.get("/channels?done=ready").text
    assert "ready for what you write down" in shown
    assert "being read now" not in shown
