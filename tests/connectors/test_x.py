"""X: how timelines are walked, how posts are read, and what is looked at again."""

import json
from datetime import UTC, datetime, timedelta

from healthberry.connectors.base import Access
from tests.connectors.fakes import access, answering
from tests.connectors.samples import INCLUDES
from tests.connectors.x_samples import EMPTY, ONE, SINCE, SNOWFLAKE, US, by_path, post, read, timeline, x


def test_the_checkpoint_moves_to_the_newest_id_of_the_first_page_after_the_last_page() -> None:
    pages = {"": timeline(post(900), post(800), next_token="t2"), "t2": timeline(post(700))}
    mentions = lambda request: pages[request.url.params.get("pagination_token", "")]  # noqa: E731
    provider = by_path(mentions=mentions, tweets=lambda request: EMPTY)
    connector = x(provider)
    first = connector.poll(ONE, None)
    assert first.more
    assert json.loads(str(first.cursor))["mentions"] == ""
    second = connector.poll(ONE, first.cursor)
    third = connector.poll(ONE, second.cursor)
    fourth = connector.poll(ONE, third.cursor)
    assert (third.more, fourth.more) == (True, False)
    assert json.loads(str(fourth.cursor))["mentions"] == str(SNOWFLAKE + 900)
    since = {one.url.params.get("since_id") for one in provider.asked[:3]}
    assert since == {None}
    connector.poll(ONE, fourth.cursor)
    asked = int(provider.asked[-1].url.params["since_id"])
    # A minute of overlap, in the time that snowflakes carry.
    assert (SNOWFLAKE + 900 - asked) >> 22 == 60_000


def test_since_stays_fixed_while_pages_are_followed() -> None:
    pages = {"": timeline(post(900), next_token="t2"), "t2": timeline(post(100))}
    mentions = lambda request: pages[request.url.params.get("pagination_token", "")]  # noqa: E731
    provider = by_path(mentions=mentions, tweets=lambda request: EMPTY)
    cursor = json.dumps({"mentions": str(SNOWFLAKE), "posts": str(SNOWFLAKE), "resting": True})
    page = x(provider).poll(ONE, cursor)
    x(provider).poll(ONE, page.cursor)
    assert len({one.url.params["since_id"] for one in provider.asked}) == 1


def test_a_quiet_account_keeps_its_first_starting_time() -> None:
    provider = by_path(mentions=lambda request: EMPTY, tweets=lambda request: EMPTY)
    connector, cursor = x(provider), None
    for _ in range(6):
        cursor = connector.poll(ONE, cursor).cursor
    starts = {one.url.params["start_time"] for one in provider.asked if "query" not in one.url.params}
    assert len(starts) == 1
    assert datetime.fromisoformat(starts.pop()) > datetime.now(UTC) - timedelta(days=2, minutes=1)


def test_a_token_that_comes_again_and_again_ends_the_walk() -> None:
    provider = by_path(mentions=lambda request: timeline(post(1), next_token="same"), tweets=lambda request: EMPTY)
    connector, cursor = x(provider), None
    for _ in range(10):
        page = connector.backfill(ONE, SINCE, cursor)
        cursor = page.cursor
        if not page.more:
            break
    assert not page.more


def test_of_our_own_posts_only_answers_are_taken_and_as_outbound() -> None:
    answer = post(5, author_id=US, referenced_tweets=[{"type": "replied_to", "id": "1"}], conversation_id="1")
    news = post(6, author_id=US, referenced_tweets=[])
    provider = by_path(mentions=lambda request: EMPTY, tweets=lambda request: timeline(news, answer))
    first = x(provider).backfill(ONE, SINCE, None)
    (item,) = x(provider).backfill(ONE, SINCE, first.cursor).items
    assert (item.remote_id, item.direction, item.thread_id, item.in_reply_to) == (answer["id"], "outbound", "1", "1")
    assert item.may_not_reply is None


