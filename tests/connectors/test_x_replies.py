"""Answers on X: what may be answered, how, what a refusal means, and how our own is found again."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from healthberry.connectors.base import Access
from healthberry.connectors.errors import Gone, NotAuthorised, RateLimited, Rejected, Unavailable
from healthberry.connectors.x_posts import LIMITED, NOT_MENTIONED
from healthberry.connectors.x_words import comparable
from tests.connectors.fakes import Provider, answering, as_json, reply_to
from tests.connectors.x_samples import ONE, SNOWFLAKE, US, by_path, post, read, timeline, x

SIGNED_IN = Access(ONE.config, {"access_token": "own-token", "account_id": US, "account": "ExampleTrust"})


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


@pytest.mark.parametrize(
    ("text", "length"),
    [("Hi http://test.co", 26), ("Hello, world! 👋", 16), ("👨‍👩‍👧‍👦" * 140, 280), ("故" * 160, 320), ("", 0)],
)
def test_length_is_counted_as_x_counts(text: str, length: int) -> None:
    assert x(answering({})).length(text) == length


def test_the_length_of_a_megabyte_is_counted_in_a_moment() -> None:
    assert x(answering({})).length("x" * 1_000_000) > 280
