"""The X imitation, reading."""

import re

import pytest

from tests.sandbox.conftest import Box


def test_a_request_without_a_right_token_is_unauthorised(box: Box) -> None:
    answer = box.x("users/by/username/a", token="wrong")
    assert (answer.status_code, answer.json["title"]) == (401, "Unauthorized")


def test_an_unknown_handle_is_a_partial_error_with_status_200(box: Box) -> None:
    answer = box.x("users/by/username/nobody_here")
    assert answer.status_code == 200
    assert "data" not in answer.json
    assert answer.json["errors"][0]["type"].endswith("/resource-not-found")


def test_mentions_come_newest_first_and_every_page_leads_to_the_next(box: Box) -> None:
    told = [box.told("x", f"post number {number}") for number in range(23)]
    ids, token = [], ""
    while True:
        query = {"pagination_token": token} if token else {}
        page = box.x(f"users/{box.user_id()}/mentions", max_results="10", **query).json
        ids += [post["id"] for post in page.get("data", [])]
        token = page["meta"].get("next_token", "")
        if not token:
            break
    assert ids == told[::-1]


def test_since_id_gives_only_what_is_newer(box: Box) -> None:
    first = box.told("x", "one")
    second = box.told("x", "two")
    page = box.x(f"users/{box.user_id()}/mentions", since_id=first).json
    assert [post["id"] for post in page["data"]] == [second]
    empty = box.x(f"users/{box.user_id()}/mentions", since_id=second).json
    assert empty == {"meta": {"result_count": 0}}


def test_only_the_newest_800_mentions_can_be_reached(box: Box) -> None:
    rows = "text\n" + "\n".join(f"number {number}" for number in range(950))
    loaded = box.client.post("/control/corpus", json={"channel": "x", "handle": "ExampleTrust", "csv": rows}).json
    ids: list[str] = []
    query: dict[str, str] = {}
    while True:
        page = box.x(f"users/{box.user_id()}/mentions", max_results="100", **query).json
        ids += [post["id"] for post in page.get("data", [])]
        if "next_token" not in page["meta"]:
            break
        query = {"pagination_token": page["meta"]["next_token"]}
    assert ids == loaded["remote_ids"][::-1][:800]
    assert page == {"meta": {"result_count": 0}}


def test_fields_come_only_when_asked_for_in_either_spelling(box: Box) -> None:
    remote_id = box.told("x", "hello")
    assert set(box.x(f"tweets/{remote_id}").json["data"]) == {"id", "text", "edit_history_tweet_ids"}
    for name in ("tweet.fields", "post.fields"):
        answer = box.x(
            f"tweets/{remote_id}", **{name: "created_at,conversation_id,entities", "expansions": "author_id"}
        ).json
        assert answer["data"]["conversation_id"] == remote_id
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answer["data"]["created_at"])
        assert answer["includes"]["users"][0]["id"] == answer["data"]["author_id"]
    assert box.x(f"tweets/{remote_id}", **{"tweet.fields": "nonsense"}).status_code == 400


def test_text_is_escaped_links_are_shortened_and_offsets_point_at_them(box: Box) -> None:
    remote_id = box.told("x", "A&E <b>at</b> https://example.org/a?b=c&d #tired")
    data = box.x(f"tweets/{remote_id}", **{"tweet.fields": "entities"}).json["data"]
    assert data["text"].startswith("@ExampleTrust A&amp;E &lt;b&gt;at&lt;/b&gt; https://t.co/")
    link, tag, mention = data["entities"]["urls"][0], data["entities"]["hashtags"][0], data["entities"]["mentions"][0]
    assert link["expanded_url"] == "https://example.org/a?b=c&d"
    assert data["text"][link["start"] : link["end"]] == link["url"]
    assert data["text"][tag["start"] : tag["end"]] == "#tired"
    assert data["text"][mention["start"] : mention["end"]] == "@ExampleTrust"
    assert mention["id"] == box.user_id()


def test_a_long_post_is_cut_and_whole_only_in_its_note(box: Box) -> None:
    remote_id = box.told("x", "word " * 200 + "end")
    data = box.x(f"tweets/{remote_id}", **{"tweet.fields": "note_tweet"}).json["data"]
    assert "https://t.co/" in data["text"]
    assert not data["text"].endswith("end")
    assert data["note_tweet"]["text"].endswith("word end")
    short = box.told("x", "short")
    assert "note_tweet" not in box.x(f"tweets/{short}", **{"tweet.fields": "note_tweet"}).json["data"]


def test_lookup_names_what_is_missing_beside_what_is_there(box: Box) -> None:
    here, gone = box.told("x", "here"), box.told("x", "gone")
    box.client.delete(f"/control/posts/x/{gone}")
    answer = box.x("tweets", ids=f"{here},{gone},1")
    assert answer.status_code == 200
    assert [post["id"] for post in answer.json["data"]] == [here]
    assert [error["value"] for error in answer.json["errors"]] == [gone, "1"]
    assert box.x("tweets", ids=",".join("1" for _ in range(101))).status_code == 400


