"""Answers on Facebook: in public or in private, sent once, and found again."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from healthberry.connectors.base import Access, Reply, ReplyTarget
from healthberry.connectors.errors import Gone, Rejected, Unavailable
from tests.connectors.facebook_samples import NOW, TALKS, said, stamp, talk
from tests.connectors.fakes import access, reply_to
from tests.connectors.graph_samples import (
    LINKED,
    PAGE,
    PERSON,
    PUBLIC_ONLY,
    US,
    comment,
    error,
    facebook,
    in_turn,
    listed,
    paths,
    sent,
)


def target(remote_id: str = "555000111_777", *, at: datetime = NOW, **source: Any) -> ReplyTarget:
    return ReplyTarget(remote_id, source.pop("thread", remote_id), None, None, source, None, at)


def answer_to(to: ReplyTarget, way: str = "", text: str = "Thank you.") -> Reply:
    return Reply("hb-key-1", text, to, "Pat Lee", "pals@trust.example", NOW, way)


def test_a_comment_is_answered_under_it_as_the_page() -> None:
    connector, provider = facebook({"POST /555000111_777/comments": {"id": "555000111_778"}})
    got = connector.reply(LINKED, answer_to(target()))
    assert (got.remote_id, got.url) == ("555000111_778", "https://www.facebook.com/555000111_778")
    assert parse_qs(provider.asked[-1].content.decode()) == {"message": ["Thank you."]}


def test_what_is_there_already_is_not_said_twice() -> None:
    ours = comment(778, **{"from": US, "message": "Thank you.", "created_time": stamp(NOW)})
    connector, provider = facebook({"GET /555000111_777/comments": listed(ours)})
    assert connector.reply(LINKED, answer_to(target())).remote_id == "555000111_778"
    assert not [one for one in paths(provider) if one.startswith("POST")]


def test_a_comment_can_be_answered_publicly_or_once_in_private_within_seven_days() -> None:
    connector, _ = facebook({})

    def ways(to: ReplyTarget, access: Access = LINKED) -> list[str]:
        return [way.name for way in connector.may_reply(access, to).ways]

    assert ways(target(can_reply_privately=True)) == ["public", "private"]
    assert ways(target(can_reply_privately=True), PUBLIC_ONLY) == ["public"]
    assert ways(target(can_reply_privately=True, at=NOW - timedelta(days=8))) == ["public"]
    assert ways(target()) == ["public"]


@pytest.mark.parametrize(("source", "name"), [({}, "comment_id"), ({"is_post": True}, "post_id")])
def test_a_private_answer_names_what_it_answers_and_carries_our_key(source: dict[str, Any], name: str) -> None:
    connector, provider = facebook({}, {"recipient_id": "9", "message_id": "m_5"})
    got = connector.reply(LINKED, answer_to(target(**source), "private"))
    assert (got.remote_id, got.url) == ("m_5", None)
    assert paths(provider) == [f"POST /v26.0/{PAGE}/messages"]
    message = {"text": "Thank you.", "metadata": "hb-key-1"}
    expected = {"recipient": {name: "555000111_777"}, "message": message, "messaging_type": "RESPONSE"}
    assert sent(provider.asked[0]) == expected


def test_a_private_message_is_answered_within_a_day_and_says_until_when() -> None:
    connector, provider = facebook({}, {"recipient_id": "psid-9", "message_id": "m_5"})
    fresh = target("m_1", private=True, psid="psid-9", at=NOW - timedelta(hours=20))
    allowed = connector.may_reply(LINKED, fresh)
    assert (allowed.mode, allowed.until) == ("api", NOW + timedelta(hours=4))
    assert [way.name for way in allowed.ways] == ["message"]
    late = connector.may_reply(LINKED, target("m_1", private=True, psid="psid-9", at=NOW - timedelta(hours=25)))
    assert late.mode == "none"
    assert "24 hours" in late.reason
    connector.reply(LINKED, answer_to(fresh))
    assert sent(provider.asked[-1])["recipient"] == {"id": "psid-9"}


def test_a_private_answer_that_is_too_long_is_refused_before_it_is_sent() -> None:
    connector, provider = facebook({})
    with pytest.raises(Rejected, match="2,000"):
        connector.reply(LINKED, answer_to(target(), "private", "x" * 2001))
    assert provider.asked == []


def test_without_a_token_answers_are_copied_and_private_ones_wait() -> None:
    connector, _ = facebook({})
    assert connector.may_reply(access(page_id=PAGE), target()).mode == "assisted"
    assert connector.may_reply(access(page_id=PAGE), target("m_1", private=True)).mode == "none"


def test_our_comment_is_found_by_author_place_words_and_time() -> None:
    ours = {"from": US, "message": "Thank  you.", "created_time": stamp(NOW), "parent": {"id": "555000111_777"}}
    others = [
        comment(1, **ours | {"from": PERSON}),
        comment(2, **ours | {"message": "Thank you!"}),
        comment(3, **ours | {"created_time": stamp(NOW - timedelta(hours=1))}),
        comment(4, **ours | {"parent": {"id": "555000111_9"}}),
    ]
    connector, _ = facebook({"/555000111_777/comments": listed(*others)})
    assert connector.find_reply(LINKED, answer_to(target())) is None
    pages = in_turn(listed(*others, after="n"), listed(comment(5, **ours)))
    connector, _ = facebook({"/555000111_777/comments": pages})
    found = connector.find_reply(LINKED, answer_to(target()))
    assert found is not None
    assert found.remote_id == "555000111_5"


def test_a_reply_to_a_reply_is_found_below_the_first_comment() -> None:
    ours = comment(5, **{"from": US, "message": "Thank you.", "created_time": stamp(NOW)}, parent={"id": "555000111_1"})
    connector, _ = facebook({"/555000111_1/comments": listed(ours)})
    found = connector.find_reply(LINKED, answer_to(target("555000111_2", thread="555000111_1")))
    assert found is not None


def test_our_private_message_is_found_by_key_or_by_words() -> None:
    keyed = said("m_5", "as they changed it", US) | {"metadata": "hb-key-1"}
    for message in (keyed, said("m_5", "Thank you.", US)):
        connector, provider = facebook({TALKS: listed(talk(said("m_4", "Thank you.", {"id": "psid-9"}), message))})
        found = connector.find_reply(LINKED, answer_to(target("m_1", private=True, psid="psid-9")))
        assert found is not None
        assert found.remote_id == "m_5"
        assert provider.asked[0].url.params["user_id"] == "psid-9"


def test_a_private_answer_that_was_given_already_is_ours_or_refused_and_never_doubled() -> None:
    refused = {f"POST /{PAGE}/messages": error(10900)}
    there = {"id": "1", "private_reply_conversation": talk(said("m_5", "Thank you.", US))}
    connector, _ = facebook(refused | {"/555000111_777": there})
    assert connector.reply(LINKED, answer_to(target(), "private")).remote_id == "m_5"
    connector, _ = facebook(refused, {"id": "1"})
    with pytest.raises(Rejected, match="already"):
        connector.reply(LINKED, answer_to(target(), "private"))


def test_a_comment_that_is_gone_is_said_when_its_answer_is_looked_for() -> None:
    connector, _ = facebook({}, error(100, 33))
    with pytest.raises(Gone):
        connector.find_reply(LINKED, answer_to(target()))


def test_a_timeout_is_an_unknown_outcome() -> None:
    connector, _ = facebook({}, httpx.ReadTimeout("late"))
    with pytest.raises(Unavailable):
        connector.reply(LINKED, reply_to("555000111_777"))
