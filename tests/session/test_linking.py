"""Linking from the pages: the kinds to choose from, forms and sign-ins, and the choice."""

import re
from dataclasses import replace

from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from healthberry.connectors.base import Linkables
from healthberry.connectors.errors import Unavailable
from healthberry.core import link_settings, scope
from healthberry.models.organisations import Member, Organisation
from healthberry.queues import queue
from tests.imagined import Kinds, kinds, page, refuses
from tests.session.linking_desk import FILLED_IN, admin, begin, comes_back, linked, organisation
from tests.world import World

__all__ = ["admin", "kinds", "organisation"]


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
