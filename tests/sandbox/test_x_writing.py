"""The X imitation, writing."""

import pytest

from tests.sandbox.conftest import Box


@pytest.fixture
def token(box: Box) -> str:
    return str(box.sign_in()["access_token"])


def test_a_reply_to_somebody_who_mentioned_us_is_posted_with_their_handle_in_front(box: Box, token: str) -> None:
    question = box.told("x", "hello?", author="asker")
    answer = box.tweet(token, "Thank you & sorry", question)
    assert answer.status_code == 201
    assert answer.json["data"]["text"] == "@asker Thank you &amp; sorry"
    assert "x-user-limit-24hour-remaining" in answer.headers
    reply = box.seen("x", question)["replies"][0]
    assert (reply["text"], reply["author"], reply["state"]) == ("Thank you & sorry", "ExampleTrust", "published")
    assert reply["remote_id"] == answer.json["data"]["id"]


def test_the_own_timeline_shows_what_went_out(box: Box, token: str) -> None:
    question = box.told("x", "hello?")
    sent = box.tweet(token, "hi", question).json["data"]["id"]
    query = {"since_id": question, "tweet.fields": "referenced_tweets", "exclude": "retweets", "max_results": "100"}
    page = box.x(f"users/{box.user_id()}/tweets", token=token, **query).json
    assert [(post["id"], post["referenced_tweets"]) for post in page["data"]] == [
        (sent, [{"type": "replied_to", "id": question}])
    ]


def test_a_reply_to_somebody_who_did_not_mention_us_is_refused(box: Box, token: str) -> None:
    elsewhere = box.told("x", "hello?", handle="OtherTrust")
    answer = box.tweet(token, "we are here too", elsewhere)
    assert answer.status_code == 403
    assert "not been mentioned" in answer.json["detail"]


def test_the_same_words_twice_are_refused_even_to_somebody_else(box: Box, token: str) -> None:
    first, second = box.told("x", "one", author="a1"), box.told("x", "two", author="b2")
    assert box.tweet(token, "Thank you for telling us", first).status_code == 201
    again = box.tweet(token, "thank you  for telling us", second)
    assert (again.status_code, again.json["detail"]) == (
        403,
        "You are not allowed to create a Tweet with duplicate content.",
    )
    box.set(duplicate_rule="same_parent")
    assert box.tweet(token, "thank you for telling us", second).status_code == 201
    box.set(duplicate_rule="account", clock_offset_seconds=90_000)
    late = box.sign_in()["access_token"]
    assert box.tweet(late, "thank you for telling us", second).status_code == 201


def test_a_reply_to_a_deleted_post_is_refused(box: Box, token: str) -> None:
    question = box.told("x", "hello?")
    box.client.delete(f"/control/posts/x/{question}")
    answer = box.tweet(token, "hi", question)
    assert answer.status_code == 403
    assert "deleted or not visible" in answer.json["detail"]


@pytest.mark.parametrize(
    ("text", "status"),
    [("a" * 280, 201), ("a" * 281, 400), ("字" * 140, 201), ("字" * 141, 400), ("👨‍👩‍👧‍👦" * 140, 201), (" ", 400)],
)
def test_length_is_counted_as_x_counts_it(box: Box, token: str, text: str, status: int) -> None:
    assert box.tweet(token, text).status_code == status


def test_unknown_properties_are_rejected(box: Box, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    assert box.client.post("/x/2/tweets", json={"text": "a", "colour": "red"}, headers=headers).status_code == 400
    assert box.client.post("/x/2/tweets", data=b"\xff", headers=headers).status_code == 400


def test_the_application_alone_cannot_post(box: Box) -> None:
    answer = box.tweet("bearer", "hello")
    assert (answer.status_code, answer.json["title"]) == (403, "Unsupported Authentication")


def test_posting_needs_its_scope(box: Box) -> None:
    token = box.sign_in(scope="tweet.read users.read")["access_token"]
    assert box.tweet(token, "hello").status_code == 403


def test_only_own_posts_can_be_deleted(box: Box, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    theirs, ours = box.told("x", "hello?"), box.tweet(token, "hi").json["data"]["id"]
    assert box.client.delete(f"/x/2/tweets/{theirs}", headers=headers).status_code == 403
    assert box.client.delete(f"/x/2/tweets/{ours}", headers=headers).json == {"data": {"deleted": True}}
    assert "errors" in box.x(f"tweets/{ours}").json


def test_a_patient_can_answer_back_in_the_same_conversation(box: Box, token: str) -> None:
    question = box.told("x", "hello?", author="asker")
    reply = box.tweet(token, "hi there", question).json["data"]["id"]
    back = box.told("x", "thanks", author="asker", in_reply_to=reply)
    fields = {"tweet.fields": "conversation_id,referenced_tweets,in_reply_to_user_id"}
    post = box.x(f"tweets/{back}", **fields).json["data"]
    assert post["conversation_id"] == question
    assert post["in_reply_to_user_id"] == box.user_id()
    assert post["text"] == "@ExampleTrust thanks"
    assert back in [post["id"] for post in box.x(f"users/{box.user_id()}/mentions").json["data"]]
