"""Bluesky: how notifications, searches and own records are read, and what is looked at again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from healthberry.connectors.base import Access, Connector
from healthberry.connectors.bluesky_posts import LIMITED
from healthberry.connectors.errors import (
    Gone,
    NotAuthorised,
    RateLimited,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
)
from tests.connectors.bluesky_samples import (
    CONFIG,
    DID,
    LATELY,
    SECRETS,
    SIGNED_IN,
    answer_to,
    bluesky,
    by_method,
    post,
    publishing,
    put_by,
    reply,
    uri,
)
from tests.connectors.fakes import answering, as_json


def caught_up(connector: Connector, cursor: str | None, access: Access = SIGNED_IN) -> tuple[list[str], str | None]:
    """Poll to the end; return the ids and the cursor."""
    found: list[str] = []
    for _ in range(30):
        page = connector.poll(access, cursor)
        cursor = page.cursor
        found += [item.remote_id for item in page.items]
        if not page.more:
            return found, cursor
    raise AssertionError("the catch-up does not end")


@pytest.mark.parametrize(
    "pds",
    ["http://pds.example", "https://127.0.0.1", "https://pds.example:8443", "https://localhost", "https://u@pds.example",
     "https://pds.example/x", "file:///etc/passwd"],
)  # fmt: skip
def test_a_server_that_is_no_public_name_is_never_called(pds: str) -> None:
    provider = answering({})
    with pytest.raises(UnexpectedAnswer):
        bluesky(provider).poll(Access(CONFIG, {**SECRETS, "pds": pds}), None)
    assert provider.asked == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (as_json({"error": "ExpiredToken"}, 400), Unavailable),
        (as_json({"error": "InvalidToken"}, 400), NotAuthorised),
        (as_json({"error": "AuthMissing"}, 401), NotAuthorised),
        (httpx.Response(401), NotAuthorised),
        (as_json({"error": "AccountTakedown"}, 400), NotAuthorised),
        (httpx.Response(403), NotAuthorised),
        (as_json({"error": "BadQueryString"}, 400), Rejected),
        (as_json({"error": "NotFound"}, 400), Gone),
        (httpx.Response(404, html="<h1>"), Gone),
        (as_json({"error": "RateLimitExceeded"}, 429), RateLimited),
        (as_json({"error": "UpstreamFailure"}, 502), Unavailable),
        (httpx.Response(200, html="<h1>"), Unavailable),
        (as_json([]), UnexpectedAnswer),
    ],
)
def test_what_bluesky_answers_is_an_error_of_ours(answer: httpx.Response, error: type[Exception]) -> None:
    with pytest.raises(error):
        bluesky(answering(answer)).poll(SIGNED_IN, None)


def test_the_reset_of_a_limit_is_waited_for() -> None:
    at = str(int(datetime.now(UTC).timestamp()) + 120)
    with pytest.raises(RateLimited) as raised:
        bluesky(answering(as_json({}, 429, ratelimit_reset=at))).poll(SIGNED_IN, None)
    assert raised.value.retry_after is not None
    assert 110 < raised.value.retry_after <= 120


def test_polling_never_signs_in() -> None:
    provider = by_method(listNotifications={"notifications": [post(1)]})
    caught_up(bluesky(provider), None)
    assert not [one for one in provider.asked if "server" in one.url.path]
    assert {one.headers["authorization"] for one in provider.asked} == {"Bearer own"}


def test_short_and_empty_pages_with_a_cursor_are_followed() -> None:
    pages = {"": ([], "c1"), "c1": ([post(2)], "c2"), "c2": ([post(1)], None)}

    def notifications(request: httpx.Request) -> Any:
        found, cursor = pages[request.url.params.get("cursor", "")]
        return {"notifications": found} | ({"cursor": cursor} if cursor else {})

    found, _ = caught_up(bluesky(by_method(listNotifications=notifications)), None)
    assert sorted(found) == [uri(1), uri(2)]


def test_a_cursor_that_comes_again_ends_the_walk_and_a_garbled_one_leads_nowhere() -> None:
    again = by_method(listNotifications={"notifications": [post(1)], "cursor": "same"})
    caught_up(bluesky(again), None)
    garbled = by_method(listNotifications={"notifications": [post(1)], "cursor": "c\ufffd"})
    with pytest.raises(Unavailable):
        bluesky(garbled).poll(SIGNED_IN, None)


def test_a_poll_goes_back_to_what_it_knew_with_overlap() -> None:
    old = (datetime.now(UTC) - timedelta(hours=30)).isoformat()
    asked: list[str] = []

    def notifications(request: httpx.Request) -> Any:
        asked.append(request.url.params.get("cursor", ""))
        if asked[-1]:
            return {"notifications": [post(1, indexedAt=old)], "cursor": "further"}
        return {"notifications": [post(2)], "cursor": "c1"}

    connector = bluesky(by_method(listNotifications=notifications))
    _, cursor = caught_up(connector, None)
    assert asked == ["", "c1", "further"]
    asked.clear()
    found, _ = caught_up(connector, cursor)
    assert found == [uri(2)], "what is inside the overlap comes again, what is older does not"
    assert asked == ["", "c1"]


def test_only_mentions_answers_and_quotes_are_asked_for() -> None:
    provider = by_method()
    caught_up(bluesky(provider), None)
    assert provider.asked[0].url.params.get_list("reasons") == ["mention", "reply", "quote"]
    assert "seenAt" not in provider.asked[0].url.params


def test_phrases_are_searched_for_in_quotation_marks_and_our_own_posts_are_no_feedback() -> None:
    mine = post(5, uri=uri(5, DID))
    provider = by_method(searchPosts={"posts": [post(3), mine]})
    found, _ = caught_up(bluesky(provider), None, Access({**CONFIG, "words": ["Royal Example", "ward"]}, SECRETS))
    searched = [one.url.params for one in provider.asked if one.url.path.endswith("searchPosts")]
    assert [one["q"] for one in searched] == ['"Royal Example"', "ward"]
    assert all(one["since"] for one in searched)
    assert set(found) == {uri(3)}


def test_what_an_answer_is_about_comes_along_until_it_was_deleted() -> None:
    ours, first = uri(2, DID), uri(1)
    above = post(2, uri=ours, record=answer_to(first, first))
    thread = {
        "post": post(3, record=answer_to(first, ours)),
        "parent": {"post": above, "parent": {"$type": "app.bsky.feed.defs#notFoundPost", "notFound": True}},
    }
    provider = by_method(
        listNotifications={"notifications": [post(3, record=answer_to(first, ours))]}, getPostThread={"thread": thread}
    )
    items = {item.remote_id: item for item in bluesky(provider).poll(SIGNED_IN, None).items}
    assert set(items) == {uri(3), ours}
    assert (items[ours].direction, items[uri(3)].direction) == ("outbound", "inbound")
    assert {item.thread_id for item in items.values()} == {first}
    assert items[uri(3)].in_reply_to == ours


def test_a_thread_that_cannot_be_had_holds_up_nothing() -> None:
    answer = post(3, record=answer_to(uri(1), uri(2)))
    provider = by_method(
        listNotifications={"notifications": [answer]}, getPostThread=as_json({"error": "NotFound"}, 400)
    )
    assert [item.remote_id for item in bluesky(provider).poll(SIGNED_IN, None).items] == [uri(3)]


def test_our_own_answers_are_read_from_our_own_records() -> None:
    record = {"text": "Thank you.", "createdAt": LATELY, **answer_to(uri(1), uri(1))}
    news = {"text": "News", "createdAt": LATELY}
    records = [
        {"uri": uri(9, DID), "cid": "c", "value": record},
        {"uri": uri(8, DID), "cid": "d", "value": news},
    ]
    connector, cursor = bluesky(by_method(listRecords={"records": records})), None
    first = connector.poll(SIGNED_IN, cursor)
    (item,) = connector.poll(SIGNED_IN, first.cursor).items
    assert (item.remote_id, item.direction, item.thread_id) == (uri(9, DID), "outbound", uri(1))
    assert item.author.screen_name == "@trust.example"


def test_the_time_of_a_post_is_never_after_it_was_first_seen() -> None:
    later = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    provider = by_method(listNotifications={"notifications": [post(1, record={"createdAt": later})]})
    (item,) = bluesky(provider).poll(SIGNED_IN, None).items
    assert item.posted_at == datetime.fromisoformat(LATELY)


def test_pictures_are_their_descriptions_and_links_their_addresses() -> None:
    embed = {"$type": "app.bsky.embed.images", "images": [{"alt": "A queue", "image": {}}, None]}
    linked = {"external": {"uri": "https://example.org/x", "title": "News"}}
    both = [post(1, record={"embed": embed}), post(2, record={"embed": linked})]
    page = bluesky(by_method(listNotifications={"notifications": both})).poll(SIGNED_IN, None)
    items = {one.remote_id: one for one in page.items}
    assert items[uri(1)].attachments == ({"type": "image", "description": "A queue"},)
    assert items[uri(2)].attachments == ({"type": "link", "url": "https://example.org/x", "description": "News"},)


def test_a_post_whose_author_limits_answers_cannot_be_answered_from_here() -> None:
    provider = by_method(getPosts={"posts": [post(1, viewer={"replyDisabled": True})]})
    (item,) = bluesky(provider).recheck(SIGNED_IN, [uri(1)])
    assert item.may_not_reply == LIMITED
    closed = publishing({}, getPosts={"posts": [post(1, viewer={"replyDisabled": True})]})
    with pytest.raises(Rejected, match="limited"):
        bluesky(closed).reply(SIGNED_IN, reply())
    assert put_by(closed) == []


def test_rechecks_follow_edits_and_withdraw_what_is_missing() -> None:
    provider = by_method(getPosts={"posts": [post(1, cid="bafynew", record={"text": "Edited"})]})
    found = bluesky(provider).recheck(SIGNED_IN, [uri(1), uri(2)])
    assert [(item.remote_id, item.change, item.text) for item in found] == [
        (uri(1), "edited", "Edited"),
        (uri(2), "withdrawn", ""),
    ]
    assert found[0].source["cid"] == "bafynew"
    assert provider.asked[0].url.params.get_list("uris") == [uri(1), uri(2)]


def test_a_network_on_which_everything_is_gone_is_not_believed() -> None:
    with pytest.raises(Unavailable):
        bluesky(by_method(getPosts={"posts": []})).recheck(SIGNED_IN, [uri(number) for number in range(5)])
