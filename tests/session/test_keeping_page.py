"""Settings, how long things are kept: the table, the choice with its preview, and the nights."""

from datetime import timedelta

from flask.testing import FlaskClient

from healthberry.core import keeping, scope
from healthberry.jobs import keeping as jobs
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from tests.core.test_keeping_nights import _tonight
from tests.world import World


def _signed_in(client: FlaskClient, world: World, organisation: Organisation, role: str = "administrator") -> Member:
    member = world.member(organisation, role=role)
    world.signed_in(client, member)
    return member


def test_an_administrator_sees_what_would_go_before_it_goes(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    member = _signed_in(client, world, organisation)
    channel = world.channel(organisation, "careopinion")
    world.arrives(channel, world.item("Long ago", experienced="2020-05"), world.item("Just now"))

    page = client.get("/settings/keeping").text
    assert "As long as Care Opinion shows them" in page
    assert "Notes" in page
    shown = client.get("/settings/keeping/careopinion?months=12").text
    assert "1 conversation</strong> would lose its words" in shown
    scope.enter(organisation.id)
    assert keeping.limit_of(member, "careopinion").days is None, "looking changes nothing"

    for _ in range(2):
        assert client.post("/settings/keeping/careopinion", data={"months": "12"}).status_code == 303

    assert "12 months after the experience" in client.get("/settings/keeping").text
    scope.enter(organisation.id)
    assert keeping.limit_of(member, "careopinion").days == 365


def test_a_night_stands_on_the_page_with_its_counts(client: FlaskClient, world: World) -> None:
    organisation = world.organisation(created_at=now() - timedelta(days=3))
    member = _signed_in(client, world, organisation)
    world.arrives(world.channel(organisation), world.item("Long ago"), world.item("Just now"))
    keeping.shorten(member, "nhsuk", 3)
    jobs.let_go(str(organisation.id), str(_tonight(member)))

    page = client.get("/settings/keeping").text

    assert "Nothing was too old." in page
    assert page.count("Missed") == 2


def test_a_time_that_is_none_is_refused_in_words(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    _signed_in(client, world, organisation)
    world.channel(organisation)

    for answer in (
        client.post("/settings/keeping/nhsuk", data={"months": "36"}),
        client.get("/settings/keeping/nhsuk?months=soon"),
    ):
        assert answer.status_code == 422
        assert "Choose one of the times." in answer.text
    assert client.get("/settings/keeping/x").status_code == 404


def test_only_administrators_see_and_change_it(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    world.channel(organisation)
    for role in ("viewer", "responder"):
        _signed_in(client, world, organisation, role)
        assert client.get("/settings/keeping").status_code == 403
        assert client.get("/settings/keeping/nhsuk").status_code == 403
        assert client.post("/settings/keeping/nhsuk", data={"months": "3"}).status_code == 403
        assert "How long things are kept" not in client.get("/settings").text