def test_posts_of_a_protected_account_are_hidden_and_said_to_be(box: Box) -> None:
    remote_id = box.told("x", "private now", author="shy")
    box.client.post("/control/accounts", json={"handle": "shy", "state": "protected"})
    error = box.x(f"tweets/{remote_id}").json["errors"][0]
    assert error["type"].endswith("/not-authorized-for-resource")
    assert box.x(f"users/{box.user_id()}/mentions").json["meta"]["result_count"] == 0


def test_an_edit_has_a_new_id_and_the_whole_history(box: Box) -> None:
    first = box.told("x", "with a tpyo")
    second = box.client.patch(f"/control/posts/x/{first}", json={"text": "with a typo"}).json["remote_id"]
    assert second != first
    data = box.x(f"tweets/{first}").json["data"]
    assert data == {"id": second, "text": "@ExampleTrust with a typo", "edit_history_tweet_ids": [first, second]}
    assert [post["id"] for post in box.x(f"users/{box.user_id()}/mentions").json["data"]] == [second]


def test_mentions_past_their_limit_are_refused_until_the_window_ends(box: Box) -> None:
    box.told("x", "hello")
    user_id = box.user_id()
    answers = [box.x(f"users/{user_id}/mentions") for _ in range(451)]
    assert [answer.status_code for answer in answers[-2:]] == [200, 429]
    assert answers[0].headers["x-rate-limit-limit"] == "450"
    assert answers[0].headers["x-rate-limit-remaining"] == "449"
    refused = answers[-1]
    assert refused.headers["x-rate-limit-remaining"] == "0"
    box.set(clock_offset_seconds=901)
    assert box.x(f"users/{user_id}/mentions").status_code == 200
    assert int(refused.headers["x-rate-limit-reset"]) <= box.parts.store.now() // 1000


def test_refusals_and_failures_say_the_limits_too(box: Box) -> None:
    box.told("x", "hello")
    user_id, token = box.user_id(), box.sign_in(scope="users.read")["access_token"]
    box.x("tweets", ids="1")
    box.fault("x", "expired_token", path="tweets")
    box.fault("x", "server_error", path="tweets")
    answers = [
        (401, "450", "450", box.x(f"users/{user_id}/mentions", token="wrong")),
        (401, "3500", "3499", box.x("tweets", ids="1")),
        (500, "3500", "3499", box.x("tweets", ids="1")),
        (403, "75", "75", box.x("users/me")),
        (403, "300", "300", box.x(f"users/{user_id}/mentions", token=token)),
        (400, "450", "449", box.x(f"users/{user_id}/mentions", since_id="x")),
    ]
    for status, limit, left, answer in answers:
        assert answer.status_code == status
        assert answer.headers["x-rate-limit-limit"] == limit
        assert answer.headers["x-rate-limit-remaining"] == left
        assert int(answer.headers["x-rate-limit-reset"]) > box.parts.store.now() // 1000


@pytest.mark.parametrize(
    "query",
    [
        {"max_results": "4"},
        {"max_results": "101"},
        {"pagination_token": "rubbish"},
        {"since_id": "x"},
        {"start_time": "y"},
    ],
)
def test_a_wrong_parameter_is_an_invalid_request(box: Box, query: dict[str, str]) -> None:
    box.told("x", "hello")
    answer = box.x(f"users/{box.user_id()}/mentions", **query)
    assert answer.status_code == 400
    assert answer.json["type"].endswith("/invalid-request")


def test_search_finds_the_answers_to_a_post(box: Box) -> None:
    question = box.told("x", "where do I park?", author="asker")
    answer = box.told("x", "behind the library", author="helper", in_reply_to=question)
    other = box.told("x", "nice day", author="asker")

    def found(query: str) -> list[str]:
        return [post["id"] for post in box.x("tweets/search/recent", query=query).json.get("data", [])]

    assert found(f"in_reply_to_tweet_id:{question}") == [answer]
    assert found(f"conversation_id:{question} from:helper") == [answer]
    assert found("@ExampleTrust -is:reply") == [other, question]
    assert found("(park OR library) -from:helper") == [question]
    assert found('"nice day"') == [other]
    assert found("from:nobody") == []


@pytest.mark.parametrize("query", ["", "x" * 513, "(open", "-(a b)", "unknown:thing", "conversation_id:abc", "a OR"])
def test_a_query_that_x_does_not_understand_is_refused(box: Box, query: str) -> None:
    assert box.x("tweets/search/recent", query=query).status_code == 400


def test_search_reaches_back_seven_days(box: Box) -> None:
    old = box.told("x", "long ago", posted_at="2024-01-01T10:00:00Z")
    assert box.x("tweets/search/recent", query="ago").json == {"meta": {"result_count": 0}}
    assert box.x("tweets/search/recent", query="ago", since_id=old).status_code == 400
