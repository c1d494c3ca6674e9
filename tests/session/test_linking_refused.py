"""Linking that comes to nothing: cancelled, failed, too late, or not for this member."""

from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from healthberry.connectors.base import Linkables
from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from healthberry.models.pushes import PendingLink
from tests.imagined import Kinds, kinds, page
from tests.session.linking_desk import FILLED_IN, admin, begin, comes_back, linked, organisation
from tests.world import World

__all__ = ["admin", "kinds", "organisation"]


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
