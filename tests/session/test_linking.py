"""Linking from the pages: the kinds to choose from, forms and sign-ins, the choice, and every refusal in words."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from werkzeug.test import TestResponse

from healthberry.connectors.base import Linkables
from healthberry.connectors.errors import NotAuthorised, Unavailable
from healthberry.core import link_settings, scope, unlinking
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from healthberry.models.pushes import PendingLink
from healthberry.queues import queue
from tests.imagined import Kinds, kinds, page, refuses
from tests.world import World

__all__ = ["kinds"]

_ANEW = {"populate_existing": True}
FILLED_IN = {"address": "news.example", "password": "open sesame", "words": "ward", "days": "3", "how": "all"}


@pytest.fixture
def organisation(world: World, kinds: Kinds) -> Organisation:
    """Return an organisation without people."""
    return world.organisation(name="Cedar Surgery")


@pytest.fixture
def admin(world: World, organisation: Organisation, client: FlaskClient) -> Member:
    """Return its administrator, signed in."""
    member = world.member(organisation)
    world.signed_in(client, member)
    return member


def linked(organisation: Organisation) -> Sequence[Channel]:
    """Return the organisation's channels as they are in the database now."""
    scope.enter(organisation.id)
    db.session.rollback()
    found = db.session.scalars(db.select(Channel).order_by(Channel.remote_id), execution_options=_ANEW).all()
    db.session.expunge_all()
    return found


def change(channel: Channel, **values: object) -> None:
    """Change a channel in the database."""
    scope.enter(channel.organisation_id)
    db.session.execute(db.update(Channel).filter_by(id=channel.id).values(**values))
    db.session.commit()


def begin(client: FlaskClient, kind: str = "pages", **fields: str) -> str:
    """Begin a sign-in; return the state that the provider is told."""
    answer = client.post(f"/channels/add/{kind}", data=fields)
    assert answer.status_code == 303, answer.text
    return parse_qs(urlsplit(answer.headers["Location"]).query)["state"][0]


def comes_back(client: FlaskClient, state: str, kind: str = "pages", **answer: str) -> TestResponse:
    """Come back from the provider."""
    return client.get(f"/channels/{kind}/callback", query_string={"state": state, "code": "good", **answer})


def test_every_kind_is_offered_in_its_group_with_what_it_reads_and_lacks(
    client: FlaskClient, admin: Member, organisation: Organisation, world: World, kinds: Kinds
) -> None:
    world.channel(organisation, "pages")
    kinds.form.lacks = "This installation has no IMAGINED_KEY."

    text = client.get("/channels/add").text

    assert [one for one in ("Reviews", "Social media", "What is said there.", "IMAGINED_KEY") if one not in text] == []
    assert text.count(">Linked</span>") == 1
    for kind in ("nhsuk", "careopinion", "x", "pages", "form", "here"):
        assert f'href="/channels/add/{kind}"' in text
        assert client.get(f"/channels/add/{kind}").status_code == 200
    assert 'href="/channels/add"' in client.get("/settings").text
    assert 'href="/channels/add"' in client.get("/channels").text


def test_signing_in_where_one_page_is_managed_links_it_and_has_it_read(
    app: Flask, client: FlaskClient, admin: Member, organisation: Organisation, kinds: Kinds
) -> None:
    kinds.pages.opens = Linkables([page(1)])
    form = client.get("/channels/add/pages")
    assert "form-action 'self' https://imagined.example" in form.headers["Content-Security-Policy"]

    answer = comes_back(client, begin(client))

    (made,) = linked(organisation)
    assert answer.headers["Location"] == f"/channels?done=linked#channel-{made.id}"
    assert "Linked. It is being read now" in client.get("/channels?done=linked").text
    access = kinds.pages.linked[-1]
    assert access.secrets == {"installed": "key-of-the-installation", "user_token": "of-the-user"}
    scope.enter(organisation.id)
    assert link_settings.kept_secrets(made) == {"page_token": "token-1"}
    waiting: Redis = app.extensions["valkey_jobs"]
    assert any(str(made.id) in job.args for job in queue("backfill", waiting).jobs)