def test_the_names_of_the_newest_specification_are_read_too() -> None:
    element = post(1)
    element["edit_history_post_ids"] = element.pop("edit_history_tweet_ids")
    element["referenced_posts"] = [{"type": "replied_to", "id": "77"}]
    del element["referenced_tweets"]
    element["note_post"] = {"text": "The long form &amp; more https://t.co/abc", "entities": element["entities"]}
    item = read(element)
    assert item.in_reply_to == "77"
    assert item.text == "The long form & more https://example.org/a?b=1&c=2"


def test_escapes_are_undone_once() -> None:
    assert read(post(1, text="&amp;lt;b&amp;gt; &copy &lt;3")).text == "&lt;b&gt; &copy <3"


def test_the_link_to_the_posts_own_picture_is_not_part_of_its_words() -> None:
    urls = [{"url": "https://t.co/pic", "expanded_url": "https://x.com/a/status/1/photo/1", "media_key": "3_1"}]
    item = read(post(1, text="Look https://t.co/pic", entities={"urls": urls}))
    assert item.text == "Look"


def test_an_author_who_is_not_included_is_still_an_item() -> None:
    item = read(post(1), {})
    assert (item.author.remote_id, item.author.screen_name) == ("777000111", "")
    assert item.url == f"https://x.com/i/status/{SNOWFLAKE + 1}"


def test_recheck_asks_for_a_hundred_at_a_time_and_reads_partial_errors() -> None:
    edited = post(2, id=str(SNOWFLAKE + 3), edit_history_tweet_ids=[str(SNOWFLAKE + 2), str(SNOWFLAKE + 3)])
    gone = {"value": "4", "resource_id": "4", "type": "https://api.twitter.com/2/problems/resource-not-found"}
    hidden = {"value": "5", "type": "https://api.x.com/2/problems/not-authorized-for-resource"}
    odd = {"value": "6", "type": "https://api.x.com/2/problems/something-else"}
    quoted = {"value": "777", "type": "https://api.x.com/2/problems/resource-not-found"}
    body = {"data": [post(1), edited], "errors": [gone, hidden, odd, quoted, None, "x"], "includes": INCLUDES}
    provider = answering(body, EMPTY)
    found = x(provider).recheck(ONE, ["4", "5", "6", *[str(number) for number in range(1000, 1120)]])
    assert {item.remote_id: item.change for item in found} == {
        str(SNOWFLAKE + 1): "created",
        str(SNOWFLAKE + 2): "edited",
        "4": "withdrawn",
        "5": "withdrawn",
    }
    assert [len(one.url.params["ids"].split(",")) for one in provider.asked] == [100, 23]


def test_reading_prefers_the_accounts_token_until_it_expires() -> None:
    provider = by_path(mentions=lambda request: EMPTY)
    connector = x(provider)
    own = Access(ONE.config, {"access_token": "own-token"}, datetime.now(UTC) + timedelta(hours=1))
    expired = Access(ONE.config, {"access_token": "own-token"}, datetime.now(UTC) - timedelta(hours=1))
    for channel in (own, expired, ONE):
        connector.poll(channel, None)
    tokens = [one.headers["authorization"] for one in provider.asked]
    assert tokens == ["Bearer own-token", "Bearer x-bearer-for-tests", "Bearer x-bearer-for-tests"]


def test_a_channel_known_by_handle_alone_is_looked_up() -> None:
    user = {"data": {"id": US, "username": "ExampleTrust", "name": "Trust"}}
    provider = by_path(ExampleTrust=lambda request: user, mentions=lambda request: timeline(post(1)))
    (item,) = x(provider).backfill(access(username="@ExampleTrust"), SINCE, None).items
    assert item.may_not_reply is None
    assert provider.asked[-1].url.path == f"/2/users/{US}/mentions"


def test_what_x_charges_for_is_named() -> None:
    provider = by_path(mentions=lambda request: timeline(post(1), post(2)))
    paid = set(x(provider).poll(ONE, None).paid)
    assert paid == {str(SNOWFLAKE + 1), str(SNOWFLAKE + 2), *(one["id"] for one in INCLUDES["tweets"])}
