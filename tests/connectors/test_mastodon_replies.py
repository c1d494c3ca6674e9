"""Answers on Mastodon: as public as what they answer, sent once, and found again."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from uuid_utils.compat import uuid7

from healthberry.connectors.base import Access, Reply, ReplyTarget
from healthberry.connectors.errors import Gone, NotAuthorised, Rejected
from tests.connectors.fakes import Provider, answering, as_json
from tests.connectors.mastodon_samples import CONFIG, SIGNED_IN, STATUS, mastodon, status


def reply_to(text: str = "Thank you.") -> Reply:
    target = ReplyTarget(status()["id"], status()["id"], None, None, {"visibility": "public"}, None)
    return Reply(str(uuid7()), text, target, "Pat Lee", "pals@trust.example")


def ours(**changes: Any) -> dict[str, Any]:
    """Return our answer as the server has it, written just now."""
    name = '<a href="https://other.example/@sam" class="u-url mention">@<span>sam</span></a>'
    written = status(
        500,
        account={"id": "9", "username": "trust", "acct": "trust"},
        content=f'<p><span class="h-card">{name}</span> Thank you.</p>',
        in_reply_to_id=STATUS["id"],
        created_at=datetime.now(UTC).isoformat(),
        url="https://social.example/@trust/500",
    )
    return written | changes


def publishing(posted: Any, *, below: list[Any] | None = None, parent: Any = STATUS) -> Provider:
    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.method == "POST" or request.method == "DELETE":
            given = posted(request) if callable(posted) else posted
        elif path.endswith("/context"):
            given = {"ancestors": [], "descendants": below or []}
        else:
            given = [] if path.endswith("/statuses") else parent
        return given if isinstance(given, httpx.Response) else as_json(given)

    return Provider(answer)


def wrote(provider: Provider) -> list[httpx.Request]:
    return [one for one in provider.asked if one.method != "GET"]


def test_an_answer_names_whom_it_answers_is_as_public_as_that_and_carries_its_key() -> None:
    provider = publishing(ours(), parent=status(visibility="unlisted"))
    reply = reply_to()
    sent = mastodon(provider).reply(SIGNED_IN, reply)
    (posted,) = wrote(provider)
    assert (sent.remote_id, sent.url) == (ours()["id"], ours()["url"])
    assert posted.headers["idempotency-key"] == reply.key
    assert json.loads(posted.content) == {
        "status": "@sam@other.example Thank you.",
        "in_reply_to_id": STATUS["id"],
        "visibility": "unlisted",
    }


def test_an_answer_that_is_there_is_not_published_again_even_where_keys_are_ignored() -> None:
    provider = publishing(ours(), below=[ours()])
    assert mastodon(provider).reply(SIGNED_IN, reply_to()).remote_id == ours()["id"]
    assert wrote(provider) == []


def test_the_same_words_from_before_this_reply_was_written_are_another_answer() -> None:
    yesterday = ours(created_at=(datetime.now(UTC) - timedelta(days=1)).isoformat())
    provider = publishing(ours(), below=[yesterday])
    assert mastodon(provider).find_reply(SIGNED_IN, reply_to()) is None
    mastodon(provider).reply(SIGNED_IN, reply_to())
    assert len(wrote(provider)) == 1


def test_what_was_published_as_no_answer_is_taken_back() -> None:
    provider = publishing(ours(in_reply_to_id=None))
    with pytest.raises(Gone):
        mastodon(provider).reply(SIGNED_IN, reply_to())
    assert [one.method for one in wrote(provider)] == ["POST", "DELETE"]


def test_what_cannot_be_taken_back_is_said_and_not_tried_again() -> None:
    stubborn = publishing(
        lambda request: ours(in_reply_to_id=None) if request.method == "POST" else httpx.Response(500)
    )
    with pytest.raises(Rejected, match="delete it"):
        mastodon(stubborn).reply(SIGNED_IN, reply_to())


def test_what_another_account_published_is_not_taken_for_gone() -> None:
    missing = as_json({"error": "Record not found"}, 404)
    theirs = Provider(lambda request: missing if request.method == "DELETE" else as_json(STATUS))
    with pytest.raises(Rejected, match="not published by the account"):
        mastodon(theirs).withdraw(SIGNED_IN, STATUS["id"])

    mastodon(Provider(lambda request: missing)).withdraw(SIGNED_IN, STATUS["id"])


@pytest.mark.parametrize("gone", [as_json({"error": "Record not found"}, 404), httpx.Response(410)])
def test_a_post_that_was_deleted_cannot_be_answered(gone: httpx.Response) -> None:
    provider = publishing(ours(), parent=gone)
    with pytest.raises(Gone, match="deleted"):
        mastodon(provider).reply(SIGNED_IN, reply_to())
    assert wrote(provider) == []


def test_what_is_too_long_with_the_name_before_it_is_refused_before_it_is_sent() -> None:
    provider = publishing(ours())
    with pytest.raises(Rejected, match="5 characters longer"):
        mastodon(provider).reply(SIGNED_IN, reply_to(text="x" * 500))
    assert wrote(provider) == []
    longer = Access({**CONFIG, "limit": 1000}, SIGNED_IN.secrets)
    mastodon(provider).reply(longer, reply_to(text="x" * 500))
    assert len(wrote(provider)) == 1


def test_without_its_token_a_channel_is_answered_on_its_site() -> None:
    target = reply_to().target
    assert mastodon(answering({})).may_reply(Access(CONFIG), target).mode == "assisted"
    assert mastodon(answering({})).may_reply(SIGNED_IN, target).mode == "api"
    with pytest.raises(NotAuthorised):
        mastodon(answering({})).reply(Access(CONFIG), reply_to())
