"""Public replies are looked through before they go out: what is found stops them, and who may let it stand says why."""

import re
from html import unescape
from typing import Any
from uuid import UUID

import pytest

from healthberry.connectors.base import Author
from healthberry.core import drafts, scope, sending
from healthberry.extensions import db
from healthberry.models.activities import Activity
from healthberry.models.organisations import Organisation
from healthberry.models.replies import Reply
from tests.inbox.conftest import Desk

TELLING = "Sorry! Ring me on 07700 900123 about your operation."
HARMLESS = "Thank you. Please ring our switchboard on 0113 496 0100."


@pytest.fixture
def post(desk: Desk) -> UUID:
    """A post on X, where answers go out by API and everybody reads them."""
    author = Author("s", "@samwrites")
    (made,) = desk.world.arrives(
        desk.x, desk.world.item("Five hours.", thread_id="p1", remote_id="p1", ratings=(), author=author)
    )
    return made


@pytest.fixture
def responder(desk: Desk) -> Desk:
    """A colleague who publishes, and may not let anything stand."""
    return desk.as_(desk.world.member(desk.organisation, role="responder", name="Dawn Osei"))


def publish(desk: Desk, conversation_id: UUID, text: str, scripted: bool = True, **more: str) -> Any:
    path = f"/conversations/{conversation_id}"
    version = str(desk.conversation(conversation_id).version)
    shown = path if scripted else None
    return desk.send(f"{path}/reply", shown=shown, **{"text": text, "version": version, **more})


def replies(desk: Desk) -> list[Reply]:
    scope.enter(desk.organisation.id)
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(db.select(Reply).order_by(Reply.queued_at)))


def overridden(desk: Desk) -> list[Activity]:
    scope.enter(desk.organisation.id)
    return list(db.session.scalars(db.select(Activity).filter_by(kind="guard_overridden")))


def button(html: str) -> str:
    """Return the value of the button that publishes all the same."""
    found = re.search(r'name="let_stand" value="(\w+)"', html)
    assert found is not None
    return found[1]


def typed(html: str) -> str:
    found = re.search(r'<textarea id="text".*?>(.*?)</textarea>', html, re.DOTALL)
    assert found is not None
    return unescape(found[1])


@pytest.mark.parametrize("scripted", [True, False])
def test_what_was_found_is_marked_in_place_listed_and_explained_and_the_text_is_kept(
    desk: Desk, post: UUID, scripted: bool
) -> None:
    answer = publish(desk, post, TELLING, scripted)

    assert answer.status_code == 422
    assert replies(desk) == []
    assert "This was not published." in answer.text
    marks = re.findall(r'<mark id="found-(\d)" tabindex="-1">(.*?)</mark>', answer.text)
    said = '<span class="nhsuk-u-visually-hidden">'
    assert [(number, marked.split("</span>")[1].split("<span")[0]) for number, marked in marks] == [
        ("1", "07700 900123"),
        ("2", "your operation"),
    ]
    assert f"{said}[telephone number: </span>07700 900123{said}]</span>" in answer.text
    assert '<a href="#found-1"' in answer.text
    assert "Strangers could ring whoever it belongs to." in answer.text
    assert "Even if they said so themselves, we may not confirm it." in answer.text
    assert typed(answer.text) == TELLING
    desk.conversation(post)
    draft = drafts.find(desk.member, post)
    assert draft is not None
    assert draft.text == TELLING


def test_the_corrected_text_goes_out(desk: Desk, post: UUID) -> None:
    assert publish(desk, post, TELLING).status_code == 422
    answer = publish(desk, post, "Sorry! Please ring our PALS team on 0113 496 0155.")
    assert answer.status_code == 200
    assert [one.let_stand for one in replies(desk)] == [[]]
    assert overridden(desk) == []


def test_an_administrator_publishes_all_the_same_with_a_reason_that_stays_in_the_history(
    desk: Desk, post: UUID
) -> None:
    seen = button(publish(desk, post, TELLING).text)

    answer = publish(
        desk, post, TELLING, let_stand=seen, let_stand_reason=" The number is\r\nthe charity's <b>own</b>. "
    )

    assert answer.status_code == 200
    (reply,) = replies(desk)
    assert (reply.text, reply.state, reply.let_stand) == (TELLING, "queued", ["patient", "phone"])
    (activity,) = overridden(desk)
    assert (activity.member_id, activity.conversation_id) == (desk.member.id, post)
    assert activity.details == {"kinds": ["patient", "phone"], "reason": "The number is the charity's <b>own</b>."}
    page = desk.get(f"/conversations/{post}").text
    assert "Priya Kaur published a reply all the same, although this was found in it: " in page
    assert "confirmation that somebody is a patient, telephone number" in page
    assert "The number is the charity&#39;s &lt;b&gt;own&lt;/b&gt;." in page


