import copy
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from healthberry.connectors.base import Access, Connector
from healthberry.connectors.errors import Gone, NotAuthorised, RateLimited, Rejected, Unavailable
from healthberry.connectors.x_posts import LIMITED, NOT_MENTIONED
from healthberry.connectors.x_words import comparable
from tests.connectors.fakes import Provider, access, answering, as_json, connectors, reply_to
from tests.connectors.samples import INCLUDES, POST

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
US = "2244994945"
ONE = access(user_id=US, username="ExampleTrust")
SIGNED_IN = Access(ONE.config, {"access_token": "own-token", "account_id": US, "account": "ExampleTrust"})
SNOWFLAKE = 1985000000000000000


def x(provider: Provider) -> Connector:
    return connectors(provider).get("x")


def post(number: int, **changes: Any) -> dict[str, Any]:
    changed = copy.deepcopy(POST)
    remote_id = str(SNOWFLAKE + number)
    return changed | {"id": remote_id, "conversation_id": remote_id, "edit_history_tweet_ids": [remote_id]} | changes


def timeline(*posts: dict[str, Any], next_token: str = "") -> dict[str, Any]:
    meta: dict[str, Any] = {"result_count": len(posts)}
    if posts:
        meta |= {"newest_id": posts[0]["id"], "oldest_id": posts[-1]["id"]}
    return {
        "data": list(posts),
        "includes": INCLUDES,
        "meta": meta | ({"next_token": next_token} if next_token else {}),
    }


EMPTY = {"meta": {"result_count": 0}}


def by_path(**answers: Callable[[httpx.Request], Any]) -> Provider:
    """Answer by the last part of the path: mentions, recent, tweets, …; an empty list where nothing is given."""

    def answer(request: httpx.Request) -> httpx.Response:
        chosen = answers.get(request.url.path.rpartition("/")[2])
        given = chosen(request) if chosen else EMPTY
        return given if isinstance(given, httpx.Response) else as_json(given)

    return Provider(answer)


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


def read(element: dict[str, Any], includes: dict[str, Any] | None = None) -> Any:
    body = {"data": [element], "includes": INCLUDES if includes is None else includes, "meta": {}}
    (item,) = x(answering(body)).backfill(ONE, SINCE, None).items
    return item


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


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"entities": {"mentions": [{"username": "exampletrust"}]}}, None),
        ({"entities": {}, "text": "hello @exampletrust!"}, None),
        ({"entities": {}, "text": "hello @ExampleTrustees", "referenced_tweets": []}, NOT_MENTIONED),
        ({"entities": {}, "text": "the trust is slow", "referenced_tweets": []}, NOT_MENTIONED),
        # It answers us without naming us: X's documents and its refusals read differently, so it may be tried.
        ({"entities": {}, "text": "the trust is slow"}, None),
        ({"entities": {}, "text": "slow", "referenced_tweets": [], "in_reply_to_user_id": US}, None),
        ({"entities": {}, "text": "slow", "referenced_tweets": [], "in_reply_to_user_id": "5"}, NOT_MENTIONED),
        (
            {"entities": {}, "text": "so", "referenced_tweets": [{"type": "quoted", "id": "1985000000000000100"}]},
            None,
        ),
        ({"entities": {}, "text": "so", "referenced_tweets": [{"type": "quoted", "id": "5"}]}, NOT_MENTIONED),
        ({"reply_settings": "mentionedUsers"}, None),
        ({"reply_settings": "following"}, LIMITED),
        ({"reply_settings": "verified"}, LIMITED),
        ({"reply_settings": "subscribers"}, LIMITED),
        ({"reply_settings": None}, None),
    ],
)
def test_what_x_will_not_let_us_answer_is_known_before_anybody_writes(changes: dict[str, Any], reason: str) -> None:
    assert read(post(1, **changes)).may_not_reply == reason


def test_how_a_post_can_be_answered() -> None:
    connector, target = x(answering({})), reply_to("1").target
    assert connector.may_reply(SIGNED_IN, target).mode == "api"
    assert connector.may_reply(ONE, target).mode == "assisted"
    refused = replace(target, may_not_reply=NOT_MENTIONED)
    assert connector.may_reply(SIGNED_IN, refused).mode == "none"
    assert connector.may_reply(SIGNED_IN, refused).reason == NOT_MENTIONED


