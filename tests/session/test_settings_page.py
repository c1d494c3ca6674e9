"""Settings: what is one's own, and what is everybody's."""

from flask.testing import FlaskClient

from healthberry.core import organisations, scope
from healthberry.extensions import db
from healthberry.models.organisations import Member
from tests.world import World


def fresh(member: Member) -> Member:
    """Read the member again."""
    scope.enter(member.organisation_id)
    db.session.expire_all()
    return db.session.get_one(Member, (member.organisation_id, member.id))


def test_a_member_changes_their_name_and_alerts(client: FlaskClient, world: World) -> None:
    member = world.member(world.organisation())
    world.signed_in(client, member)
    scope.leave()

    assert client.post("/settings", data={"name": "  Priya \n Kaur "}).status_code == 303

    after = fresh(member)
    assert (after.name, after.wants_alerts) == ("Priya Kaur", False)


def test_an_empty_name_is_refused_with_its_sentence(client: FlaskClient, world: World) -> None:
    member = world.member(world.organisation(), name="Priya")
    world.signed_in(client, member)
    scope.leave()

    answer = client.post("/settings", data={"name": " \0 ", "wants_alerts": "on"})

    assert answer.status_code == 422
    assert "Enter your name" in answer.text
    assert fresh(member).name == "Priya"


def test_only_administrators_decide_about_excerpts(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    admin, responder = world.member(organisation), world.member(organisation, role="responder")
    world.signed_in(client, responder)
    scope.leave()
    assert client.post("/settings/organisation", data={"alert_excerpts": "on"}).status_code == 403
    assert "first words" not in client.get("/settings").text

    world.signed_in(client, admin)
    assert client.post("/settings/organisation", data={"alert_excerpts": "on"}).status_code == 303
    assert organisations.details_of(fresh(admin).organisation_id).alert_excerpts


def test_words_in_a_field_are_words_and_never_markup(client: FlaskClient, world: World) -> None:
    hostile = '"><script>alert(1)</script>'
    world.signed_in(client, world.member(world.organisation(), name=hostile))
    scope.leave()

    for answer in (client.get("/settings"), client.post("/settings/organisation", data={"contacts": hostile})):
        assert "<script>alert" not in answer.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
        assert "&amp;lt;" not in answer.text
