"""A reply that did not go out: no word is lost, and nothing is said twice."""

import re
from uuid import UUID

import pytest

from healthberry.core import drafts, scope, sending
from healthberry.core.drafts import LONGEST
from healthberry.extensions import db
from healthberry.models.replies import Reply
from tests.inbox.conftest import Desk
from tests.world import moments_ago


@pytest.fixture
def post(desk: Desk) -> UUID:
    """A post on X that has had an answer which did not go out."""
    (made,) = desk.world.arrives(desk.x, desk.world.item("Five hours in A&E.", thread_id="p1", remote_id="p1"))
    desk.send(f"/conversations/{made}/reply", text="Thank you.", version=str(desk.conversation(made).version))
    sending.mark_failed(the_reply(desk), "X refused this.")
    db.session.commit()
    return made


def the_reply(desk: Desk) -> Reply:
    scope.enter(desk.organisation.id)
    db.session.rollback()
    db.session.expire_all()
    reply: Reply = db.session.scalars(db.select(Reply).order_by(Reply.queued_at.desc()).limit(1)).one()
    return reply


def typed(html: str) -> str:
    """Return what stands in the reply's field."""
    found = re.search(r'<textarea id="text".*?>(.*?)</textarea>', html, re.DOTALL)
    assert found is not None
    return found[1]


def draft(desk: Desk, conversation_id: UUID) -> str:
    desk.conversation(conversation_id)
    found = drafts.find(desk.member, conversation_id)
    return found.text if found else ""


@pytest.mark.parametrize("scripted", [True, False])
def test_trying_again_shows_first_what_came_in_since(desk: Desk, post: UUID, scripted: bool) -> None:
    path = f"/conversations/{post}"
    later = desk.world.item("Now it is seven.", thread_id="p1", in_reply_to="p1", posted_at=moments_ago(seconds=0))
    desk.world.arrives(desk.x, later)

    answer = desk.send(f"/replies/{the_reply(desk).id}/retry", shown=path if scripted else None)

    assert answer.status_code == 409
    assert "Now it is seven." in answer.text[answer.text.index('id="news"') : answer.text.index("<textarea")]
    assert typed(answer.text) == "Thank you."
    assert the_reply(desk).state == "failed"
    version = str(desk.conversation(post).version)
    assert desk.send(f"{path}/reply", shown=path, text="Thank you.", version=version).status_code == 200
    assert the_reply(desk).state == "queued"


def test_trying_again_leaves_other_words_that_one_has_begun(desk: Desk, post: UUID) -> None:
    desk.send(f"/conversations/{post}/draft", text="Thank you, Sam.", version="1")

    answer = desk.send(f"/replies/{the_reply(desk).id}/retry", shown=f"/conversations/{post}")

    assert the_reply(desk).state == "queued"
    assert typed(answer.text) == draft(desk, post) == "Thank you, Sam."


def test_a_failure_leaves_other_words_that_one_has_begun(desk: Desk, post: UUID) -> None:
    desk.send(f"/replies/{the_reply(desk).id}/retry")
    desk.send(f"/conversations/{post}/draft", text="Another start.", version="1")

    sending.mark_failed(the_reply(desk), "X refused this.")
    db.session.commit()

    assert draft(desk, post) == "Another start."
    assert "Thank you." in desk.get(f"/conversations/{post}").text


def test_a_text_that_is_put_back_stands_below_what_one_has_begun(desk: Desk, post: UUID) -> None:
    desk.send(f"/conversations/{post}/draft", text="Another start.", version="1")

    answer = desk.send(f"/replies/{the_reply(desk).id}/take-back", shown=f"/conversations/{post}")

    assert typed(answer.text) == "Another start.\n\nThank you."
    assert the_reply(desk).state == "cancelled"


def test_a_few_letters_that_the_text_happens_to_hold_are_not_taken_for_it(desk: Desk, post: UUID) -> None:
    desk.send(f"/conversations/{post}/draft", text="you", version="1")
    answer = desk.send(f"/replies/{the_reply(desk).id}/take-back", shown=f"/conversations/{post}")
    assert typed(answer.text) == "you\n\nThank you."


def test_a_text_that_is_there_already_is_not_put_back_twice(desk: Desk, post: UUID) -> None:
    answer = desk.send(f"/replies/{the_reply(desk).id}/take-back", shown=f"/conversations/{post}")
    assert typed(answer.text) == "Thank you."


def test_an_answer_that_somebody_gave_on_the_site_ends_it(desk: Desk, post: UUID) -> None:
    reply = the_reply(desk)
    by_hand = desk.world.item("Thank you!", thread_id="p1", direction="outbound", posted_at=moments_ago(seconds=0))
    desk.world.arrives(desk.x, by_hand)

    assert "This did not go out." not in desk.get(f"/conversations/{post}").text
    assert desk.send(f"/replies/{reply.id}/retry").status_code == 409
    assert the_reply(desk).state == "failed"


def test_nothing_is_tried_again_on_a_channel_that_was_switched_off(desk: Desk, post: UUID) -> None:
    desk.x.state = "off"
    db.session.commit()

    answer = desk.send(f"/replies/{the_reply(desk).id}/retry", shown=f"/conversations/{post}")

    assert answer.status_code == 403
    assert "This channel is switched off." in answer.text
    assert the_reply(desk).state == "failed"


def test_a_draft_of_the_greatest_length_survives_it(desk: Desk, post: UUID) -> None:
    desk.send(f"/conversations/{post}/draft", text="x" * LONGEST, version="1")
    assert desk.send(f"/replies/{the_reply(desk).id}/take-back").status_code == 303
    assert draft(desk, post) == "x" * LONGEST + "\n\nThank you."
