"""One conversation: what its page shows to whom, and what can be done with it."""

import re
from uuid import UUID, uuid4

import pytest

from healthberry.connectors.base import Author, Rating, SentReply
from healthberry.core import inbox_standing, replies, sending, thread
from healthberry.core.inbox import View
from healthberry.extensions import db
from healthberry.models.conversations import Message
from healthberry.models.organisations import Organisation
from healthberry.models.replies import OutboxMail, Reply
from tests.inbox.conftest import Desk
from tests.world import moments_ago

ACTIONS: dict[str, dict[str, str]] = {
    "assign": {"assignee": ""},
    "close": {"reason": "answered"},
    "snooze": {"until": "tomorrow"},
    "reopen": {},
    "wait": {},
    "read": {},
    "unread": {},
    "notes": {"note": "hello"},
    "draft": {"text": "hello", "version": "1"},
    "reply": {"text": "hello", "version": "1"},
}


@pytest.fixture
def story(desk: Desk) -> UUID:
    """A story on Care Opinion with an answer that was written there, open again because there is more to do."""
    first = desk.world.item(
        "Mum was moved at night.\n\nSee https://example.org/ward.",
        title="Nobody told us",
        thread_id="s1",
        author=Author("m", "Marigold57"),
        author_role="daughter of a patient",
        url="https://www.careopinion.org.uk/1",
        ratings=(Rating("Dignity", 2, 5),),
        service_name="Ward 12",
        experienced="2027-05",
    )
    answer = desk.world.item(
        "Dear Marigold57, thank you.",
        thread_id="s1",
        direction="outbound",
        author=Author(None, "City Hospitals Trust"),
        posted_at=moments_ago(minutes=1),
        ratings=(),
    )
    (made,) = desk.world.arrives(desk.careopinion, first, answer)
    conversation = desk.conversation(made)
    conversation.status, conversation.closed_reason = "open", None
    db.session.commit()
    return made


def is_unread(desk: Desk, conversation_id: UUID) -> bool:
    found = inbox_standing.row_of(desk.member, View(status="all"), conversation_id)
    assert found is not None
    return found[0].unread


def messages(desk: Desk, conversation_id: UUID) -> list[Message]:
    entries = thread.open_conversation(desk.member, conversation_id).entries
    return [entry.message for entry in entries if entry.message is not None]


def test_each_message_says_for_itself_whether_it_is_private(desk: Desk) -> None:
    open_words = desk.world.item("A comment for everybody.", thread_id="m1")
    private = desk.world.item("My number is inside.", thread_id="m1", source={"private": True})
    ours = desk.world.item("Thank you, in private.", thread_id="m1", direction="outbound", source={"private": True})
    (made,) = desk.world.arrives(desk.x, open_words, private, ours)
    page = desk.get(f"/conversations/{made}").text
    bubbles = re.findall(r'<article id="message-.*?</article>', page, re.DOTALL)
    said = {
        words: re.findall(r"Private message: ([^<]+)", bubble)
        for bubble in bubbles
        for words in ("A comment for everybody.", "My number is inside.", "Thank you, in private.")
        if words in bubble
    }
    assert said == {
        "A comment for everybody.": [],
        "My number is inside.": ["only this organisation can see it"],
        "Thank you, in private.": ["only this organisation and whoever it was sent to can see it"],
    }


@pytest.mark.parametrize(
    ("answered", "sent", "marked"),
    [
        ({}, SentReply("r1", None), False),
        ({"private": True}, SentReply("r1", None), True),
        ({}, SentReply("r1", None, private=True), True),
    ],
)
def test_an_answer_is_private_where_what_it_answers_is_or_where_it_was_sent_so(
    desk: Desk, answered: dict[str, bool], sent: SentReply, marked: bool
) -> None:
    (made,) = desk.world.arrives(desk.x, desk.world.item("Where do I park?", thread_id="p1", source=answered))
    reply = replies.queue_reply(desk.member, made, "Behind the house.", desk.conversation(made).version)
    sending.mark_sent(reply, sent)
    db.session.commit()
    (answer,) = [one for one in messages(desk, made) if one.direction == "outbound"]
    assert (answer.source.get("private") is True) is marked
    page = desk.get(f"/conversations/{made}").text
    assert ("sent on X" in page, "posted on X" in page) == (marked, not marked)


