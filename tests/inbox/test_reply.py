"""Answering: drafts that are kept, publishing with its states, and refusals that lose no word."""

import re
from uuid import UUID

import pytest

from healthberry.connectors.base import Author
from healthberry.core import drafts, scope, sending
from healthberry.core.drafts import LONGEST
from healthberry.extensions import db
from healthberry.models.replies import Reply
from healthberry.realtime import presence
from tests.inbox.conftest import Desk
from tests.world import moments_ago


@pytest.fixture
def post(desk: Desk) -> UUID:
    """A post that mentions the organisation on X, where answers go out by API."""
    (made,) = desk.world.arrives(
        desk.x,
        desk.world.item(
            "Five hours in A&E.", thread_id="p1", remote_id="p1", ratings=(), author=Author("s", "@samwrites")
        ),
    )
    return made


@pytest.fixture
def story(desk: Desk) -> UUID:
    """A story on Care Opinion, where a person answers on the site."""
    (made,) = desk.world.arrives(
        desk.careopinion,
        desk.world.item("Mum was moved.", title="Moved", remote_id="c1", thread_id="c1", url="https://co.example/1"),
    )
    return made


def version(desk: Desk, conversation_id: UUID) -> str:
    return str(desk.conversation(conversation_id).version)


def draft_text(desk: Desk, conversation_id: UUID) -> str:
    desk.conversation(conversation_id)
    found = drafts.find(desk.member, conversation_id)
    return found.text if found else ""


def replies(desk: Desk) -> list[Reply]:
    scope.enter(desk.organisation.id)
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(db.select(Reply).order_by(Reply.queued_at)))


def typed(html: str) -> str:
    """Return what stands in the reply's field."""
    found = re.search(r'<textarea id="text".*?>(.*?)</textarea>', html, re.DOTALL)
    assert found is not None
    return found[1]


def test_a_draft_is_kept_while_one_types_and_stands_there_after_a_reload(desk: Desk, post: UUID) -> None:
    path = f"/conversations/{post}"
    answer = desk.send(f"{path}/draft", shown=path, text="Thank you.\r\n\r\nWe are sorry.", version="1")
    assert answer.status_code == 200
    assert "Saved just now" in answer.text
    assert typed(desk.get(path).text) == "Thank you.\n\nWe are sorry."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x" * 280, "280 of 280"),
        ("https://example.org/" + "x" * 200, "23 of 280"),
        ("😀" * 3, "6 of 280"),
        ("x" * 292, "12 too many: X takes up to 280"),
    ],
)
def test_the_length_is_counted_as_x_counts_it(desk: Desk, post: UUID, text: str, words: str) -> None:
    path = f"/conversations/{post}"
    assert words in desk.send(f"{path}/draft", shown=path, text=text, version="1").text
    assert words in desk.get(path).text


def test_an_emptied_draft_is_gone(desk: Desk, post: UUID) -> None:
    path = f"/conversations/{post}/draft"
    desk.send(path, text="Thank you.", version="1")
    assert draft_text(desk, post) == "Thank you."
    assert desk.send(path, text=" \x00\n", version="1").status_code == 303
    assert draft_text(desk, post) == ""


def test_a_page_that_is_left_saves_without_waiting_for_words(desk: Desk, post: UUID) -> None:
    path = f"/conversations/{post}/draft"
    answer = desk.client.post(path, data={"text": "Last words", "version": "1"}, headers={"X-Leaving": "true"})
    assert answer.status_code == 204
    assert draft_text(desk, post) == "Last words"


def test_a_draft_that_is_too_long_to_keep_is_refused_in_words(desk: Desk, post: UUID) -> None:
    path = f"/conversations/{post}"
    answer = desk.send(f"{path}/draft", shown=path, text="x" * (LONGEST + 1), version="1")
    assert answer.status_code == 422
    assert "too long to keep" in answer.text


def test_nobody_sees_the_draft_of_somebody_else(desk: Desk, post: UUID) -> None:
    desk.send(f"/conversations/{post}/draft", text="My own words", version="1")
    dawn = desk.as_(desk.world.member(desk.organisation))
    assert "My own words" not in dawn.get(f"/conversations/{post}").text


def test_colleagues_are_told_that_somebody_is_writing(desk: Desk, post: UUID) -> None:
    desk.send(f"/conversations/{post}/draft", text="Thank", version="1")
    (present,) = presence.at(desk.organisation.id, post)
    assert (present.name, present.writing) == ("Priya Kaur", True)
    desk.send(f"/conversations/{post}/reply", text="Thank you.", version=version(desk, post))
    assert not any(one.writing for one in presence.at(desk.organisation.id, post))


