"""What X does not tell as a mention: answers and quotes that are searched for."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.connectors.fakes import Provider, as_json
from tests.connectors.x_samples import ONE, SNOWFLAKE, US, by_path, post, timeline, x


def found_beyond(provider: Provider, cursor: str | None = None) -> tuple[list[Any], httpx.Request]:
    """Poll to the end; return what was found, and the last search."""
    connector, more = x(provider), True
    found: list[Any] = []
    while more:
        page = connector.poll(ONE, cursor)
        found += page.items
        cursor, more = page.cursor, page.more
    return found, [one for one in provider.asked if "query" in one.url.params][-1]


def test_answers_and_quotes_that_do_not_mention_us_are_searched_for() -> None:
    ours = post(10, author_id=US, referenced_tweets=[])
    reference = [{"type": "quoted", "id": ours["id"]}]
    quote = post(20, text="Shame on them", entities={}, referenced_tweets=reference)
    body = timeline(quote) | {"includes": {"tweets": [ours]}}
    provider = by_path(tweets=lambda request: timeline(ours), recent=lambda request: body)

    (item,), asked = found_beyond(provider)

    assert (item.text, item.may_not_reply, item.thread_id) == ("Shame on them", None, quote["id"])
    query = asked.url.params["query"]
    assert len(query) <= 512
    for part in (f"quotes_of_tweet_id:{ours['id']}", "to:ExampleTrust", "-@ExampleTrust", "-from:ExampleTrust"):
        assert part in query
    week = datetime.now(UTC) - timedelta(days=7)
    assert int(asked.url.params["since_id"]) >> 22 > week.timestamp() * 1000 - 1288834974657


def test_a_search_never_begins_earlier_than_a_week_ago() -> None:
    long_ago = json.dumps({"mentions": "5", "posts": "5", "found": "5", "start": "2025-01-01T00:00:00Z"})
    _, asked = found_beyond(by_path(), long_ago)
    assert int(asked.url.params["since_id"]) > SNOWFLAKE


def test_a_search_that_x_does_not_accept_is_asked_more_plainly_and_then_left_out() -> None:
    refused = lambda request: as_json({"title": "Invalid Request"}, 400)  # noqa: E731
    provider = by_path(mentions=lambda request: timeline(post(1)), recent=refused)
    connector, cursor = x(provider), None
    found: list[Any] = []
    bad: list[Any] = []
    for _ in range(6):
        page = connector.poll(ONE, cursor)
        cursor = page.cursor
        found += page.items
        bad += page.bad
        if not page.more:
            break
    assert not page.more
    assert [item.remote_id for item in found] == [str(SNOWFLAKE + 1)]
    assert [piece.raw for piece in bad] == ["(the search for answers and quotes that do not mention us)"]
    assert "url:" not in provider.asked[-1].url.params["query"]


def test_mentions_do_not_wait_for_a_search_that_is_asked_to_slow_down() -> None:
    provider = by_path(mentions=lambda request: timeline(post(1)), recent=lambda request: as_json({}, 429))
    connector, cursor, more = x(provider), None, True
    while more:
        page = connector.poll(ONE, cursor)
        cursor, more = page.cursor, page.more
    assert json.loads(str(cursor))["mentions"] == str(SNOWFLAKE + 1)
    assert json.loads(str(cursor))["found"] == ""