def test_of_several_pages_those_that_are_ticked_are_linked(
    client: FlaskClient, admin: Member, organisation: Organisation, kinds: Kinds
) -> None:
    kinds.pages.opens = Linkables([page(1), page(2), page(3)], ["Page 4 is not yours to manage."])
    where = comes_back(client, begin(client)).headers["Location"]
    shown = client.get(where).text
    assert "Page 4 is not yours" in shown
    state = re.search(r'name="state" value="([^"]+)"', shown)
    assert state is not None

    nothing = client.post("/channels/add/pages/choose", data={"state": state[1]})
    foreign = client.post("/channels/add/pages/choose", data={"state": state[1], "chosen": "page-9"})
    assert (nothing.status_code, foreign.status_code) == (422, 422)
    assert "Choose what is to be linked" in foreign.text
    done = client.post("/channels/add/pages/choose", data={"state": state[1], "chosen": ["page-1", "page-3"]})

    assert done.status_code == 303
    assert [one.remote_id for one in linked(organisation)] == ["page-1", "page-3"]
    again = client.post("/channels/add/pages/choose", data={"state": state[1], "chosen": "page-2"})
    assert again.status_code == 409
    assert client.get(where).status_code == 409


def test_a_page_that_is_linked_already_says_so_in_the_choice(
    client: FlaskClient, admin: Member, organisation: Organisation, world: World
) -> None:
    world.channel(organisation, "pages", remote_id="page-2")
    shown = client.get(comes_back(client, begin(client)).headers["Location"]).text
    assert shown.count("connects it again") == 1


def test_a_form_that_leads_to_a_channel_links_it(
    client: FlaskClient, admin: Member, organisation: Organisation, kinds: Kinds
) -> None:
    shown = client.get("/channels/add/form").text
    assert 'type="password"' in shown
    assert "One on each line." in shown

    answer = client.post("/channels/add/form", data=FILLED_IN)

    (made,) = linked(organisation)
    assert answer.headers["Location"] == f"/channels?done=linked#channel-{made.id}"
    assert kinds.form.given == [FILLED_IN]
    assert made.config == {"address": "news.example", "words": "ward", "days": "3", "how": "all"}
    scope.enter(organisation.id)
    assert link_settings.kept_secrets(made) == {"password": "open sesame"}


def test_a_form_is_refused_beside_its_fields_and_the_secret_never_comes_back(
    client: FlaskClient, admin: Member, organisation: Organisation, kinds: Kinds
) -> None:
    wrong = client.post("/channels/add/form", data={**FILLED_IN, "address": "", "days": "soon"})
    assert wrong.status_code == 422
    assert "Enter address" in wrong.text
    assert 'href="#days"' in wrong.text
    refuses(kinds.form, "There is no feed at this address.", "address")
    refused = client.post("/channels/add/form", data=FILLED_IN)
    assert refused.status_code == 422
    assert 'href="#address"' in refused.text
    assert "There is no feed at this address." in refused.text
    for answer in (wrong, refused):
        assert "open sesame" not in answer.text
        assert ">ward</textarea>" in answer.text
        assert re.search(r'value="all"[^>]* checked', answer.text)
    kinds.form.trouble = Unavailable("It does not answer.")
    assert "It does not answer." in client.post("/channels/add/form", data=FILLED_IN).text
    assert linked(organisation) == []


def test_a_form_that_opens_nothing_says_why(client: FlaskClient, admin: Member, kinds: Kinds) -> None:
    kinds.form.opens = Linkables([], ["This mailbox has no such folder."])
    answer = client.post("/channels/add/form", data=FILLED_IN)
    assert answer.status_code == 422
    assert "no such folder" in answer.text


def test_a_kind_with_nothing_outside_takes_one_click_and_there_is_one_only(
    client: FlaskClient, admin: Member, organisation: Organisation
) -> None:
    assert "Start using it" in client.get("/channels/add/here").text
    assert client.post("/channels/add/here").status_code == 303

    assert "Start using it" not in client.get("/channels/add/here").text
    second = client.post("/channels/add/here")
    assert second.status_code == 409
    assert "there can be only one" in second.text
    assert len(linked(organisation)) == 1


def test_what_is_needed_elsewhere_is_shown_once(
    client: FlaskClient, admin: Member, organisation: Organisation, kinds: Kinds
) -> None:
    kinds.pages.opens = Linkables([page(1, reveal=(("Secret", "only-once"), ("Address", "{hook}")))])
    shown = comes_back(client, begin(client)).text
    (made,) = linked(organisation)
    assert "only-once" in shown
    assert f"http://localhost/hooks/pages/{made.id}" in shown
    assert "only-once" not in client.get(f"/channels/{made.id}").text


