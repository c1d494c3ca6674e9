"""On the page of a request: whether the words are restricted meanwhile, one button to do it, and one to end it."""

import re
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import select

from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.audit import AuditEntry
from healthberry.models.conversations import Conversation
from tests.session.test_rights import LINK, WREN, asks, only
from tests.world import World


def _is_restricted(organisation_id: UUID, conversation_id: UUID) -> bool:
    scope.enter(organisation_id)
    key = (organisation_id, conversation_id)
    return db.session.get_one(Conversation, key, populate_existing=True).restricted


def _end(page: str) -> list[str]:
    return re.findall(r'action="(/settings/requests/[^"]+/restrictions/[^"]+/end)"', page)


def _asked(client: FlaskClient, world: World, **fields: Any) -> tuple[UUID, UUID, str]:
    """Have Wren write, and ask about it by the link; return organisation, conversation and the page of the request."""
    organisation = world.organisation()
    admin = world.member(organisation, name="Priya Shah")
    org = organisation.id
    (story,) = world.arrives(
        world.channel(organisation, "bluesky"), world.item("My secret story", author=WREN, url=LINK)
    )
    world.signed_in(client, admin)
    scope.leave()
    asks(client, org, **fields)
    return org, story, f"/settings/requests/{only(org).id}"


def test_an_objection_offers_restriction_first_and_says_how_it_stands(client: FlaskClient, world: World) -> None:
    org, story, where = _asked(client, world, kind="object")

    page = client.get(where).text
    assert page.index("Restrict while you assess it") < page.index("What may be theirs")
    assert "the law wants the words left alone" in page
    assert "Not restricted" in page
    (key,) = set(re.findall(r'name="who"[^>]*value="([^"]+)"', page))
    assert client.post(f"{where}/restrict", data={"who": key}).status_code == 303

    page = client.get(where).text
    assert _is_restricted(org, story)
    assert "Not restricted" not in page
    assert "Restricted since" in page
    assert "by Priya Shah" in page
    (undo,) = _end(page)
    assert [client.post(undo).status_code for _ in range(2)] == [303, 303]
    assert not _is_restricted(org, story)
    assert "Not restricted" in client.get(where).text
    scope.enter(org)
    actions = db.session.scalars(select(AuditEntry.action)).all()
    assert actions.count("data_request_unrestricted") == 1, "ending it twice is ending it once"


def test_what_stays_restricted_after_the_answer_is_said_and_ended_from_there(client: FlaskClient, world: World) -> None:
    org, story, where = _asked(client, world)
    (key,) = set(re.findall(r'name="who"[^>]*value="([^"]+)"', client.get(where).text))
    client.post(f"{where}/restrict", data={"who": key})
    client.post(f"{where}/close", data={"outcome": "refused", "answer": "It was not us."})

    page = client.get(where).text

    assert "end what need not stay restricted" in page
    (undo,) = _end(page)
    assert client.post(undo).status_code == 303
    assert not _is_restricted(org, story)
    assert "Restrict while you assess it" not in client.get(where).text


def test_a_request_ends_no_restriction_that_is_not_about_it(client: FlaskClient, world: World) -> None:
    org, story, where = _asked(client, world)
    (key,) = set(re.findall(r'name="who"[^>]*value="([^"]+)"', client.get(where).text))
    client.post(f"{where}/restrict", data={"who": key})
    (undo,) = _end(client.get(where).text)
    asks(client, org, kind="copy", about="@somebody_else")
    listed = client.get("/settings/requests").text
    (other,) = {one for one in re.findall(r'href="(/settings/requests/[0-9a-f-]{36})"', listed) if one != where}

    assert client.post(undo.replace(where, other)).status_code == 404

    assert _is_restricted(org, story)
