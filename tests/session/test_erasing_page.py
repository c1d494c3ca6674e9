"""Erasing on request: the question, what would go, the certificate and its two files."""

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from healthberry.connectors.base import Author as Writer
from healthberry.core import erasing, scope
from healthberry.extensions import db
from healthberry.jobs import keeping as jobs
from healthberry.models.keeping import Erasure
from healthberry.models.organisations import Member, Organisation
from tests.world import World

PERSON = Writer("w1", "@wren")


def _signed_in(client: FlaskClient, world: World, organisation: Organisation, role: str = "administrator") -> Member:
    member = world.member(organisation, role=role)
    world.signed_in(client, member)
    return member


def _asks(client: FlaskClient, where: str, who: object, **fields: str) -> TestResponse:
    given = {"who": str(who), "reference": "IG-7", "confirm": "on", **fields}
    return client.post(where, data={name: value for name, value in given.items() if value})


def test_an_administrator_sees_what_would_go_erases_it_and_gets_a_certificate(
    client: FlaskClient, world: World
) -> None:
    organisation = world.organisation(name="Cedar Surgery")
    member = _signed_in(client, world, organisation)
    name, channel = member.name, world.channel(organisation, "bluesky")
    one, _ = world.arrives(
        channel, world.item("My secret story", author=PERSON), world.item("And again", author=PERSON)
    )
    who = erasing.writers(member, one)[0].id
    where = f"/conversations/{one}/erase"

    assert "Erase what they wrote" in client.get(f"/conversations/{one}").text
    shown = client.get(where).text
    assert "2 messages in 2 conversations" in shown
    scope.enter(organisation.id)
    assert db.session.scalars(db.select(Erasure)).all() == [], "looking changes nothing"

    answer = _asks(client, where, who)
    assert answer.status_code == 303
    address = answer.headers["Location"]
    assert "Being erased" in client.get(address).text
    assert client.get(address + "/certificate.txt").status_code == 409
    jobs.erase(str(organisation.id), address.rpartition("/")[2])

    for path in ("", "/certificate.txt", "/certificate.html"):
        page = client.get(address + path)
        assert page.status_code == 200
        for words in ("Cedar Surgery", "IG-7", name, "Backups of this installation", "source itself"):
            assert words in page.text
        assert not any(words in page.text for words in ("secret story", "wren", "And again"))
    text = client.get(address + "/certificate.txt")
    assert text.headers["Content-Disposition"].startswith("attachment")
    assert "Messages of theirs: 2\nConversations they were in: 2\n" in text.text
    assert _asks(client, where, who).headers["Location"] == address, "the same request is the same certificate"
    assert "IG-7" in client.get("/settings/keeping").text
    assert "Erased on request" in client.get(f"/conversations/{one}").text
    assert "Erased on the request of who wrote it" in client.get("/inbox").text


def test_where_several_wrote_it_is_asked_who(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    _signed_in(client, world, organisation)
    first = world.item("One", author=PERSON)
    other = world.item("Two", author=Writer("r1", "@robin"), thread_id=first.thread_id)
    (one,) = world.arrives(world.channel(organisation, "bluesky"), first, other)
    where = f"/conversations/{one}/erase"

    page = client.get(where).text
    assert "Who asked for it?" in page
    assert _asks(client, where, "").status_code == 422
    assert _asks(client, where, one).status_code == 422, "the id of nothing that anybody wrote"


def test_nothing_is_erased_without_a_reference_and_a_confirmation(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    member = _signed_in(client, world, organisation)
    (one,) = world.arrives(world.channel(organisation, "bluesky"), world.item("One", author=PERSON))
    who = erasing.writers(member, one)[0].id
    where = f"/conversations/{one}/erase"

    for fields, words in (({"reference": ""}, "Write where the request is filed"), ({"confirm": ""}, "Confirm that")):
        answer = _asks(client, where, who, **fields)
        assert answer.status_code == 422
        assert words in answer.text
    scope.enter(organisation.id)
    assert db.session.scalars(db.select(Erasure)).all() == []


def test_others_than_administrators_neither_erase_nor_see_certificates(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    admin = world.member(organisation)
    (one,) = world.arrives(world.channel(organisation, "bluesky"), world.item("One", author=PERSON))
    who = erasing.writers(admin, one)[0].id
    erasure_id = erasing.begin(admin, one, who, reference="IG-7", answers=False, notes=False).id
    db.session.commit()

    for role in ("viewer", "responder"):
        _signed_in(client, world, organisation, role)
        assert client.get(f"/conversations/{one}/erase").status_code == 403
        assert _asks(client, f"/conversations/{one}/erase", who).status_code == 403
        assert client.get(f"/erasures/{erasure_id}").status_code == 403
        assert "Erase what they wrote" not in client.get(f"/conversations/{one}").text
