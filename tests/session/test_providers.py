"""A commissioner over HTTP: from the list of providers to what one of them published and answered."""

import re

from flask.testing import FlaskClient

from healthberry.core import scope
from healthberry.models.organisations import Member
from tests.core.test_commissioning import HIDDEN, Region, region, register
from tests.world import World

__all__ = ["region", "register"]


def _as(world: World, client: FlaskClient, member: Member) -> FlaskClient:
    world.signed_in(client, member)
    scope.leave()
    return client


def test_from_the_list_to_published_words_without_a_word_that_is_not_public(
    world: World, client: FlaskClient, region: Region
) -> None:
    board = _as(world, client, region.board)
    assert board.get("/inbox").headers["Location"] == "/providers"
    listed = board.get("/providers").text
    assert "Cedar Surgery" in listed
    assert "People" not in re.findall(r'<nav class="rail".*?</nav>', listed, re.DOTALL)[0]

    (path,) = set(re.findall(r"/providers/[0-9a-f-]{36}", listed))
    shown = board.get(path).text

    assert "A lion story" in shown
    assert "We feed the lion." in shown
    assert "fewer than 8" in shown
    assert not any(words in listed + shown for words in HIDDEN)
    assert [board.get(one).status_code for one in ("/people", "/channels", "/settings/audit")] == [403, 403, 403]


def test_a_provider_reads_who_is_shown_what(world: World, client: FlaskClient, region: Region) -> None:
    scope.enter(region.practice.id)
    page = _as(world, client, region.admin).get("/settings").text

    assert "Hill ICB" in page
    assert "never notes, drafts, people" in page
    assert client.get("/providers").status_code == 404