def test_everything_stands_in_order_with_its_source_ratings_and_who_wrote_it(desk: Desk, story: UUID) -> None:
    html = desk.get(f"/conversations/{story}").text
    places = [html.index(f'id="message-{one.id}"') for one in messages(desk, story)]
    assert places == sorted(places)
    for words in (
        "Marigold57",
        "daughter of a patient",
        "Dignity",
        "2 of 5 stars",
        "bubble--out",
        "May 2027",
        "Ward 12",
    ):
        assert words in html
    assert 'href="https://www.careopinion.org.uk/1" target="_blank" rel="noopener noreferrer"' in html
    assert 'href="https://example.org/ward" rel="nofollow noopener noreferrer ugc"' in html


def test_htmx_gets_the_panes_with_a_title_and_not_the_list(desk: Desk, story: UUID) -> None:
    answer = desk.part(f"/conversations/{story}?status=all")
    assert "<title>Nobody told us · HealthBerry</title>" in answer.text
    assert 'hx-target="#details"' in answer.text
    assert f"view=conversation&amp;status=all&amp;conversation={story}" in answer.text
    assert 'id="rows"' not in answer.text


def test_what_the_source_took_down_keeps_its_place_without_its_words(desk: Desk) -> None:
    (one,) = desk.world.arrives(
        desk.nhsuk, desk.world.item("I regret this", title="Gone", remote_id="g", thread_id="g")
    )
    desk.world.arrives(desk.nhsuk, desk.world.item("", remote_id="g", thread_id="g", change="withdrawn"))
    html = desk.get(f"/conversations/{one}").text
    assert "Taken down at the source" in html
    assert "I regret this" not in html


def test_what_was_changed_at_the_source_says_so(desk: Desk) -> None:
    (one,) = desk.world.arrives(desk.nhsuk, desk.world.item("Before", remote_id="e", thread_id="e"))
    desk.world.arrives(desk.nhsuk, desk.world.item("After", remote_id="e", thread_id="e", change="edited"))
    html = desk.get(f"/conversations/{one}").text
    assert "After" in html
    assert ">edited</span>" in html


def test_a_change_after_the_answer_is_said_once_and_asks_whether_the_answer_fits(desk: Desk) -> None:
    (one,) = desk.world.arrives(desk.nhsuk, desk.world.item("Before", remote_id="e", thread_id="e"))
    desk.world.arrives(desk.nhsuk, desk.world.item("Thank you", thread_id="e", direction="outbound", ratings=()))
    desk.world.arrives(desk.nhsuk, desk.world.item("After", remote_id="e", thread_id="e", change="edited"))
    html = desk.get(f"/conversations/{one}").text
    assert "edited after it was answered: does the answer still fit?" in html
    assert html.count("edited") == 1


def test_a_mail_is_answered_by_e_mail_and_an_article_opened_as_what_it_is(desk: Desk) -> None:
    organisation = db.session.get_one(Organisation, desk.nhsuk.organisation_id)
    mailbox = desk.world.channel(organisation, "email", remote_id="pals")
    feed = desk.world.channel(organisation, "feed", remote_id="news")
    (mail,) = desk.world.arrives(mailbox, desk.world.item("The lift is broken", ratings=()))
    (article,) = desk.world.arrives(feed, desk.world.item("Ward opens", url="https://news.example/1", ratings=()))

    html = desk.get(f"/conversations/{mail}").text
    assert "Reply by e-mail" in html
    assert "on e-mail" not in html
    assert ": E-mail</h1>" in html
    assert "Open the article" in desk.get(f"/conversations/{article}").text


def test_a_story_of_a_hundred_thousand_characters_and_a_review_of_none_are_shown(desk: Desk) -> None:
    long, none = desk.world.arrives(
        desk.nhsuk, desk.world.item("word " * 20_000, title="Long"), desk.world.item("", title="")
    )
    pages = {desk.get(f"/conversations/{one}").text for one in (long, none)}
    assert any("word word word" in page for page in pages)
    assert any("A rating without words." in page for page in pages)


