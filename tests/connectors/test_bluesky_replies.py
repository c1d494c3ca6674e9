"""Answers on Bluesky: one record under a key that is known beforehand."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from uuid_utils.compat import uuid4, uuid7

from healthberry.connectors.base import Access
from healthberry.connectors.bluesky_replies import record_key
from healthberry.connectors.errors import (
    Gone,
    NotAuthorised,
    Rejected,
    Unavailable,
)
from tests.connectors.bluesky_samples import (
    CONFIG,
    DID,
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

TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")


def test_the_record_of_a_reply_is_the_same_in_every_attempt() -> None:
    answer = reply("See https://example.org/é/x. Thank you.")
    first, second = (publishing({"uri": uri(7, DID), "cid": "c"}) for _ in range(2))
    sent = bluesky(first).reply(SIGNED_IN, answer)
    bluesky(second).reply(SIGNED_IN, answer)
    assert put_by(first) == put_by(second)
    (body,) = put_by(first)
    assert TID.fullmatch(body["rkey"])
    assert body["swapRecord"] is None
    assert body["repo"] == DID
    assert body["record"]["reply"] == {name: {"uri": uri(1), "cid": "bafy1"} for name in ("root", "parent")}
    assert body["record"]["facets"][0]["index"] == {
        "byteStart": 4,
        "byteEnd": 4 + len("https://example.org/é/x".encode()),
    }
    written = datetime.fromisoformat(body["record"]["createdAt"])
    assert abs(written - datetime.now(UTC)) < timedelta(seconds=5)
    assert sent.url == f"https://bsky.app/profile/{DID}/post/{uri(7).rpartition('/')[2]}"


def test_an_answer_to_an_answer_goes_into_its_thread() -> None:
    mid = post(1, record=answer_to(uri(50), uri(51)))
    provider = publishing({"uri": uri(7, DID)}, getPosts={"posts": [mid]})
    bluesky(provider).reply(SIGNED_IN, reply())
    (body,) = put_by(provider)
    assert body["record"]["reply"]["root"] == {"uri": uri(50), "cid": "r"}
    assert body["record"]["reply"]["parent"] == {"uri": uri(1), "cid": "bafy1"}


def test_a_reply_that_is_there_is_never_put_again() -> None:
    there = {"uri": uri(7, DID), "cid": "c", "value": {}}
    provider = publishing({}, getRecord=there)
    answer = reply()
    assert bluesky(provider).reply(SIGNED_IN, answer).remote_id == uri(7, DID)
    found = bluesky(provider).find_reply(SIGNED_IN, answer)
    assert found is not None
    assert found.remote_id == uri(7, DID)
    assert put_by(provider) == []
    looked = provider.asked[0].url.params
    assert (looked["repo"], looked["rkey"]) == (DID, record_key(answer.key))


def test_a_record_that_came_in_between_is_ours() -> None:
    missing = as_json({"error": "RecordNotFound"}, 400)
    looks = [missing, as_json({"uri": uri(7, DID), "cid": "c", "value": {}})]
    provider = publishing(as_json({"error": "InvalidSwap"}, 400), getRecord=lambda request: looks.pop(0))
    assert bluesky(provider).reply(SIGNED_IN, reply()).remote_id == uri(7, DID)


def test_another_answer_under_the_same_key_is_neither_taken_for_ours_nor_overwritten() -> None:
    other = {"uri": uri(7, DID), "cid": "c", "value": {"text": "Something else."}}
    provider = publishing(as_json({"error": "InvalidSwap"}, 400), getRecord=other)
    with pytest.raises(Rejected):
        bluesky(provider).reply(SIGNED_IN, reply())
    assert bluesky(provider).find_reply(SIGNED_IN, reply()) is None


def test_a_post_that_was_deleted_cannot_be_answered() -> None:
    provider = publishing({}, getPosts={"posts": []})
    with pytest.raises(Gone):
        bluesky(provider).reply(SIGNED_IN, reply())
    with pytest.raises(Gone):
        bluesky(provider).find_reply(SIGNED_IN, reply())
    assert put_by(provider) == []


def test_a_token_that_ran_out_is_renewed_at_once_where_somebody_waits() -> None:
    expired = by_method(getRecord=as_json({"error": "ExpiredToken"}, 400))
    with pytest.raises(NotAuthorised):
        bluesky(expired).reply(SIGNED_IN, reply())
    with pytest.raises(Unavailable):
        bluesky(expired).find_reply(SIGNED_IN, reply())


def test_an_unknown_outcome_is_unknown_and_a_refusal_is_a_refusal() -> None:
    with pytest.raises(Unavailable):
        bluesky(publishing(httpx.ReadTimeout("slow"))).reply(SIGNED_IN, reply())
    refused = as_json({"error": "InvalidRequest", "message": "blocked words"}, 400)
    with pytest.raises(Rejected, match="blocked words"):
        bluesky(publishing(refused)).reply(SIGNED_IN, reply())
    with pytest.raises(Rejected, match="2 characters longer"):
        bluesky(publishing({})).reply(SIGNED_IN, reply("x" * 302))
    with pytest.raises(Rejected):
        bluesky(publishing({})).reply(SIGNED_IN, reply(key=str(uuid4())))


def test_keys_of_records_follow_the_time_and_never_meet() -> None:
    keys = [str(uuid7()) for _ in range(20)]
    made = [record_key(key) for key in keys]
    assert all(TID.fullmatch(one) for one in made)
    assert len(set(made)) == len(made)
    assert made[0][:7] <= made[-1][:7]
    assert record_key(keys[0]) == made[0]


def test_a_key_of_a_record_says_when_its_reply_was_written() -> None:
    # 2026-01-01T00:00:00Z in milliseconds, as a UUID of version 7.
    key = "019b76da-a800-7000-8000-000000000001"
    letters = "234567abcdefghijklmnopqrstuvwxyz"
    microseconds = 0
    for letter in record_key(key)[:11]:
        microseconds = microseconds * 32 + letters.index(letter)
    assert datetime.fromtimestamp(microseconds // 1_000_000, UTC) == datetime(2026, 1, 1, tzinfo=UTC)


def test_without_a_session_a_channel_is_answered_on_its_site() -> None:
    assert bluesky(answering({})).may_reply(Access(CONFIG), reply().target).mode == "assisted"
    assert bluesky(answering({})).may_reply(SIGNED_IN, reply().target).mode == "api"
    with pytest.raises(NotAuthorised):
        bluesky(answering({})).poll(Access(CONFIG), None)
