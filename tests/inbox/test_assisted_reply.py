"""An answer that a person puts on the site: found there however it was changed, and never a dead end."""

from datetime import timedelta
from uuid import UUID

import pytest

from healthberry.connectors.base import SentReply
from healthberry.core import scope, sending
from healthberry.core.sweep import due_work
from healthberry.extensions import db
from healthberry.models.conversations import Message
from healthberry.models.owned import now
from healthberry.models.replies import Reply
from tests.inbox.conftest import Desk
from tests.world import moments_ago


@pytest.fixture
def story(desk: Desk) -> UUID:
    """A story on Care Opinion with a written answer."""
    (made,) = desk.world.arrives(desk.careopinion, desk.world.item("Mum was moved.", remote_id="c1", thread_id="c1"))
    desk.send(f"/conversations/{made}/reply", text="Dear author.", version=str(desk.conversation(made).version))
    return made


def the_reply(desk: Desk) -> Reply:
    scope.enter(desk.organisation.id)
    db.session.rollback()
    db.session.expire_all()
    reply: Reply = db.session.scalars(db.select(Reply)).one()
    return reply


def test_a_text_that_nobody_said_to_have_copied_is_looked_for_too(desk: Desk, story: UUID) -> None:
    reply = the_reply(desk)
    assert reply.state == "written"
    assert ("reply", str(desk.organisation.id), str(reply.id)) in due_work()
    claimed = sending.claim(desk.organisation.id, reply.id)
    assert claimed is not None
    assert claimed[1] == "confirm"


def test_an_answer_that_its_moderators_rewrote_is_ours_when_a_person_says_so(desk: Desk, story: UUID) -> None:
    path = f"/conversations/{story}"
    assert "Is it this one?" not in desk.get(path).text
    assert desk.send(f"/replies/{the_reply(desk).id}/confirm").status_code == 409
    rewritten = desk.world.item("Hello there!", thread_id="c1", remote_id="a1", direction="outbound", ratings=())
    desk.world.arrives(desk.careopinion, rewritten)

    assert "Is it this one?" in desk.get(path).text
    answer = desk.send(f"/replies/{the_reply(desk).id}/confirm", shown=path)

    assert 'data-state="none"' in answer.text
    reply = the_reply(desk)
    assert (reply.state, reply.remote_id) == ("sent", "a1")
    message = db.session.scalars(db.select(Message).filter_by(remote_id="a1")).one()
    assert (message.member_id, message.text) == (desk.member.id, "Hello there!")
    assert desk.conversation(story).closed_reason == "answered"


def test_an_answer_that_could_not_be_found_can_be_copied_again(desk: Desk, story: UUID) -> None:
    sending.mark_failed(the_reply(desk), "We could not find your reply on the site.")
    db.session.commit()

    answer = desk.send(f"/replies/{the_reply(desk).id}/retry", shown=f"/conversations/{story}")

    assert 'data-state="written"' in answer.text
    assert the_reply(desk).state == "written"


def test_an_answer_that_moderators_hold_is_followed_until_it_shows(desk: Desk, story: UUID) -> None:
    sending.mark_sent(the_reply(desk), SentReply("a1", None, "pending"))
    db.session.commit()
    path = f"/conversations/{story}"
    assert "will show it once its moderators have looked" in desk.get(path).text
    reply = the_reply(desk)
    reply.next_attempt_at = moments_ago(seconds=1)
    db.session.commit()
    assert ("reply", str(desk.organisation.id), str(reply.id)) in due_work()
    claimed = sending.claim(desk.organisation.id, reply.id)
    assert claimed is not None
    assert claimed[1] == "settle"

    sending.settle(reply, SentReply("a1", "https://co.example/1", "live"))
    db.session.commit()

    assert 'data-state="none"' in desk.get(path).text
    assert not the_reply(desk).pending


def test_an_answer_that_never_showed_is_said_to_have_failed(desk: Desk, story: UUID) -> None:
    reply = the_reply(desk)
    sending.mark_sent(reply, SentReply("a1", None, "pending"))
    sending.settle(reply, None)
    assert reply.pending
    reply.sent_at = now() - timedelta(days=15)
    sending.settle(reply, None)
    db.session.commit()

    html = desk.get(f"/conversations/{story}").text
    assert "its moderators may have refused it" in html
    assert desk.conversation(story).status == "open"
    assert db.session.scalars(db.select(Message).filter_by(direction="outbound")).all() == []


def test_an_answer_that_is_held_for_long_is_neither_failed_nor_forgotten(desk: Desk, story: UUID) -> None:
    reply = the_reply(desk)
    sending.mark_sent(reply, SentReply("a1", None, "pending"))
    reply.sent_at = reply.attempted_at = now() - timedelta(days=40)

    sending.settle(reply, SentReply("a1", None, "pending"))

    assert (reply.state, reply.pending) == ("sent", True)
    assert reply.next_attempt_at > now()


def test_an_answer_that_is_held_to_what_was_taken_down_is_over(desk: Desk, story: UUID) -> None:
    reply = the_reply(desk)
    sending.mark_sent(reply, SentReply("a1", None, "pending"))

    sending.mark_gone(reply, "Care Opinion no longer shows this story.")
    db.session.commit()

    assert (reply.state, reply.pending) == ("sent", False)
    assert 'data-state="none"' in desk.get(f"/conversations/{story}").text
    assert ("reply", str(desk.organisation.id), str(reply.id)) not in due_work()


def test_an_answer_that_the_site_showed_first_closes_its_conversation_once(desk: Desk, story: UUID) -> None:
    ours = desk.world.item("Dear author.", thread_id="c1", remote_id="a1", direction="outbound", ratings=())
    desk.world.arrives(desk.careopinion, ours)

    sending.mark_sent(the_reply(desk), SentReply("a1", None))
    db.session.commit()

    assert desk.get(f"/conversations/{story}").text.count("Closed by itself") == 1