def test_attachments_are_links_of_the_web_and_nothing_else(desk: Desk) -> None:
    files = ({"url": "https://pbs.example/a.jpg", "type": "photo"}, {"url": "javascript:alert(1)", "type": "bad"})
    (one,) = desk.world.arrives(desk.x, desk.world.item("look", attachments=files))
    html = desk.get(f"/conversations/{one}").text
    assert 'href="https://pbs.example/a.jpg"' in html
    assert "<img" not in html
    assert "javascript:alert" not in html


def test_it_is_read_once_the_page_says_so_and_unread_again_on_wish(desk: Desk, story: UUID) -> None:
    page = f"/conversations/{story}"
    assert is_unread(desk, story)
    answer = desk.send(f"{page}/read", shown=page)
    assert answer.status_code == 200
    assert f'hx-target="#conversation-{story}"' in answer.text
    assert "item--unread" not in answer.text
    assert not is_unread(desk, story)
    assert desk.send(f"{page}/read", shown=page).status_code == 204
    assert desk.send(f"{page}/unread?status=all").location == "/inbox?status=all"
    assert is_unread(desk, story)


def test_closing_offers_to_undo_it_and_greys_the_row_that_left_the_list(desk: Desk, story: UUID) -> None:
    page = f"/conversations/{story}"
    answer = desk.send(f"{page}/close", shown=page, reason="not_about_us")
    assert answer.status_code == 200
    assert "Closed." in answer.text
    assert f'action="/conversations/{story}/reopen"' in answer.text
    assert "item--left" in answer.text
    assert "No longer in this list" in answer.text
    assert "Priya Kaur closed this: not about us" in answer.text
    assert desk.conversation(story).status == "closed"
    assert "Open again." in desk.send(f"{page}/reopen", shown=page).text
    assert desk.conversation(story).status == "open"


@pytest.mark.parametrize(
    ("action", "form", "status", "words"),
    [
        ("close", {"reason": "spam"}, "closed", "Closed."),
        ("snooze", {"until": "week"}, "snoozed", "Snoozed until"),
        ("snooze", {"at": "2999-01-01T10:00"}, "open", ""),
        ("wait", {}, "waiting", "Waiting for somebody else."),
    ],
)
def test_plain_forms_lead_back_to_the_conversation_in_its_list(
    desk: Desk, story: UUID, action: str, form: dict[str, str], status: str, words: str
) -> None:
    answer = desk.send(f"/conversations/{story}/{action}?channel=careopinion", **form)
    assert desk.conversation(story).status == status
    if words:
        assert answer.status_code == 303
        assert answer.location == f"/conversations/{story}?channel=careopinion"
        assert words in desk.get(answer.location).text
    else:
        assert answer.status_code == 422


def test_a_colleague_is_given_it_and_the_history_says_who_did_what(desk: Desk, story: UUID) -> None:
    dawn = desk.world.member(desk.organisation, name="Dawn Osei")
    page = f"/conversations/{story}"
    desk.send(f"{page}/assign", assignee=str(desk.member.id))
    answer = desk.send(f"{page}/assign", shown=page, assignee=str(dawn.id))
    assert desk.conversation(story).assignee_id == dawn.id
    assert "Priya Kaur took this on" in answer.text
    assert "Priya Kaur gave this to Dawn Osei" in answer.text
    desk.send(f"{page}/assign", assignee="")
    assert "Priya Kaur gave this back" in desk.get(page).text


