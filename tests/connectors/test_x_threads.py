"""Threads on X: the post that was answered, the root, and the versions of a post."""

from typing import Any

from healthberry.connectors.x_posts import NOT_MENTIONED
from tests.connectors.fakes import answering
from tests.connectors.samples import INCLUDES
from tests.connectors.x_samples import ONE, SINCE, SNOWFLAKE, US, post, read, x

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
