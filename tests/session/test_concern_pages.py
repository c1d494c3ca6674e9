"""Restricted conversations in the browser: no route gives their words without a grant, and who opens one is noted."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from healthberry.connectors.base import Author as Writer
from healthberry.connectors.base import File
from healthberry.core import concerns, conversations, erasing, holds, scope
from healthberry.extensions import db
from healthberry.jobs import keeping as jobs
from healthberry.models.attachments import Attachment
from healthberry.models.audit import AuditEntry
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member, Organisation
from healthberry.models.replies import Reply
from tests.world import World

# Words, name, title, file, note, draft and reply of the conversation; none of them stands anywhere else.
SECRETS = ("zebra", "Zebra", "wren")
PERSON = Writer("w1", "@wren", "https://example.org/@wren")
# These let somebody in, end the restriction, or end the session of who looks.
_OPENING = {"concerns.lift", "concerns.give", "concerns.give_all", "session.sign_out", "settings.sign_out_everywhere"}


@dataclass(frozen=True)
class Case:
    """A restricted conversation, and ids of all that belongs to it."""

    organisation_id: uuid.UUID
    marker: Member
    conversation_id: uuid.UUID
    attachment_id: uuid.UUID
    ids: dict[str, object]


@pytest.fixture
def organisation(world: World) -> Organisation:
    return world.organisation()


@pytest.fixture
def case(world: World, organisation: Organisation) -> Case:
    marker = world.member(organisation, role="responder", name="Mo Marker")
    channel = world.channel(organisation, "bluesky")
    elsewhere = world.channel(organisation, "careopinion")
    file = File("zebra.jpg", "image/jpeg", b"zebra")
    item = world.item("A zebra story", title="Zebra", author=PERSON, url="https://example.org/zebra", files=(file,))
    (one,) = world.arrives(channel, item)
    world.arrives(elsewhere, world.item("A zebra story", author=PERSON))
    conversations.add_note(marker, one, "A zebra note")
    target = db.session.scalar(db.text("SELECT id FROM messages WHERE conversation_id = :one"), {"one": one})
    reply = Reply(
        organisation_id=organisation.id,
        conversation_id=one,
        target_id=target,
        member_id=marker.id,
        member_name=marker.name,
        mode="api",
        key="k",
        text="A zebra reply",
        state="failed",
    )
    db.session.add(reply)
    db.session.flush()
    hold = holds.place(world.member(organisation, name="Ada Admin"), channel.id, one, "A claim.")
    for other in db.session.scalars(select(Conversation)).all():
        concerns.mark(marker, other.id, "crisis")
    db.session.commit()
    attachment = db.session.scalars(select(Attachment.id)).one()
    who = uuid.uuid4()
    ids: dict[str, object] = {
        "conversation_id": one,
        "channel_id": channel.id,
        "reply_id": reply.id,
        "attachment_id": attachment,
        "hold_id": hold.id,
        "other_id": marker.id,
        "session_id": uuid.uuid4(),
        "passkey_id": uuid.uuid4(),
        "organisation_id": organisation.id,
        "kind": "bluesky",
    }
    for name in _OTHERS:
        ids[name] = who
    return Case(organisation.id, marker, one, attachment, ids | {"token": "t", "key": "k", "filename": "x"})


# Rows that this house has none of.
_OTHERS = (
    *("rule_id", "import_id", "erasure_id", "restriction_id", "grant_id", "code_id", "team_id", "provider_id"),
    *("request_id", "message_id", "disclosure_id", "identity_id"),
)


def _member(world: World, organisation: Organisation, role: str) -> Member:
    scope.enter(organisation.id)
    return world.member(db.session.merge(organisation, load=False), role=role)


def _paths(app: Flask, case: Case, method: str) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        if method in (rule.methods or set()) and rule.endpoint not in _OPENING | {"static", "stream.follow"}:
            with app.test_request_context():
                built = rule.build({**case.ids}, append_unknown=False)
            if built:
                yield rule.endpoint, str(built[1])


@pytest.mark.parametrize("role", ["administrator", "responder", "viewer"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_route_gives_its_words_to_who_has_no_grant(
    app: Flask, world: World, organisation: Organisation, case: Case, role: str, method: str
) -> None:
    member = _member(world, organisation, role)
    client = world.signed_in(app.test_client(), member)
    given = {"reason": "spam", "text": "Hello", "version": "1", "note": "Mine", "concern": "staff", "q": "story"}
    shown = {"HX-Request": "true", "HX-Current-URL": f"http://localhost/conversations/{case.conversation_id}"}
    told, asked = {}, 0
    for endpoint, path in _paths(app, case, method):
        for headers in ({}, shown):
            answer = client.open(path, method=method, data=given if method == "POST" else None, headers=headers)
            asked += 1
            if any(word in answer.get_data(as_text=True) for word in SECRETS) or answer.status_code >= 500:
                told[endpoint] = answer.status_code
            answer.close()

    assert asked >= 60
    assert told == {}


def test_with_a_grant_its_words_are_where_they_always_were(
    app: Flask, world: World, organisation: Organisation, case: Case
) -> None:
    """Else the test above would pass over empty pages."""
    client = world.signed_in(app.test_client(), case.marker)

    told = set()
    for endpoint, path in _paths(app, case, "GET"):
        answer = client.get(path)
        if any(word in answer.get_data(as_text=True) for word in SECRETS):
            told.add(endpoint)
        answer.close()

    assert told == {"attachments.show", "conversation.show", "noise.ask_block"}


@pytest.mark.parametrize("query", ["q=zebra", "q=story", "status=all", "status=all&q=zebra", "unread=1"])
def test_no_list_and_no_search_shows_it(
    app: Flask, world: World, organisation: Organisation, case: Case, query: str
) -> None:
    client = world.signed_in(app.test_client(), _member(world, organisation, "administrator"))

    page = client.get(f"/inbox?{query}").text

    shown = page.replace("zebra", "") if query.endswith("zebra") else page  # the search's own words
    assert not any(word in shown for word in SECRETS)
    assert ("Restricted: open it" in page) == (query == "status=all")


def test_who_may_let_somebody_in_is_said_and_then_they_read_it_and_that_is_noted(
    client: FlaskClient, world: World, organisation: Organisation, case: Case
) -> None:
    other, admin = _member(world, organisation, "responder"), _member(world, organisation, "administrator")
    where = f"/conversations/{case.conversation_id}"
    world.signed_in(client, other)
    page = client.get(where).text
    assert "You need the permission" in page or "you need the permission" in page
    assert "Ask Ada Admin" in page

    world.signed_in(client, admin)
    assert "can give it to yourself" in client.get(where).text
    assert f'href="{where}/restricted"' in client.get(where).text
    page = client.get(f"{where}/restricted").text
    assert "Mo Marker" in page
    assert client.post(f"{where}/restricted/readers", data={"reader": str(other.id)}).status_code == 303
    assert client.post(f"{where}/restricted/readers", data={"reader": ""}).status_code == 422

    world.signed_in(client, other)
    for _ in range(2):
        assert "A zebra story" in client.get(where).text
    assert client.get(f"/attachments/{case.attachment_id}").data == b"zebra"
    world.signed_in(client, admin)
    assert "zebra" not in client.get(where).text
    log = client.get(f"/settings/audit?about={case.conversation_id}").text
    assert log.count("Read a restricted conversation</strong>") == 1
    (end,) = re.findall(rf'action="(/reading-grants/[^"]+/end)">(?:(?!</form>).)*{other.name}', _readers(client, where))
    assert client.post(end).status_code == 303
    world.signed_in(client, other)
    assert "zebra" not in client.get(where).text
    scope.enter(organisation.id)
    read = select(AuditEntry.member_id).where(AuditEntry.action == "restricted_read")
    assert db.session.scalars(read).all() == [other.id]


def _readers(client: FlaskClient, where: str) -> str:
    return client.get(f"{where}/restricted").text.replace("\n", " ")


def test_a_standing_grant_is_given_and_taken_back_on_the_page_of_people(
    client: FlaskClient, world: World, organisation: Organisation, case: Case
) -> None:
    other, admin = _member(world, organisation, "responder"), _member(world, organisation, "administrator")
    world.signed_in(client, admin)

    assert client.post(f"/people/{other.id}/reading").status_code == 303
    page = client.get("/people").text
    assert "reads all that is restricted" in page
    world.signed_in(client, other)
    assert "A zebra story" in client.get(f"/conversations/{case.conversation_id}").text
    assert "reads all that is restricted" not in client.get("/people").text, "administrators alone see who"
    assert client.post(f"/people/{other.id}/reading").status_code == 403

    world.signed_in(client, admin)
    (end,) = re.findall(r'action="(/reading-grants/[^"]+/end)"', page)
    client.post(end)
    world.signed_in(client, other)
    assert "zebra" not in client.get(f"/conversations/{case.conversation_id}").text


def test_a_responder_restricts_it_and_only_an_administrator_ends_that(
    client: FlaskClient, world: World, organisation: Organisation
) -> None:
    (one,) = world.arrives(world.channel(organisation, "bluesky"), world.item("A zebra story", author=PERSON))
    marker, other = _member(world, organisation, "responder"), _member(world, organisation, "responder")
    admin = _member(world, organisation, "administrator")
    where = f"/conversations/{one}/restricted"
    world.signed_in(client, marker)
    assert f'href="{where}"' in client.get(f"/conversations/{one}").text
    assert client.post(where, data={"concern": ""}).status_code == 422
    for _ in range(2):
        assert client.post(where, data={"concern": "safeguarding"}).status_code == 303
    page = client.get(f"/conversations/{one}").text
    assert "A zebra story" in page
    assert "a safeguarding concern" in page
    assert client.post(f"{where}/lift").status_code == 403
    world.signed_in(client, other)
    assert "safeguarding concern" not in client.get(f"/conversations/{one}").text, "nor why"
    assert "a safeguarding concern" not in client.get(where).text.partition("<main")[2].partition("Restrict it")[0]

    world.signed_in(client, admin)
    assert "a safeguarding concern" in client.get("/settings/keeping").text
    assert client.post(f"{where}/lift").status_code == 303

    world.signed_in(client, other)
    assert "A zebra story" in client.get(f"/conversations/{one}").text


def test_an_administrators_reading_while_a_request_is_assessed_is_noted_too(
    client: FlaskClient, world: World, organisation: Organisation
) -> None:
    admin = _member(world, organisation, "administrator")
    (one,) = world.arrives(world.channel(organisation, "bluesky"), world.item("A zebra story", author=PERSON))
    world.signed_in(client, admin)
    client.post(f"/conversations/{one}/requests/restrict", data={"who": "", "reason": "They objected."})

    assert "A zebra story" in client.get(f"/conversations/{one}").text

    scope.enter(organisation.id)
    actions = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.number)).all()
    assert actions == ["restricted", "restricted_read"]


def test_the_certificate_of_an_erasure_says_nothing_of_it(
    client: FlaskClient, world: World, organisation: Organisation, case: Case
) -> None:
    admin = _member(world, organisation, "administrator")
    holds_lifted = select(db.text("id")).select_from(db.text("holds"))
    for hold_id in db.session.scalars(holds_lifted).all():
        holds.lift(admin, hold_id)
    who = erasing.writers(admin, case.conversation_id)[0].id
    made = erasing.begin(admin, case.conversation_id, who, reference="IG-7", answers=False, notes=False)
    db.session.commit()
    world.signed_in(client, admin)

    pages = [client.get(f"/erasures/{made.id}").text]
    jobs.erase(str(organisation.id), str(made.id))
    pages += [
        client.get(f"/erasures/{made.id}{ending}").text for ending in ("", "/certificate.txt", "/certificate.html")
    ]

    assert all("IG-7" in page for page in pages[1:])
    assert not any(word in page for page in pages for word in SECRETS)