@pytest.mark.parametrize(
    ("action", "form"),
    [
        ("close", {}),
        ("close", {"reason": "because"}),
        ("snooze", {"until": "yesterday"}),
        ("snooze", {"at": "2001-01-01T00:00"}),
        ("assign", {"assignee": "nobody"}),
        ("assign", {"assignee": str(uuid4())}),
        ("notes", {"note": " \x00 "}),
        ("notes", {"note": "x" * 1_000_000}),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    desk: Desk, story: UUID, action: str, form: dict[str, str]
) -> None:
    for shown in (None, f"/conversations/{story}"):
        answer = desk.send(f"/conversations/{story}/{action}", shown=shown, **form)
        assert answer.status_code == 422
        assert len(answer.text.split()) > 3
    assert desk.conversation(story).status == "open"


def test_a_note_is_for_colleagues_only(desk: Desk, story: UUID) -> None:
    page = f"/conversations/{story}"
    answer = desk.send(f"{page}/notes", shown=page, note="Rang ward 7.\n<b>@Dawn</b>?")
    assert "note for colleagues only" in answer.text
    assert "Rang ward 7.<br>&lt;b&gt;@Dawn&lt;/b&gt;?" in answer.text
    assert 'id="note-form"' in answer.text
    newcomer = desk.as_(desk.world.member(desk.organisation, level=1, name="Lee Low"))
    html = newcomer.get(page).text
    for hidden in ("Rang ward 7", "Priya", "Owner", "Alerts by e-mail"):
        assert hidden not in html


def test_a_note_that_is_refused_keeps_its_words(desk: Desk, story: UUID) -> None:
    page = f"/conversations/{story}"
    note = "word " * 2_001
    for shown in (None, page):
        answer = desk.send(f"{page}/notes", shown=shown, note=note)
        assert answer.status_code == 422
        assert note in answer.text
        assert "up to 10,000 characters" in answer.text


@pytest.mark.parametrize("action", ["assign", "close", "snooze", "reopen", "wait", "notes", "reply"])
def test_a_mailbox_alone_may_not_act(desk: Desk, story: UUID, action: str) -> None:
    newcomer = desk.as_(desk.world.member(desk.organisation, level=1))
    answer = newcomer.send(f"/conversations/{story}/{action}", **ACTIONS[action])
    assert answer.status_code == 403
    assert "Your settings say what is missing." in answer.text
    assert "approve" in newcomer.get("/settings").text
    assert desk.conversation(story).status == "open"


@pytest.mark.parametrize("action", [*ACTIONS, ""])
def test_another_organisations_conversation_is_not_there(desk: Desk, story: UUID, action: str) -> None:
    stranger = desk.as_(desk.world.member(desk.world.organisation()))
    path = f"/conversations/{story}/{action}".rstrip("/")
    for address in (path, path.replace(str(story), str(uuid4()))):
        answer = stranger.send(address, **ACTIONS[action]) if action else stranger.get(address)
        assert answer.status_code == 404
    assert desk.conversation(story).status == "open"


def test_previous_and_next_follow_the_list_that_one_came_from(desk: Desk) -> None:
    desk.world.arrives(desk.x, desk.world.item("on X"))
    (older,) = desk.world.arrives(desk.nhsuk, desk.world.item("older"))
    (middle,) = desk.world.arrives(desk.nhsuk, desk.world.item("middle"))
    (newer,) = desk.world.arrives(desk.nhsuk, desk.world.item("newer"))
    html = desk.get(f"/conversations/{middle}?channel=nhsuk").text
    nav = html[html.index('id="nav"') : html.index("</nav>", html.index('id="nav"'))]
    assert nav.index(str(newer)) < nav.index(str(older))
    assert "?channel=nhsuk" in nav


def test_the_details_say_whom_an_alert_reached(desk: Desk, story: UUID) -> None:
    (mail,) = db.session.scalars(db.select(OutboxMail)).all()
    assert "On its way to 1" in desk.get(f"/conversations/{story}").text
    mail.state, mail.reason = "failed", "The mailbox does not exist."
    db.session.commit()
    html = desk.get(f"/conversations/{story}").text
    assert "Not delivered to Priya Kaur. The mailbox does not exist." in html


def test_a_mailbox_alone_does_not_learn_who_published(desk: Desk) -> None:
    (post,) = desk.world.arrives(desk.x, desk.world.item("Five hours.", remote_id="p1", thread_id="p1", ratings=()))
    path = f"/conversations/{post}"
    desk.send(f"{path}/reply", text="Thank you.", version=str(desk.conversation(post).version))
    reply = db.session.scalars(db.select(Reply)).one()
    sending.mark_sent(reply, SentReply("55", "https://x.example/55"))
    db.session.commit()
    newcomer = desk.as_(desk.world.member(desk.organisation, level=1))

    assert "Priya Kaur" in desk.get(path).text
    html = newcomer.get(path).text
    assert "Thank you." in html
    assert "@city" in html
    assert "Priya" not in html
