"""Signing in: the same answer for everybody, back to where one wanted to go, out again when one has left."""

import re

import pytest
from flask.testing import FlaskClient

from healthberry.blueprints.leading import local_path
from healthberry.core import events, roles, scope
from tests.signup.newcomer import Newcomer
from tests.world import World


def secretless(page: str) -> str:
    """Return a page without what differs from one request to the next."""
    return re.sub(r'(nonce[^=]*|value|X-CSRFToken)(=|": )"[^"]*"', "", page)


def test_a_known_and_an_unknown_address_get_the_same_page_and_each_a_letter(newcomer: Newcomer, world: World) -> None:
    world.member(world.organisation(), email="known@example.org")
    stranger = newcomer.other_browser()

    answers = [newcomer.ask("known@example.org"), stranger.ask("other@example.org")]
    pages = [one.client.get("/code").text for one in (newcomer, stranger)]

    assert [(one.status_code, one.headers["Location"]) for one in answers] == [(303, "/code")] * 2
    assert secretless(pages[0]).replace("known@", "@") == secretless(pages[1]).replace("other@", "@")
    assert newcomer.letter("known@example.org").subject.endswith("is your HealthBerry code")
    letter = newcomer.letter("other@example.org")
    assert letter.subject == "Signing in to HealthBerry"
    assert not re.search(r"\d{3} \d{3}", letter.text)


def test_the_code_leads_to_where_one_wanted_to_go(newcomer: Newcomer, world: World) -> None:
    world.member(world.organisation(), email="known@example.org")
    wall = newcomer.client.get("/settings?tab=1")
    assert wall.headers["Location"] == "/signin?next=/settings?tab%3D1"

    newcomer.ask("known@example.org", "/settings?tab=1")

    assert newcomer.type_code(newcomer.code("known@example.org")).headers["Location"] == "/settings?tab=1"


@pytest.mark.parametrize("wanted", ["/inbox", "/conversations/1?view=x#reply", "/r/abc"])
def test_a_path_on_this_site_is_kept(wanted: str) -> None:
    assert local_path(wanted) == wanted


@pytest.mark.parametrize(
    "wanted",
    ["", None, "inbox", "//evil.example", "/\\evil.example", "https://evil.example/", "javascript:alert(1)",
     "/\t/evil.example", "/inbox\r\nSet-Cookie: a=b", "/a\\..\\b", "/ /evil.example", "\\/evil.example",
     "/" + "x" * 3000],
)  # fmt: skip
def test_anything_else_is_not(wanted: str | None) -> None:
    assert local_path(wanted) is None


def test_somebody_of_several_organisations_chooses_one(newcomer: Newcomer, world: World) -> None:
    first, second = world.organisation(name="Ash Surgery"), world.organisation(name="Beech Surgery")
    for organisation in (first, second):
        world.member(organisation, email="both@example.org")
    newcomer.ask("both@example.org", "/settings")

    assert newcomer.type_code(newcomer.code("both@example.org")).headers["Location"] == "/signin/choose"
    page = newcomer.client.get("/signin/choose").text
    assert page.index("Ash Surgery") < page.index("Beech Surgery")
    answer = newcomer.client.post("/signin/choose", data={"organisation": str(second.id)})

    assert answer.headers["Location"] == "/settings"
    assert "Beech Surgery" in newcomer.client.get("/settings").text


def test_nobody_chooses_an_organisation_that_is_not_theirs(newcomer: Newcomer, world: World) -> None:
    theirs = world.organisation()
    world.member(theirs, email="owner@example.org")
    for organisation in (world.organisation(), world.organisation()):
        world.member(organisation, email="both@example.org")
    assert newcomer.client.post("/signin/choose", data={"organisation": str(theirs.id)}).status_code == 404
    newcomer.ask("both@example.org")
    newcomer.type_code(newcomer.code("both@example.org"))

    assert newcomer.client.post("/signin/choose", data={"organisation": str(theirs.id)}).status_code == 404
    assert newcomer.client.get("/inbox").status_code == 303


def test_signing_out_ends_the_session_here_and_everywhere(
    client: FlaskClient, newcomer: Newcomer, world: World
) -> None:
    member = world.member(world.organisation())
    phone = newcomer.other_browser().client
    for browser in (client, phone):
        world.signed_in(browser, member)
    scope.leave()

    client.post("/signout")
    assert client.get("/settings").status_code == 303
    assert phone.get("/settings").status_code == 200

    world.signed_in(client, member)
    client.post("/settings/signout")
    assert phone.get("/settings").status_code == 303


def test_a_member_who_left_is_signed_out_at_the_next_request(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    admin, member = world.member(organisation), world.member(organisation)
    world.signed_in(client, member)
    assert client.get("/settings").status_code == 200

    scope.enter(organisation.id)
    roles.remove(admin, member.id)
    events.commit()
    scope.leave()

    assert client.get("/settings").headers["Location"] == "/signin?next=/settings"


@pytest.mark.parametrize("session_id", ["", "x", "1:2:3", "a:b", "00000000-0000-0000-0000-000000000000:" * 2 + "x"])
def test_a_broken_session_is_nobodys(client: FlaskClient, session_id: str) -> None:
    with client.session_transaction() as session:
        session["_user_id"] = session_id
    assert client.get("/settings").status_code == 303


def test_a_part_of_a_page_tells_htmx_to_lead_to_the_sign_in_page(client: FlaskClient) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/inbox?status=closed"}

    answer = client.post("/people/ask", headers=headers)

    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/signin?next=/inbox?status%3Dclosed"


@pytest.mark.parametrize("forged", ["http://[", "http://]/inbox", "http://[::1", "\xff://\xfe["])
def test_a_part_of_a_page_whose_address_is_nonsense_leads_there_too(client: FlaskClient, forged: str) -> None:
    answer = client.post("/people/ask", headers={"HX-Request": "true", "HX-Current-URL": forged})

    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/signin")
