"""Who must have a second step, and by when."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.organisations import Member
from healthberry.models.owned import now
from tests.session.apps import Phone
from tests.session.stepping import member, set_up
from tests.world import World

__all__ = ["member"]


def aged(member: Member, **fields: object) -> None:
    """Change when the member got their role, or joined."""
    scope.enter(member.organisation_id)
    db.session.execute(update(Member).values(**fields))
    db.session.commit()
    scope.leave()


@pytest.mark.parametrize("role", ["administrator", "approver"])
def test_who_decides_for_others_has_seven_days_and_then_sets_one_up_before_anything_else(
    client: FlaskClient, world: World, member: Member, role: str
) -> None:
    world.signed_in(client, member)
    aged(member, role=role)
    aged(member, role_since=now() - timedelta(days=6, hours=23))
    assert client.get("/inbox").status_code == 200
    assert "You need a second step by" in client.get("/settings").text

    aged(member, role_since=now() - timedelta(days=7, minutes=1))
    assert client.get("/inbox").headers["Location"] == "/settings/sign-in"
    part = client.post("/people/ask", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["HX-Redirect"]) == (403, "/settings/sign-in")
    assert client.get("/stream?view=house").status_code == 403
    assert "Set up a second step to go on" in client.get("/settings/sign-in").text

    set_up(client)
    assert client.get("/inbox").status_code == 200


def test_others_need_one_only_where_the_organisation_says_so(client: FlaskClient, world: World, app: Flask) -> None:
    organisation = world.organisation()
    admin, responder = world.member(organisation), world.member(organisation, role="responder")
    for one in (admin, responder):
        db.session.expunge(one)
    scope.leave()
    other = app.test_client()
    world.signed_in(other, responder)
    aged(responder, created_at=now() - timedelta(days=30), role_since=now() - timedelta(days=30))
    assert other.get("/inbox").status_code == 200
    Phone(app, admin)
    world.signed_in(client, admin)

    client.post("/settings/organisation", data={"second_step": "on"})
    assert "7 days to set one up" in client.get("/settings").text
    assert other.get("/inbox").status_code == 200
    scope.enter(organisation.id)
    db.session.execute(db.text("UPDATE organisation_details SET second_step_since = now() - interval '8 days'"))
    db.session.commit()
    scope.leave()
    assert other.get("/inbox").headers["Location"] == "/settings/sign-in"
    client.post("/settings/organisation", data={"second_step": "on"})
    assert other.get("/inbox").status_code == 303, "saving the settings again began the grace anew"
    client.post("/settings/organisation", data={})
    assert other.get("/inbox").status_code == 200


@pytest.mark.parametrize("role", ["administrator", "approver"])
def test_who_comes_to_decide_for_others_has_seven_days_from_then(
    client: FlaskClient, world: World, app: Flask, role: str
) -> None:
    organisation = world.organisation()
    admin, responder = world.member(organisation), world.member(organisation, role="responder")
    for one in (admin, responder):
        db.session.expunge(one)
    aged(responder, role_since=now() - timedelta(days=30))
    aged(admin, role_since=now())
    world.signed_in(client, admin)

    client.post(f"/people/{responder.id}/role", data={"role": role})

    other = app.test_client()
    world.signed_in(other, responder)
    assert other.get("/inbox").status_code == 200