def test_an_approver_publishes_all_the_same_too_and_manages_nothing(desk: Desk, post: UUID) -> None:
    approver = desk.as_(desk.world.member(desk.organisation, role="approver", name="Abe Prove"))
    seen = button(publish(approver, post, TELLING).text)

    assert publish(approver, post, TELLING, let_stand=seen, let_stand_reason="The charity's own.").status_code == 200

    assert [one.text for one in replies(desk)] == [TELLING]
    assert [one.member_id for one in overridden(desk)] == [approver.member.id]
    assert approver.send(f"/conversations/{post}/close", reason="no_reply_needed").status_code == 303
    assert approver.get("/settings/audit").status_code == 403
    assert approver.get(f"/conversations/{post}/erase").status_code == 403


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("", "Say why"),
        (" no ", "Say why"),
        ("x" * 301, "up to 300"),
        ("Agreed with Mrs Jones yesterday", "without names"),
        ("She is on 07700 900123 anyway", "without names"),
    ],
)
def test_a_reason_is_needed_and_must_not_tell_what_was_found(desk: Desk, post: UUID, reason: str, words: str) -> None:
    seen = button(publish(desk, post, TELLING).text)
    answer = publish(desk, post, TELLING, let_stand=seen, let_stand_reason=reason)
    assert answer.status_code == 422
    assert words in answer.text
    assert '<details class="guarded__all-the-same" open>' in answer.text
    assert button(answer.text) == seen
    assert typed(answer.text) == TELLING
    assert (replies(desk), overridden(desk)) == ([], [])


def test_only_what_somebody_looked_at_is_let_stand(desk: Desk, post: UUID) -> None:
    seen = button(publish(desk, post, TELLING).text)
    other = TELLING + " Or write to jane.doe84@gmail.com."

    answer = publish(desk, post, other, let_stand=seen, let_stand_reason="It is our own number.")

    assert answer.status_code == 422
    assert "Something else was found than what you looked at." in answer.text
    assert "jane.doe84@gmail.com</a>" in answer.text.replace("</bdi>”", "")
    assert replies(desk) == []
    again = publish(desk, post, other, let_stand=button(answer.text), let_stand_reason="It is our own number.")
    assert again.status_code == 200


def test_a_responder_can_not_let_anything_stand_even_with_a_forged_form(
    responder: Desk, post: UUID, desk: Desk
) -> None:
    answer = publish(responder, post, TELLING)
    assert answer.status_code == 422
    assert 'name="let_stand"' not in answer.text
    assert "An approver or administrator of your organisation can publish it all the same" in answer.text
    seen = button(publish(desk, post, TELLING).text)

    forged = publish(responder, post, TELLING, let_stand=seen, let_stand_reason="I should like to.")

    assert forged.status_code == 403
    assert typed(forged.text) == TELLING
    assert (replies(desk), overridden(desk)) == ([], [])


def test_a_reason_without_the_button_lets_nothing_stand(desk: Desk, post: UUID) -> None:
    answer = publish(desk, post, TELLING, let_stand_reason="It is our own number.")
    assert answer.status_code == 422
    assert replies(desk) == []


def test_a_text_for_a_site_that_takes_it_only_there_is_looked_through_before_it_is_copied(desk: Desk) -> None:
    for channel in (desk.careopinion, desk.nhsuk):
        (story,) = desk.world.arrives(channel, desk.world.item("Mum was moved.", remote_id="c1", thread_id="c1"))
        answer = publish(desk, story, TELLING)
        assert answer.status_code == 422
        assert "07700 900123</a>" in answer.text.replace("</bdi>”", "")
    assert replies(desk) == []


def test_a_failed_reply_from_before_replies_were_looked_through_does_not_go_out_by_trying_again(
    desk: Desk, post: UUID
) -> None:
    publish(desk, post, HARMLESS)
    (reply,) = replies(desk)
    reply.text = TELLING
    sending.mark_failed(reply, "X did not take it.")
    db.session.commit()

    answer = desk.send(f"/replies/{reply.id}/retry", shown=f"/conversations/{post}")

    assert answer.status_code == 422
    assert [one.state for one in replies(desk)] == ["failed"]
    assert 'id="found-1"' in answer.text
    assert typed(answer.text) == TELLING


def test_what_was_let_stand_may_be_tried_again_as_it_is_and_is_recorded_once(
    desk: Desk, responder: Desk, post: UUID
) -> None:
    seen = button(publish(desk, post, TELLING).text)
    publish(desk, post, TELLING, let_stand=seen, let_stand_reason="It is our own number.")
    (reply,) = replies(desk)
    sending.mark_failed(reply, "X did not take it.")
    db.session.commit()

    answer = responder.send(f"/replies/{reply.id}/retry", shown=f"/conversations/{post}")

    assert answer.status_code == 200
    assert [one.state for one in replies(desk)] == ["queued"]
    assert len(overridden(desk)) == 1


def test_what_was_let_stand_and_taken_back_is_looked_through_again(desk: Desk, responder: Desk, post: UUID) -> None:
    seen = button(publish(desk, post, TELLING).text)
    publish(desk, post, TELLING, let_stand=seen, let_stand_reason="It is our own number.")
    (reply,) = replies(desk)
    sending.mark_failed(reply, "X did not take it.")
    db.session.commit()
    desk.send(f"/replies/{reply.id}/take-back", shown=f"/conversations/{post}")
    assert publish(responder, post, TELLING).status_code == 422