def test_a_reply_goes_to_the_newest_version_with_the_accounts_own_token() -> None:
    provider = answering(as_json({"data": {"id": "99", "text": "x", "edit_history_tweet_ids": ["99"]}}, 201))
    sent = x(provider).reply(SIGNED_IN, reply_to("1", latest_id="3"))
    assert (sent.remote_id, sent.url) == ("99", "https://x.com/ExampleTrust/status/99")
    (request,) = provider.asked
    assert request.headers["authorization"] == "Bearer own-token"
    assert json.loads(request.content) == {"text": "Thank you for telling us.", "reply": {"in_reply_to_tweet_id": "3"}}


@pytest.mark.parametrize(
    ("status", "body", "expected", "words"),
    [
        (403, {"detail": "You are not permitted … have not been mentioned or otherwise engaged"}, Rejected, "mention"),
        (403, {"detail": "You attempted to reply to a Tweet that is deleted or not visible to you."}, Gone, "deleted"),
        (
            403,
            {"title": "Unsupported Authentication", "type": "x/unsupported-authentication"},
            NotAuthorised,
            "Sign in",
        ),
        (
            403,
            {"detail": "Forbidden", "type": "https://api.x.com/2/problems/client-forbidden"},
            NotAuthorised,
            "Sign in",
        ),
        (403, {"detail": "Something new"}, Rejected, "Something new"),
        (400, {"title": "Invalid Request", "detail": "Text too long"}, Rejected, "Text too long"),
        (401, {"errors": [{"code": 89, "message": "Invalid or expired token"}]}, NotAuthorised, "Sign in"),
        (402, {}, NotAuthorised, "credits"),
        (404, {}, Gone, "no longer"),
        (429, {"title": "Too Many Requests"}, RateLimited, "slow down"),
        (503, {}, Unavailable, "not available"),
        (201, {}, Unavailable, "number"),
    ],
)
def test_refusals_are_told_apart(status: int, body: dict[str, Any], expected: type[Exception], words: str) -> None:
    provider = answering(as_json(body, status, x_rate_limit_reset=str(int(datetime.now(UTC).timestamp()) + 100)))
    with pytest.raises(expected, match=words) as raised:
        x(provider).reply(SIGNED_IN, reply_to("1"))
    assert type(raised.value) is expected
    if isinstance(raised.value, RateLimited):
        assert raised.value.retry_after is not None
        assert 90 < raised.value.retry_after <= 100


DUPLICATE = as_json({"detail": "You are not allowed to create a Tweet with duplicate content.", "status": 403}, 403)


def own_answer(text: str, to: str = "1") -> dict[str, Any]:
    return post(50, author_id=US, text=text, referenced_tweets=[{"type": "replied_to", "id": to}])


def writing(*found: dict[str, Any]) -> Provider:
    return by_path(tweets=lambda request: DUPLICATE if request.method == "POST" else timeline(*found))


def test_a_duplicate_that_is_our_own_earlier_attempt_is_success() -> None:
    sent = x(writing(own_answer("@somepatient Thank you for telling us."))).reply(SIGNED_IN, reply_to("1"))
    assert sent.remote_id == str(SNOWFLAKE + 50)


def test_a_duplicate_of_words_said_elsewhere_asks_for_others() -> None:
    with pytest.raises(Rejected, match="Change the wording"):
        x(writing(own_answer("@somepatient Thank you for telling us.", to="2"))).reply(SIGNED_IN, reply_to("1"))


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("Thank you & bye", "@somepatient @other Thank you &amp; bye", True),
        ("See https://example.org/a?b=1 now", "@somepatient See https://t.co/xyz now", True),
        ("See example.org now", "@somepatient See https://t.co/xyz now", True),
        ("Two  spaces\n\nand lines", "@somepatient Two spaces\nand lines", True),
        ("Café", "@somepatient Cafe\u0301", True),
        ("@somepatient Thank you", "@somepatient Thank you", True),
        ("Thank you", "@somepatient Thank you so much", False),
        ("See https://example.org now", "@somepatient See it now", False),
    ],
)
def test_our_words_are_recognised_as_x_shows_them(ours: str, theirs: str, same: bool) -> None:
    assert (comparable(ours) == comparable(theirs)) is same
    found = x(writing(own_answer(theirs))).find_reply(SIGNED_IN, reply_to("1", ours))
    assert (found is not None) is same


def test_an_answer_to_another_post_is_not_ours() -> None:
    same_words = own_answer("@somepatient Thank you for telling us.", to="2")
    assert x(writing(same_words)).find_reply(SIGNED_IN, reply_to("1")) is None


