"""What tests of the second step share: somebody to set it up, and the pages on which they do."""

import re

import pyotp
import pytest
from flask.testing import FlaskClient

from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.organisations import Member
from healthberry.models.owned import now
from tests.signup.newcomer import Newcomer
from tests.world import World

EMAIL = "known@example.org"


@pytest.fixture
def member(world: World) -> Member:
    """Somebody with an authenticator app in the making or none."""
    found = world.member(world.organisation(name="Cedar Surgery"), email=EMAIL)
    db.session.expunge(found)
    scope.leave()
    return found


def half_in(newcomer: Newcomer, wanted: str = "") -> None:
    """Prove the mailbox."""
    newcomer.ask(EMAIL, wanted)
    assert newcomer.type_code(newcomer.code(EMAIL)).headers["Location"] == "/signin/second"


def set_up(client: FlaskClient) -> tuple[str, list[str]]:
    """Set up an app on the pages, and return its secret and the recovery codes."""
    assert client.post("/settings/sign-in/app").headers["Location"] == "/settings/sign-in/app"
    shown = re.search(r'class="qr__key">([A-Z2-7 ]+)<', client.get("/settings/sign-in/app").text)
    assert shown
    secret = shown[1].replace(" ", "")
    page = client.post("/settings/sign-in/app/confirm", data={"digits": pyotp.TOTP(secret).at(now())})
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    return secret, shown_codes(page.text)


def shown_codes(page: str) -> list[str]:
    """Return the recovery codes on a page."""
    return re.findall(r"<li><code>((?:[0-9a-hjkmnp-tv-z]{4}-){5}[0-9a-hjkmnp-tv-z]{4})</code></li>", page)