def test_while_one_writes_the_line_with_the_length_says_what_would_be_stopped(desk: Desk, post: UUID) -> None:
    path = f"/conversations/{post}"
    answer = desk.send(f"{path}/draft", shown=path, text=TELLING, version="1")
    assert answer.status_code == 200
    assert "Should not be public: telephone number, confirmation that somebody is a patient" in answer.text
    assert "Should not be public" in desk.get(path).text
    assert 'id="found"' not in desk.get(path).text
    assert "Should not be public" not in desk.send(f"{path}/draft", shown=path, text=HARMLESS, version="1").text


@pytest.mark.parametrize(
    ("kind", "source", "way", "status"),
    [
        ("facebook", {"private": True, "psid": "5"}, "message", 200),
        ("facebook", {"can_reply_privately": True}, "private", 200),
        ("facebook", {"can_reply_privately": True}, "public", 422),
        ("facebook", {"can_reply_privately": True}, "", 422),
        ("mastodon", {"visibility": "direct", "private": True}, "", 200),
        ("mastodon", {"visibility": "private", "private": True}, "", 422),
        ("mastodon", {"visibility": "unlisted"}, "", 422),
        ("webhook", {"private": True}, "", 200),
        ("webhook", {}, "", 422),
        ("email", {"email": "sam@example.org"}, "", 200),
        ("paper", {}, "", 200),
    ],
)
def test_what_only_one_person_reads_may_say_what_it_has_to(
    desk: Desk, kind: str, source: dict[str, object], way: str, status: int
) -> None:
    vault = desk.client.application.extensions["vault"]
    channel = desk.world.channel(
        desk.organisation,
        kind,
        remote_id="77",
        sealed_secrets=vault.seal({"page_token": "t", "access_token": "t", "account_id": "9"}),
        config={"messages": "yes", "callback": "https://other.example/answers", "server": "social.example"},
    )
    item = desk.world.item("When is it?", remote_id="m1", thread_id="m1", ratings=(), source=source)
    (asked,) = desk.world.arrives(channel, item)

    answer = publish(desk, asked, TELLING, way=way)

    assert answer.status_code == status, answer.text
    assert [one.let_stand for one in replies(desk)] == ([[]] if status == 200 else [])


def test_hostile_words_are_shown_as_words(desk: Desk, post: UUID) -> None:
    hostile = '"><script>alert(1)</script> Mrs <img src=x onerror=alert(1)>Jones, ring a"b\'<i>@gmail.com, 07700 900123'
    answer = publish(desk, post, "Mrs O'Hara <script>alert(1)</script> " + hostile)
    assert answer.status_code == 422
    assert 'id="found-1"' in answer.text
    for piece in ("<script>alert", "<img src=x", "<i>@"):
        assert piece not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert "Mrs O&#39;Hara" in answer.text


def test_what_the_organisation_publishes_is_let_through_once_it_stands_in_the_settings(desk: Desk, post: UUID) -> None:
    text = "Ring 01632 960123 or write to ward.seven@city.example, LS1 3EX."
    organisation = db.session.get_one(Organisation, desk.organisation.id)
    organisation.postcode = "LS1 3EX"
    db.session.commit()
    stopped = publish(desk, post, text)
    assert stopped.status_code == 422
    assert "LS1 3EX</bdi>" not in stopped.text

    wrong = desk.send("/settings/organisation", contacts="01632 960123\nask us")
    assert wrong.status_code == 422
    assert "“ask us” is neither a telephone number nor an e-mail address" in unescape(wrong.text)
    contacts = "01632 960 123\r\n\r\nWard.Seven@city.example\r\n01632 960 123"
    assert desk.send("/settings/organisation", contacts=contacts).status_code == 303
    assert "01632 960 123\nWard.Seven@city.example</textarea>" in desk.get("/settings").text

    assert publish(desk, post, text).status_code == 200


def test_a_restricted_conversation_shows_the_reason_to_administrators_only(
    desk: Desk, responder: Desk, post: UUID
) -> None:
    seen = button(publish(desk, post, TELLING).text)
    publish(desk, post, TELLING, let_stand=seen, let_stand_reason="It is the number of the charity.")
    path = f"/conversations/{post}"
    assert "number of the charity" in responder.get(path).text
    conversation = desk.conversation(post)
    conversation.restricted = True
    db.session.commit()
    assert "number of the charity" not in responder.get(path).text
    assert "number of the charity" in desk.get(path).text


def test_looking_and_asking_for_the_composer_change_nothing(desk: Desk, post: UUID) -> None:
    publish(desk, post, TELLING)
    before = desk.conversation(post).version
    desk.get(f"/conversations/{post}?let_stand=x&let_stand_reason=It+is+fine")
    desk.part(f"/conversations/{post}/composer?let_stand=x", shown=f"/conversations/{post}")
    assert (replies(desk), overridden(desk)) == ([], [])
    assert desk.conversation(post).version == before