def test_a_reply_goes_on_its_way_and_the_composer_is_empty(desk: Desk, post: UUID) -> None:
    path = f"/conversations/{post}"
    desk.send(f"{path}/draft", text="Thank you.", version="1")
    answer = desk.send(f"{path}/reply", shown=path, text="Thank you.", version=version(desk, post))
    assert answer.status_code == 200
    assert typed(answer.text) == ""
    assert 'data-state="queued" data-busy' in answer.text
    assert "On its way to X" in answer.text
    (reply,) = replies(desk)
    assert (reply.state, reply.text) == ("queued", "Thank you.")
    assert draft_text(desk, post) == ""


def test_a_plain_form_publishes_too(desk: Desk, post: UUID) -> None:
    answer = desk.send(f"/conversations/{post}/reply?channel=x", text="Thank you.", version=version(desk, post))
    assert answer.status_code == 303
    assert answer.location == f"/conversations/{post}?channel=x"
    assert "Your reply is on its way." in desk.get(answer.location).text


@pytest.mark.parametrize("scripted", [True, False])
def test_a_thread_that_moved_on_is_shown_first_and_the_words_are_kept(desk: Desk, post: UUID, scripted: bool) -> None:
    path = f"/conversations/{post}"
    before = version(desk, post)
    seen = moments_ago(seconds=0).isoformat()
    later = desk.world.item(
        "Now it is seven hours.", thread_id="p1", in_reply_to="p1", posted_at=moments_ago(seconds=0), ratings=()
    )
    desk.world.arrives(desk.x, later)
    form = {"text": "We are sorry.", "version": before, "seen": seen}
    answer = desk.send(f"{path}/reply", shown=path if scripted else None, **form)
    assert answer.status_code == 409
    news = answer.text[answer.text.index('id="news"') : answer.text.index("<textarea")]
    assert "Now it is seven hours." in news
    assert "Five hours" not in news
    assert typed(answer.text) == "We are sorry."
    assert "Publish anyway, I have read it" in answer.text
    assert replies(desk) == []
    assert draft_text(desk, post) == "We are sorry."
    shown_version = re.search(r'name="version" value="(\d+)"', answer.text)
    assert shown_version is not None
    assert shown_version[1] == version(desk, post) != before
    again = desk.send(f"{path}/reply", shown=path, text="We are sorry.", version=shown_version[1])
    assert again.status_code == 200
    assert len(replies(desk)) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [(" \n", "Write your reply first."), ("x" * 300, "Take out 20."), ("\x00", "Write your reply first.")],
)
def test_a_reply_that_cannot_go_out_says_why_and_keeps_its_words(desk: Desk, post: UUID, text: str, words: str) -> None:
    path = f"/conversations/{post}"
    for shown in (None, path):
        answer = desk.send(f"{path}/reply", shown=shown, text=text, version=version(desk, post))
        assert answer.status_code == 422
        assert words in answer.text
        assert typed(answer.text).strip() == text.replace("\x00", "").strip()
    assert replies(desk) == []


@pytest.mark.parametrize("stale", ["", "many", "-5", "9" * 400])
def test_a_form_without_a_sensible_version_publishes_nothing(desk: Desk, post: UUID, stale: str) -> None:
    answer = desk.send(f"/conversations/{post}/reply", text="Thank you.", version=stale, seen="yesterday")
    assert answer.status_code == 409
    assert replies(desk) == []


def test_a_second_reply_waits_for_the_first(desk: Desk, post: UUID) -> None:
    path = f"/conversations/{post}"
    desk.send(f"{path}/reply", text="First.", version=version(desk, post))
    answer = desk.send(f"{path}/reply", shown=path, text="Second.", version=version(desk, post))
    assert answer.status_code == 409
    assert typed(answer.text) == "Second."
    assert [one.text for one in replies(desk)] == ["First."]


def test_a_mailbox_alone_writes_drafts_and_is_told_the_next_step(desk: Desk, post: UUID) -> None:
    newcomer = desk.as_(desk.world.member(desk.organisation, level=1))
    path = f"/conversations/{post}"
    assert "Saved just now" in newcomer.send(f"{path}/draft", shown=path, text="My draft", version="1").text
    html = newcomer.get(path).text
    assert typed(html) == "My draft"
    assert 'type="submit" disabled aria-describedby="why-not"' in html
    assert "approve you" in html
    answer = newcomer.send(f"{path}/reply", shown=path, text="My draft", version=version(desk, post))
    assert answer.status_code == 403
    assert typed(answer.text) == "My draft"
    assert replies(desk) == []


