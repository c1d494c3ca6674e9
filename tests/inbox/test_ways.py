"""Several ways to answer one message: chosen in the composer, kept with the draft, and never swapped on the way."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from healthberry.blueprints.moments import time_left
from healthberry.core import drafts, scope, sending
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Message
from healthberry.models.replies import Reply
from tests.inbox.conftest import Desk
from tests.world import moments_ago


@pytest.fixture
def page(app: Flask, desk: Desk) -> Channel:
    """A linked Facebook Page whose private messages are read."""
    sealed = app.extensions["vault"].seal({"access_token": "token", "account_id": "1", "account": "City"})
    config = {"page_id": "1", "name": "City", "messages": "yes"}
    return desk.world.channel(desk.organisation, "facebook", remote_id="1", config=config, sealed_secrets=sealed)


@pytest.fixture
def comment(desk: Desk, page: Channel) -> UUID:
    """A comment that can be answered publicly, and in private too."""
    return arrives(desk, page, source={"can_reply_privately": True})


def arrives(desk: Desk, page: Channel, **fields: Any) -> UUID:
    item = desk.world.item("Parking is awful.", remote_id="c1", thread_id="c1", ratings=(), **fields)
    (made,) = desk.world.arrives(page, item)
    return made


def send(desk: Desk, conversation_id: UUID, act: str = "reply", **form: str) -> Any:
    path = f"/conversations/{conversation_id}"
    fields = {"text": "Thank you.", "version": str(desk.conversation(conversation_id).version), **form}
    return desk.send(f"{path}/{act}", shown=path, **fields)


def replies(desk: Desk) -> list[Reply]:
    scope.enter(desk.organisation.id)
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(db.select(Reply).order_by(Reply.queued_at)))


def chosen(html: str) -> str:
    """Return the way that is ticked."""
    (ticked,) = [tag for tag in re.findall(r'<input[^>]*name="way"[^>]*>', html) if "checked" in tag]
    found = re.search(r'value="([^"]*)"', ticked)
    assert found is not None
    return found[1]


def test_the_composer_offers_the_ways_and_the_usual_one_is_chosen(desk: Desk, comment: UUID) -> None:
    html = desk.get(f"/conversations/{comment}").text
    assert "How to answer" in html
    assert "Only this person sees it" in html
    assert "Reply on Facebook" in html
    assert chosen(html) == "public"


@pytest.mark.parametrize(
    ("form", "way"), [({"way": "private"}, "private"), ({"way": "public"}, "public"), ({}, "public")]
)
def test_the_chosen_way_goes_with_the_reply(desk: Desk, comment: UUID, form: dict[str, str], way: str) -> None:
    assert send(desk, comment, **form).status_code == 200
    (reply,) = replies(desk)
    assert reply.way == way
    assert sending.outgoing(reply).way == way


@pytest.mark.parametrize("way", ["carrier pigeon", "message", "x" * 5000])
def test_a_way_that_is_not_open_is_refused_and_no_word_is_lost(desk: Desk, comment: UUID, way: str) -> None:
    answer = send(desk, comment, way=way)
    assert answer.status_code == 422
    assert "Choose again how to answer" in answer.text
    assert "Thank you." in answer.text
    assert replies(desk) == []


def test_what_was_meant_to_be_private_does_not_become_public_once_the_time_is_over(desk: Desk, comment: UUID) -> None:
    send(desk, comment, way="private")
    sending.mark_failed(replies(desk)[0], "Facebook did not take it.")
    db.session.commit()
    old = {"posted_at": moments_ago(days=8)}
    db.session.execute(db.update(Message).where(Message.conversation_id == comment).values(**old))
    db.session.commit()

    answer = desk.send(f"/replies/{replies(desk)[0].id}/retry", shown=f"/conversations/{comment}")

    assert answer.status_code == 422
    assert "Choose again" in answer.text
    assert [(one.state, one.way) for one in replies(desk)] == [("failed", "private")]


def test_the_way_is_kept_with_the_draft_and_after_a_failure(desk: Desk, comment: UUID) -> None:
    send(desk, comment, "draft", way="private")
    assert chosen(desk.get(f"/conversations/{comment}").text) == "private"
    send(desk, comment, way="private")
    sending.mark_failed(replies(desk)[0], "Facebook did not take it.")
    db.session.commit()
    assert chosen(desk.get(f"/conversations/{comment}").text) == "private"
    desk.send(f"/replies/{replies(desk)[0].id}/take-back")
    scope.enter(desk.organisation.id)
    kept = drafts.find(desk.member, comment)
    assert kept is not None
    assert kept.way == "private"


def test_an_answer_that_the_thread_overtook_keeps_its_way(desk: Desk, comment: UUID) -> None:
    answer = send(desk, comment, way="private", version="0")
    assert answer.status_code == 409
    assert chosen(answer.text) == "private"


def test_one_way_alone_is_no_choice_but_says_who_will_see_it(desk: Desk, page: Channel) -> None:
    conversation_id = arrives(desk, page, source={})
    html = desk.get(f"/conversations/{conversation_id}").text
    assert "How to answer" not in html
    assert "Everybody who sees this on Facebook sees your answer." in html


def test_a_private_message_says_until_when_it_can_be_answered(desk: Desk, page: Channel) -> None:
    posted_at = moments_ago(hours=20, minutes=30)
    conversation_id = arrives(desk, page, source={"private": True, "psid": "9"}, posted_at=posted_at)
    html = desk.get(f"/conversations/{conversation_id}").text
    assert "Can be answered until" in html
    assert "3 hours left" in html
    assert "Only this person sees it" in html
    send(desk, conversation_id, way="message")
    assert [one.way for one in replies(desk)] == ["message"]


def test_a_private_message_whose_time_is_over_says_why_it_cannot_be_answered(desk: Desk, page: Channel) -> None:
    source = {"private": True, "psid": "9"}
    conversation_id = arrives(desk, page, source=source, posted_at=moments_ago(hours=25))
    html = desk.get(f"/conversations/{conversation_id}").text
    assert "within 24 hours" in html
    assert 'id="reply-form"' not in html


def test_channels_without_a_choice_show_none(desk: Desk) -> None:
    (made,) = desk.world.arrives(desk.x, desk.world.item("Hello.", remote_id="p1", thread_id="p1", ratings=()))
    assert 'name="way"' not in desk.get(f"/conversations/{made}").text


@pytest.mark.parametrize(
    ("left", "words"),
    [
        ({"days": 2, "hours": 23}, "2 days"),
        ({"hours": 1, "minutes": 59}, "1 hour"),
        ({"minutes": 40}, "40 minutes"),
        ({"seconds": 20}, "less than a minute"),
        ({"seconds": -20}, "less than a minute"),
    ],
)
def test_what_is_left_is_never_said_to_be_more_than_it_is(left: dict[str, float], words: str) -> None:
    now = datetime(2027, 5, 3, tzinfo=UTC)
    assert time_left(now + timedelta(**left), now) == words
