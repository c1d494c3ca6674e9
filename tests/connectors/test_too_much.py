"""An answer larger than we take is asked for in smaller parts; one item that is too large alone is passed over."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from healthberry.connectors.base import Access, Connector, Page
from healthberry.connectors.errors import TooMuch
from tests.connectors.fakes import Provider, as_json, connectors
from tests.connectors.test_careopinion import ONE as STORIES
from tests.connectors.test_careopinion import story
from tests.connectors.test_nhsuk import ONE as REVIEWS
from tests.connectors.test_nhsuk import review
from tests.connectors.x_samples import ONE as POSTS
from tests.connectors.x_samples import SNOWFLAKE, post, timeline

NOW = datetime.now(UTC)
SINCE = NOW - timedelta(days=20)


def _flood() -> httpx.Response:
    return httpx.Response(200, content=(b" " * 4_000_000 for _ in range(17)))


class Giants(Provider):
    """A list of which some places hold more than we take, asked for by position and number under these names."""

    def __init__(self, make: Callable[[int, datetime], Any], count: int, giants: set[int], at: str, size: str) -> None:
        super().__init__(self._list)
        self.elements = [make(number, NOW - timedelta(minutes=number)) for number in range(count)]
        self.giants, self.at, self.size = giants, at, size

    def _list(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        if request.url.path.endswith("/responses") or asked.get("status") == "removed":
            return as_json([])
        if self.at not in asked:  # what stands beside one of them
            return as_json({})
        start = int(asked[self.at])
        places = range(start, start + int(asked[self.size]))
        return _flood() if self.giants & set(places) else as_json(self.elements[places.start : places.stop])


def _stories(count: int, giants: set[int]) -> tuple[Giants, Connector, Access]:
    provider = Giants(story, count, giants, "skip", "take")
    return provider, connectors(provider).get("careopinion"), STORIES


def _reviews(count: int, giants: set[int]) -> tuple[Giants, Connector, Access]:
    provider = Giants(review, count, giants, "offset", "limit")
    return provider, connectors(provider).get("nhsuk"), REVIEWS


LISTS = pytest.mark.parametrize("made", [_stories, _reviews], ids=["careopinion", "nhsuk"])


def _read(read: Callable[[str | None], Page]) -> tuple[list[str], set[str]]:
    found: list[str] = []
    bad: set[str] = set()
    cursor = None
    for _ in range(200):
        page = read(cursor)
        found += [item.remote_id for item in page.items]
        bad |= {piece.raw for piece in page.bad}
        cursor = page.cursor
        if not page.more:
            return found, bad
    raise AssertionError("the walk does not end")


@LISTS
@pytest.mark.parametrize("way", ["poll", "backfill"])
def test_neighbours_of_an_item_that_is_too_large_are_read(made: Any, way: str) -> None:
    _, connector, access = made(150, {37})

    if way == "poll":
        found, bad = _read(lambda cursor: connector.poll(access, cursor))
    else:
        found, bad = _read(lambda cursor: connector.backfill(access, SINCE, cursor))

    assert len(set(found)) == 149
    assert len(bad) == 1


@LISTS
def test_pages_grow_again_behind_it(made: Any) -> None:
    provider, connector, access = made(300, {3})

    _read(lambda cursor: connector.poll(access, cursor))

    sizes = [int(one.url.params[provider.size]) for one in provider.asked if provider.size in one.url.params]
    assert sizes[:7] == [100, 50, 25, 12, 6, 3, 6]
    assert 1 in sizes
    assert sizes[-1] == 100


@LISTS
def test_a_list_of_nothing_else_is_given_up(made: Any) -> None:
    _, connector, access = made(30, set(range(100)))

    with pytest.raises(TooMuch):
        _read(lambda cursor: connector.poll(access, cursor))


@pytest.mark.parametrize("way", ["poll", "backfill"])
def test_posts_are_asked_for_in_halves(way: str) -> None:
    def mentions(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/mentions"):
            return as_json({"meta": {"result_count": 0}})
        return _flood() if int(request.url.params["max_results"]) > 12 else as_json(timeline(post(1)))

    provider = Provider(mentions)
    connector = connectors(provider).get("x")

    found, _ = _read(
        lambda cursor: connector.poll(POSTS, cursor) if way == "poll" else connector.backfill(POSTS, SINCE, cursor)
    )

    assert len(found) == 1
    assert [one.url.params["max_results"] for one in provider.asked][:4] == ["100", "50", "25", "12"]


@pytest.mark.parametrize("way", ["poll", "backfill"])
def test_a_post_that_is_too_large_alone_is_passed_over(way: str) -> None:
    giant = post(7)["id"]

    def answer(request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        if "ids" in asked:
            return _flood() if asked["ids"] == giant else as_json(timeline(post(int(asked["ids"]) - SNOWFLAKE)))
        if not request.url.path.endswith("/mentions"):
            return as_json({"meta": {"result_count": 0}})
        start = int(asked.get("pagination_token", "0"))
        numbers = range(start, min(start + int(asked["max_results"]), 40))
        if 7 in numbers and "author_id" in asked["tweet.fields"]:
            return _flood()
        more = str(numbers.stop) if numbers.stop < 40 else ""
        return as_json(timeline(*map(post, numbers), next_token=more))

    connector = connectors(Provider(answer)).get("x")

    found, bad = _read(
        lambda cursor: connector.poll(POSTS, cursor) if way == "poll" else connector.backfill(POSTS, SINCE, cursor)
    )

    assert set(found) == {post(number)["id"] for number in range(40) if number != 7}
    assert bad == {f"(post {giant}: not kept)"}


def test_fewer_posts_than_x_serves_are_never_asked_for() -> None:
    provider = Provider(lambda request: _flood())
    connector = connectors(provider).get("x")

    with pytest.raises(TooMuch):
        _read(lambda cursor: connector.poll(POSTS, cursor))
    assert provider.asked[-1].url.params["max_results"] == "5"