def test_where_the_form_says_which_provider_the_way_there_is_a_page_that_goes_on(
    client: FlaskClient, admin: Member, organisation: Organisation, kinds: Kinds
) -> None:
    kinds.pages.capabilities = replace(kinds.form.capabilities, connect="oauth")
    kinds.pages.opens = Linkables([replace(page(1), secrets={})])
    answer = client.post("/channels/add/pages", data=FILLED_IN)
    assert answer.status_code == 200
    assert 'http-equiv="refresh" content="0; url=https://imagined.example/authorise?state=' in answer.text
    state = re.search(r"state=([\w-]+)", answer.text)
    assert state is not None
    assert "open sesame" not in answer.text

    comes_back(client, state[1])

    (made,) = linked(organisation)
    assert made.config == {"address": "news.example", "words": "ward", "days": "3", "how": "all", "n": 1}
    scope.enter(organisation.id)
    assert link_settings.kept_secrets(made)["password"] == "open sesame"


def test_a_cancelled_sign_in_leads_back_and_links_nothing(
    client: FlaskClient, admin: Member, organisation: Organisation
) -> None:
    state = begin(client)
    answer = comes_back(client, state, error="access_denied")
    assert answer.headers["Location"] == "/channels/add/pages?done=declined"
    assert "the sign-in was cancelled" in client.get(answer.headers["Location"]).text
    assert comes_back(client, state).status_code == 409
    assert linked(organisation) == []


def test_a_sign_in_that_fails_says_so_on_the_page_where_it_began(
    client: FlaskClient, admin: Member, organisation: Organisation, kinds: Kinds
) -> None:
    refused = comes_back(client, begin(client), code="bad")
    assert (refused.status_code, "The code is not good." in refused.text) == (409, True)
    kinds.pages.opens = Linkables([], ["You manage no page there."])
    nothing = comes_back(client, begin(client))
    assert (nothing.status_code, "You manage no page there." in nothing.text) == (409, True)
    assert linked(organisation) == []


def test_a_state_counts_once_for_an_hour_for_its_member_and_its_kind(
    app: Flask, client: FlaskClient, admin: Member, organisation: Organisation, world: World, kinds: Kinds
) -> None:
    kinds.pages.opens = Linkables([page(1)])
    state = begin(client)
    others = {}
    for name, where in (("colleague", organisation), ("stranger", world.organisation())):
        other = app.test_client()
        world.signed_in(other, world.member(where))
        others[name] = comes_back(other, state).status_code
    assert others == {"colleague": 403, "stranger": 409}
    assert comes_back(client, state, kind="x").status_code == 409
    assert comes_back(client, "").status_code == 409
    assert linked(organisation) == []

    assert comes_back(client, state).status_code == 303
    assert comes_back(client, state).status_code == 409

    late = begin(client)
    scope.enter(organisation.id)
    db.session.execute(db.update(PendingLink).values(made_at=now() - timedelta(minutes=61)))
    db.session.commit()
    answer = comes_back(client, late)
    assert answer.status_code == 409
    assert "started too long ago" in answer.text


def test_only_who_manages_links_and_the_others_are_told_so(
    app: Flask, organisation: Organisation, world: World
) -> None:
    responder = app.test_client()
    world.signed_in(responder, world.member(organisation, role="responder"))
    assert "Administrators of your organisation link channels." in responder.get("/channels/add/form").text
    for kind in ("pages", "form", "here"):
        assert responder.post(f"/channels/add/{kind}", data=FILLED_IN).status_code == 403

    alone = app.test_client()
    world.signed_in(alone, world.member(world.organisation(), level=1, role="responder"))
    assert alone.post("/channels/add/form", data=FILLED_IN).status_code == 403
    assert alone.post("/channels/add/here").status_code == 303


def test_a_kind_that_lacks_its_key_shows_no_form(client: FlaskClient, admin: Member, kinds: Kinds) -> None:
    kinds.form.lacks = "This installation has no IMAGINED_KEY."
    shown = client.get("/channels/add/form").text
    assert "IMAGINED_KEY" in shown
    assert "<textarea" not in shown
    refused = client.post("/channels/add/form", data=FILLED_IN)
    assert (refused.status_code, "IMAGINED_KEY" in refused.text) == (409, True)


def test_a_kind_that_nobody_knows_is_not_there(client: FlaskClient, admin: Member) -> None:
    assert client.get("/channels/add/pigeon").status_code == 404
    assert client.post("/channels/add/pigeon").status_code == 404
    assert client.get("/channels/add/pigeon/choose?state=x").status_code == 409


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