def test_words_that_a_person_changed_on_the_site_are_found_where_they_were_to_copy_them() -> None:
    changed = own_answer("@somepatient Thank you so much for telling us!")
    assert x(writing(changed)).find_reply(ONE, reply_to("1")) is not None
    assert x(writing(changed)).find_reply(SIGNED_IN, reply_to("1")) is None


def test_the_search_for_our_reply_goes_through_several_pages() -> None:
    pages = {
        "": timeline(post(60, author_id=US), next_token="t2"),
        "t2": timeline(own_answer("Thank you for telling us.")),
    }
    provider = by_path(tweets=lambda request: pages[request.url.params.get("pagination_token", "")])
    assert x(provider).find_reply(SIGNED_IN, reply_to("1")) is not None
    assert provider.asked[0].url.params["since_id"] == "1"


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


PARENT = {
    "id": str(SNOWFLAKE - 5),
    "author_id": "555",
    "text": "My mum waited ten hours",
    "created_at": "2026-02-02T08:00:00.000Z",
    "conversation_id": str(SNOWFLAKE - 9),
    "edit_history_tweet_ids": [str(SNOWFLAKE - 6), str(SNOWFLAKE - 5)],
}


def answering_parent(**changes: Any) -> list[Any]:
    parent = PARENT | changes
    element = post(
        1,
        referenced_tweets=[{"type": "replied_to", "id": parent["id"]}],
        conversation_id=parent["conversation_id"],
    )
    includes = {"users": [*INCLUDES["users"], {"id": "555", "username": "adaughter"}], "tweets": [parent]}
    body = {"data": [element], "includes": includes, "meta": {}}
    return list(x(answering(body)).backfill(ONE, SINCE, None).items)


def test_the_post_that_a_reply_answers_comes_with_it_in_the_same_thread() -> None:
    parent, reply = answering_parent()
    assert (parent.remote_id, parent.text, parent.author.screen_name) == (
        str(SNOWFLAKE - 6),
        "My mum waited ten hours",
        "@adaughter",
    )
    assert parent.thread_id == reply.thread_id == str(SNOWFLAKE - 9)
    assert (parent.may_not_reply, reply.may_not_reply) == (NOT_MENTIONED, None)


def test_our_own_announcement_that_was_answered_is_context_and_no_answer() -> None:
    announcement, reply = answering_parent(author_id=US, text="Flu clinics open on Monday.")
    assert (announcement.direction, announcement.source["context"]) == ("outbound", True)
    assert announcement.thread_id == reply.thread_id
    ours = answering_parent(author_id=US, referenced_tweets=[{"type": "replied_to", "id": "4"}])[0]
    assert "context" not in ours.source


def test_a_thread_is_known_by_the_first_version_of_its_root() -> None:
    parent, reply = answering_parent(conversation_id=PARENT["id"])
    assert parent.thread_id == reply.thread_id == str(SNOWFLAKE - 6)


def test_a_post_that_cannot_be_read_is_no_context() -> None:
    (reply,) = answering_parent(created_at="soon")
    assert reply.remote_id == str(SNOWFLAKE + 1)


def test_versions_of_a_post_are_other_names_of_it() -> None:
    element = post(3, edit_history_tweet_ids=[str(SNOWFLAKE + number) for number in (1, 2, 3)])
    item = read(element)
    assert (item.remote_id, item.source["latest_id"]) == (str(SNOWFLAKE + 1), str(SNOWFLAKE + 3))
    assert item.aliases == (str(SNOWFLAKE + 2), str(SNOWFLAKE + 3))


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


def test_what_x_charges_for_is_named() -> None:
    provider = by_path(mentions=lambda request: timeline(post(1), post(2)))
    paid = set(x(provider).poll(ONE, None).paid)
    assert paid == {str(SNOWFLAKE + 1), str(SNOWFLAKE + 2), *(one["id"] for one in INCLUDES["tweets"])}


@pytest.mark.parametrize(
    ("text", "length"),
    [("Hi http://test.co", 26), ("Hello, world! 👋", 16), ("👨‍👩‍👧‍👦" * 140, 280), ("故" * 160, 320), ("", 0)],
)
def test_length_is_counted_as_x_counts(text: str, length: int) -> None:
    assert x(answering({})).length(text) == length


def test_the_length_of_a_megabyte_is_counted_in_a_moment() -> None:
    assert x(answering({})).length("x" * 1_000_000) > 280