def test_a_site_that_takes_answers_only_there_gets_them_by_hand_in_two_steps(desk: Desk, story: UUID) -> None:
    path = f"/conversations/{story}"
    page = desk.get(path).text
    assert "Copy and open Care Opinion" in page
    assert 'data-assisted="https://co.example/1"' in page
    answer = desk.send(f"{path}/reply", shown=path, text="Dear author.", version=version(desk, story))
    assert 'data-state="written" data-busy' in answer.text
    assert 'href="https://co.example/1" target="_blank" rel="noopener noreferrer"' in answer.text
    (reply,) = replies(desk)
    answer = desk.send(f"/replies/{reply.id}/copied", shown=path)
    assert "We look for it on Care Opinion and show it here." in answer.text
    assert replies(desk)[0].state == "copied"
    answer = desk.send(f"/replies/{reply.id}/take-back", shown=path)
    assert typed(answer.text) == "Dear author."
    assert 'data-state="none"' in answer.text


def test_a_failure_says_why_puts_the_text_back_and_can_be_tried_again(desk: Desk, post: UUID) -> None:
    path = f"/conversations/{post}"
    desk.send(f"{path}/reply", text="Thank you.", version=version(desk, post))
    (reply,) = replies(desk)
    sending.mark_failed(reply, "X refused this: the author allows no replies.")
    db.session.commit()
    html = desk.get(path).text
    assert "X refused this: the author allows no replies." in html
    assert typed(html) == "Thank you."
    answer = desk.send(f"/replies/{reply.id}/retry", shown=path)
    assert 'data-state="queued"' in answer.text
    assert typed(answer.text) == ""
    assert replies(desk)[0].state == "queued"


def test_an_unknown_outcome_is_said_and_nothing_else_can_be_sent(desk: Desk, post: UUID) -> None:
    path = f"/conversations/{post}"
    desk.send(f"{path}/reply", text="Thank you.", version=version(desk, post))
    (reply,) = replies(desk)
    reply.state = "unknown"
    db.session.commit()
    assert "X did not answer: finding out whether it went out." in desk.get(path).text
    assert desk.send(f"/replies/{reply.id}/retry").status_code == 409
    assert desk.send(f"/replies/{reply.id}/take-back").status_code == 409


def test_what_cannot_be_answered_says_why_and_leads_to_the_site(desk: Desk) -> None:
    closed = desk.world.item("Hi", may_not_reply="The author allows no replies.", url="https://x.example/1", ratings=())
    (one,) = desk.world.arrives(desk.x, closed)
    html = desk.get(f"/conversations/{one}").text
    assert "The author allows no replies." in html
    assert '<textarea id="text"' not in html
    assert 'href="https://x.example/1"' in html
    answer = desk.send(f"/conversations/{one}/reply", text="Hello", version=version(desk, one))
    assert answer.status_code == 403


def test_an_account_that_nobody_signed_in_to_can_be_connected_from_here(desk: Desk, post: UUID) -> None:
    desk.x.sealed_secrets, desk.x.account = None, None
    db.session.commit()
    path = f"/conversations/{post}"
    html = desk.get(path).text
    assert "Connect @city to publish from here" in html
    assert f"/channels/{desk.x.id}/connect" in html


@pytest.mark.parametrize("act", ["retry", "take-back", "copied", "confirm"])
def test_another_organisations_reply_is_not_there(desk: Desk, post: UUID, act: str) -> None:
    desk.send(f"/conversations/{post}/reply", text="Thank you.", version=version(desk, post))
    (reply,) = replies(desk)
    stranger = desk.as_(desk.world.member(desk.world.organisation()))
    assert stranger.send(f"/replies/{reply.id}/{act}").status_code == 404
    assert replies(desk)[0].state == "queued"


def test_a_form_without_its_proof_is_refused_in_words(desk: Desk, post: UUID) -> None:
    desk.client.application.config["WTF_CSRF_ENABLED"] = True
    answer = desk.send(f"/conversations/{post}/reply", text="Thank you.", version=version(desk, post))
    assert answer.status_code == 400
    assert "reload it and try again" in answer.text
    assert replies(desk) == []
