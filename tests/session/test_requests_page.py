"""The page of requests and legal holds: who sees it, what it does, and what others see of the conversation."""

import re

from flask.testing import FlaskClient

from healthberry.connectors.base import Author as Writer
from healthberry.core import erasing, scope
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.keeping import Hold, Restriction
from healthberry.models.organisations import Member, Organisation
from tests.world import World

PERSON = Writer("w1", "@wren")


def _signed_in(client: FlaskClient, world: World, organisation: Organisation, role: str = "administrator") -> Member:
    scope.enter(organisation.id)
    member = world.member(db.session.merge(organisation, load=False), role=role)
    world.signed_in(client, member)
    return member


def _lifts(client: FlaskClient, page: str, what: str) -> list[int]:
    """Lift all that can be lifted on a page, twice; return the statuses."""
    paths = re.findall(rf'action="(/{what}/[^"]+/lift)"', page)
    return [client.post(path).status_code for path in paths for _ in range(2)]


def test_what_an_administrator_restricts_nobody_else_reads(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    admin = _signed_in(client, world, organisation)
    (one,) = world.arrives(world.channel(organisation, "bluesky"), world.item("A secret story", author=PERSON))
    who = str(erasing.writers(admin, one)[0].id)
    where = f"/conversations/{one}/requests"
    assert "All that @wren wrote" in client.get(where).text

    for _ in range(2):
        assert client.post(f"{where}/restrict", data={"who": who, "reason": "They objected."}).status_code == 303

    assert "They objected." in client.get("/settings/keeping").text
    assert "A secret story" in client.get(f"/conversations/{one}").text
    assert "secret" not in client.get("/inbox").text
    for role in ("viewer", "responder"):
        _signed_in(client, world, organisation, role)
        for headers in ({}, {"HX-Request": "true"}):
            page = client.get(f"/conversations/{one}", headers=headers)
            assert page.status_code == 200
            assert "only administrators see it" in page.text
            assert not any(words in page.text for words in ("secret", "wren"))
        assert client.get(f"/conversations/{one}/block").status_code == 403
        assert client.post(f"/conversations/{one}/draft", data={"text": "Hello", "version": "1"}).status_code == 403
        assert client.get(where).status_code == 403
        assert client.post(f"{where}/restrict", data={"who": "", "reason": "x"}).status_code == 403

    _signed_in(client, world, organisation)
    assert _lifts(client, client.get(where).text, "restrictions") == [303, 303]
    _signed_in(client, world, organisation, "responder")
    assert "A secret story" in client.get(f"/conversations/{one}").text


def test_a_hold_is_placed_with_a_reason_shown_and_lifted(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    _signed_in(client, world, organisation)
    channel = world.channel(organisation, "bluesky")
    channel_id = channel.id
    item = world.item("A secret story", author=PERSON)
    (one,) = world.arrives(channel, item)
    where = f"/conversations/{one}/requests"

    assert client.post(f"{where}/hold", data={"what": "conversation", "why": ""}).status_code == 422
    for what in ("conversation", "conversation", "channel"):
        assert client.post(f"{where}/hold", data={"what": what, "why": "Claim 12"}).status_code == 303
    scope.enter(organisation.id)
    assert len(db.session.scalars(db.select(Hold)).all()) == 2
    assert "legal hold" in client.get(f"/conversations/{one}").text
    assert client.get("/settings/keeping").text.count("Claim 12") >= 2
    refused = client.post(f"/channels/{channel_id}/unlink", data={"keep": "erased"})
    assert refused.status_code == 409
    assert "legal hold" in refused.text
    scope.enter(organisation.id)
    gone = world.item("", remote_id=item.remote_id, thread_id=item.thread_id, change="withdrawn")
    world.arrives(db.session.get_one(Channel, (organisation.id, channel_id)), gone)
    assert "A secret story" in client.get(where).text
    assert "secret" not in client.get(f"/conversations/{one}").text

    assert _lifts(client, client.get(where).text, "holds") == [303] * 4
    assert "secret" not in client.get(where).text
    _signed_in(client, world, organisation, "responder")
    assert client.post(f"{where}/hold", data={"what": "channel", "why": "Claim 12"}).status_code == 403


def test_looking_at_the_page_changes_nothing(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    _signed_in(client, world, organisation)
    (one,) = world.arrives(world.channel(organisation), world.item("Story"))

    assert client.get(f"/conversations/{one}/requests").status_code == 200
    assert client.post(f"/conversations/{one}/requests/restrict", data={"who": "nobody"}).status_code == 422

    scope.enter(organisation.id)
    assert [db.session.scalars(db.select(model)).all() for model in (Hold, Restriction)] == [[], []]
