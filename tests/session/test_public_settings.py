"""Whether there is a public page: switched on by whoever may, off by itself, and never of what was not published."""

import re
from uuid import uuid4

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from healthberry.connectors import registry
from healthberry.core import (
    public_pages,
    scope,
)
from healthberry.core.public_addresses import make, read
from healthberry.extensions import db
from healthberry.models.audit import AuditEntry
from healthberry.models.claims import Dispute
from healthberry.models.organisations import Member
from healthberry.models.owned import new_id, now
from healthberry.models.public import PublicPage
from tests.session.public_house import House, house, read_as_stranger, status
from tests.world import World, moments_ago

__all__ = ["house"]


def test_a_page_that_is_off_and_one_that_never_was_are_the_same(app: Flask, house: House) -> None:
    foreign = house.world.organisation()
    other = house.world.member(foreign)
    own_channel = house.world.channel(foreign)
    public_pages.choose(other, [str(own_channel.id)])
    public_pages.switch_on(other, seen=True)
    db.session.commit()
    (theirs,) = house.world.arrives(own_channel, house.world.item("Theirs."), backfill=True)
    token = make(db.session.get_one(PublicPage, foreign.id), theirs)
    foreign_id, other_id = foreign.id, other.id
    scope.enter(house.org)
    mine = house.says("Mine.")
    own = make(house.page, mine)
    assert read(house.page, token) is None
    assert status(app, f"/public/{foreign_id}/{token}") == 200

    unknown = [
        f"{house.url}/{token}",
        f"{house.url}/{own[:-1]}",
        f"{house.url}/{mine}",
        f"/public/{uuid4()}",
        f"/public/{foreign_id}/{own}",
    ]
    scope.enter(foreign_id)
    db.session.add(Dispute(organisation_id=foreign_id, id=new_id(), why="unproven", parties=[]))
    db.session.commit()
    disputed = status(app, f"/public/{foreign_id}")
    scope.enter(foreign_id)
    db.session.execute(update(Dispute).values(decided_at=now()))
    db.session.execute(update(Member).where(Member.id == other_id).values(level=1))
    db.session.commit()
    assert (disputed, status(app, f"/public/{foreign_id}")) == (404, 404)

    scope.enter(house.org)
    public_pages.switch_off(house.member)
    db.session.commit()
    scope.leave()
    said = {
        re.sub(r'nonce="[^"]*"|nonce:inherited="[^"]*"|"X-CSRFToken": "[^"]*"', "", answer.text)
        for url in (*unknown, house.url, f"{house.url}/{own}")
        if (answer := app.test_client().get(url)).status_code == 404
    }
    assert len(said) == 1
    assert [status(app, url) for url in (*unknown, house.url)] == [404] * 6


def test_an_administrator_looks_first_and_switches_it_on_and_an_approver_takes_one_off(
    app: Flask, client: FlaskClient, world: World
) -> None:
    organisation = world.organisation()
    admin, approver = world.member(organisation), world.member(organisation, role="approver")
    channel = world.channel(organisation)
    (one,) = world.arrives(channel, world.item("Zebra.", posted_at=moments_ago(days=40)), backfill=True)
    org, url, channel_id = organisation.id, f"/public/{organisation.id}", str(channel.id)
    second = app.test_client()
    world.signed_in(client, admin)
    world.signed_in(second, approver)
    scope.leave()

    assert "It is off" in client.get("/settings/public").text
    assert client.post("/settings/public/on", data={"seen": "on"}).status_code == 422
    assert client.post("/settings/public", data={"channel": channel_id}).status_code == 303
    assert "Zebra." in client.get("/settings/public/preview").text
    assert client.post("/settings/public/on").status_code == 422
    assert second.post("/settings/public/on", data={"seen": "on"}).status_code == 403
    assert status(app, url) == 404
    assert client.post("/settings/public/on", data={"seen": "on"}).status_code == 303
    assert "Zebra." in read_as_stranger(app, url)
    for kind, words in (
        ("record-of-processing", "on our public page"),
        ("privacy-notice", url),
        ("hazard-log", "on since"),
    ):
        assert words in client.get(f"/settings/documents/{kind}").text

    assert "Anybody can read it" in second.get(f"/settings/public/items/{one}").text
    for _ in range(2):
        assert second.post(f"/settings/public/items/{one}/remove").status_code == 303
    assert "Zebra." not in read_as_stranger(app, url)
    assert "It was taken off" in second.get(f"/settings/public/items/{one}").text
    assert "Put it back" in second.get("/settings/public").text
    for _ in range(2):
        assert second.post(f"/settings/public/items/{one}/back").status_code == 303
    assert "Zebra." in read_as_stranger(app, url)
    assert client.post("/settings/public", data={}).status_code == 422
    assert client.post("/settings/public/off").status_code == 303
    assert status(app, url) == 404

    scope.enter(org)
    done = db.session.scalars(
        select(AuditEntry.action).where(AuditEntry.action.startswith("public_")).order_by(AuditEntry.number)
    )
    assert list(done) == [
        "public_channels_chosen",
        "public_page_on",
        "public_item_removed",
        "public_item_put_back",
        "public_page_off",
    ]


def test_only_what_was_published_can_be_shown() -> None:
    kinds = registry.build(registry.endpoints(None), registry.Credentials())

    assert {one.kind for one in kinds if one.capabilities.display != "none" and one.capabilities.private} == set()
    assert {one.kind for one in kinds if one.capabilities.display == "text"} == {"nhsuk", "careopinion"}
    assert all(one.capabilities.credit for one in kinds if one.capabilities.display == "text")
