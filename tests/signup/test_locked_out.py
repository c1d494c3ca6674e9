"""A stranger who asks for codes for somebody's address neither floods the mailbox nor locks its owner out."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from healthberry.blueprints import known_browsers
from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.organisations import EmailCode
from tests.signup.newcomer import Newcomer
from tests.world import World

OWNER, COLLEAGUE, NOBODY = (f"{name}@quillburyhospitals.nhs.uk" for name in ("priya", "sam", "nobody"))


@pytest.fixture
def owner(newcomer: Newcomer, world: World) -> Newcomer:
    """The owner's browser, in which they signed in once, and signed out again."""
    organisation = world.organisation()
    for email in (OWNER, COLLEAGUE):
        world.member(organisation, email=email)
    scope.leave()
    assert newcomer.ask(OWNER).status_code == 303
    assert newcomer.type_code(newcomer.code(OWNER)).headers["Location"] == "/inbox"
    newcomer.client.post("/signout")
    return newcomer


def asks_from(somebody: Newcomer, ip: str, email: str = OWNER) -> TestResponse:
    return somebody.client.post("/signin", data={"email": email}, environ_base={"REMOTE_ADDR": ip})


def attack(owner: Newcomer, email: str = OWNER) -> list[int]:
    """Ask from many networks, until there is nothing more to be had for strangers."""
    stranger = owner.other_browser()
    return [asks_from(stranger, f"198.51.100.{number // 5}", email).status_code for number in range(16)]


def test_a_stranger_in_one_network_keeps_nobody_from_a_code(owner: Newcomer) -> None:
    stranger = owner.other_browser()
    assert [asks_from(stranger, "198.51.100.1").status_code for _ in range(7)] == [303] * 5 + [429] * 2

    assert asks_from(owner.other_browser(), "192.0.2.1").status_code == 303


def test_strangers_everywhere_keep_nobody_from_a_code_where_they_signed_in_before(owner: Newcomer) -> None:
    assert 429 in attack(owner)
    assert asks_from(owner.other_browser(), "192.0.2.1").status_code == 429
    assert known_cookie(owner), "signing out forgets it"

    assert asks_from(owner, "198.51.100.1").status_code == 303
    assert owner.type_code(owner.code(OWNER)).headers["Location"] == "/inbox"
    # It is known by that address, and by no other.
    attack(owner, NOBODY)
    assert asks_from(owner, "192.0.2.1", NOBODY).status_code == 429


def test_letters_about_something_else_keep_nobody_from_a_code(owner: Newcomer) -> None:
    """An address that is no operator's gets letters without a link from which its owner could go on."""
    stranger = owner.other_browser()
    for number in range(16):
        ip = {"REMOTE_ADDR": f"198.51.100.{number // 5}"}
        answer = stranger.client.post("/operator/sign-in", data={"email": OWNER}, environ_base=ip)
    assert answer.status_code == 429

    assert asks_from(owner.other_browser(), "198.51.100.1").status_code == 303


def test_a_letter_that_strangers_caused_lets_its_reader_have_a_code_in_a_new_browser(
    owner: Newcomer, context: Flask
) -> None:
    attack(owner)
    link, elsewhere = owner.link(OWNER), owner.other_browser()
    assert "Open the link in any of these e-mails" in asks_from(elsewhere, "192.0.2.1").text
    db.session.execute(update(EmailCode).values(expires_at=EmailCode.expires_at - timedelta(minutes=11)))
    db.session.commit()

    page = elsewhere.client.get(link)
    assert (page.status_code, f'action="{link}/again"' in page.text) == (410, True)
    assert not known_cookie(elsewhere), "a scanner opens links, too"
    assert elsewhere.client.post(f"{link}/again").headers["Location"] == "/code"
    assert elsewhere.type_code(elsewhere.code(OWNER)).headers["Location"] == "/inbox"

    forged = elsewhere.other_browser()
    assert f"{link[:-1]}x/again" not in forged.client.get(f"{link[:-1]}x").text
    assert forged.client.post(f"{link[:-1]}x/again").headers["Location"] == "/signin"
    assert not known_cookie(forged)


def test_what_is_not_our_cookie_makes_no_browser_known(owner: Newcomer) -> None:
    attack(owner)
    value = known_cookie(owner)
    said, _, signature = value.rpartition(".")
    other = f"{said}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    for forged in (other, said, "x", ""):
        stranger = owner.other_browser()
        stranger.client.set_cookie("healthberry-known", forged)
        assert asks_from(stranger, "192.0.2.1").status_code == 429, forged


def test_known_and_unknown_addresses_are_refused_alike(owner: Newcomer) -> None:
    assert attack(owner, COLLEAGUE) == attack(owner, NOBODY) == [303] * 15 + [429]
    refused = [asks_from(owner.other_browser(), "192.0.2.1", email) for email in (COLLEAGUE, NOBODY)]

    assert [one.status_code for one in refused] == [429, 429]
    said = [one.text.partition("Many codes were asked for")[2].partition(" or wait")[0] for one in refused]
    assert said[0] == said[1] != ""


def known_cookie(somebody: Newcomer) -> str:
    with somebody.app.test_request_context():
        found = somebody.client.get_cookie(known_browsers.name())
    return found.value if found else ""
