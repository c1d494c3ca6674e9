"""The list: what a row says, how it is narrowed, searched and paged, and what stands there when it is empty."""

import re
from dataclasses import replace

import pytest

from healthberry.connectors.base import Author, Rating
from healthberry.core import conversations, inbox, inbox_standing
from healthberry.core.inbox import View
from healthberry.extensions import db
from tests.inbox.conftest import HTMX, Desk


def rows(html: str) -> list[str]:
    return re.findall(r'<li id="conversation-[^"]+".*?</li>', html, re.DOTALL)


def test_who_is_not_signed_in_is_led_to_the_sign_in_page_and_back(desk: Desk) -> None:
    answer = desk.client.application.test_client().get("/inbox?status=all")
    assert answer.status_code == 303
    assert "next=/inbox?status" in answer.location.replace("%3F", "?").replace("%2F", "/")


def test_a_row_says_channel_name_title_rating_service_and_that_it_is_unread(desk: Desk) -> None:
    desk.world.arrives(
        desk.nhsuk,
        desk.world.item(
            "Quick scan.",
            title="Long car park queue",
            author=Author("a", "R.T."),
            ratings=(Rating("Overall", 4, 5),),
            service_name="Radiology",
        ),
    )
    (row,) = rows(desk.get("/inbox").text)
    for words in (
        "R.T.",
        "NHS.UK",
        "Long car park queue",
        "4 of 5 stars",
        "Radiology",
        "Unread:",
        "New",
        "item--unread",
    ):
        assert words in row


def test_a_row_from_before_the_link_says_so_and_is_read(desk: Desk) -> None:
    old = desk.world.item("It was fine.", posted_at=desk.nhsuk.created_at.replace(year=2025))
    desk.world.arrives(desk.nhsuk, old, backfill=True)
    (row,) = rows(desk.get("/inbox").text)
    assert "From before you joined" in row
    assert "Unread" not in row


def test_a_row_says_that_its_words_were_written_in_private_as_long_as_they_are_there(desk: Desk) -> None:
    seen = desk.world.item("For everybody.", thread_id="seen")
    unseen = desk.world.item("Mind the telephone.", thread_id="unseen", source={"private": True})
    desk.world.arrives(desk.x, seen, unseen)
    marked = {row: "Private message" in row for row in rows(desk.get("/inbox").text)}
    assert sorted(("Mind the telephone." in row, private) for row, private in marked.items()) == [
        (False, False),
        (True, True),
    ]
    (row,) = inbox.list_conversations(desk.member, View(q="telephone")).rows
    assert row.private
    found = inbox_standing.row_of(desk.member, View(), row.id)
    assert found is not None
    assert found[0].private, "an open page is brought up to date with the same row"

    desk.world.arrives(desk.x, replace(unseen, text="", change="withdrawn"))
    assert "Private message" not in desk.get("/inbox?status=all").text


def test_what_people_wrote_never_becomes_html(desk: Desk) -> None:
    evil = "<img src=x onerror=alert(1)>"
    desk.world.arrives(desk.nhsuk, desk.world.item(evil, title=evil, author=Author("a", evil), service_name=evil))
    html = desk.get("/inbox").text + desk.get("/inbox?q=onerror").text
    assert "<img src=x" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html


def test_filters_narrow_the_list_and_stay_in_every_address(desk: Desk) -> None:
    desk.world.arrives(desk.nhsuk, desk.world.item("one", title="On NHS.UK"))
    desk.world.arrives(desk.x, desk.world.item("two on X"))
    html = desk.get("/inbox?channel=x&status=all").text
    (row,) = rows(html)
    assert "two on X" in row
    assert 'href="/conversations/' in row
    assert "status=all&amp;channel=x" in row
    assert 'href="/inbox?status=all&amp;channel=x&amp;unread=1"' in html


def test_htmx_gets_the_rows_and_every_address_that_names_the_view(desk: Desk) -> None:
    desk.world.arrives(desk.x, desk.world.item("two on X"))
    answer = desk.part("/inbox?channel=x")
    assert answer.text.lstrip().startswith('<div id="list-body"')
    assert "<html" not in answer.text
    assert 'hx-target="#chips"' in answer.text
    assert 'hx-target="#stream"' in answer.text
    assert answer.headers["HX-Push-Url"] == "/inbox?channel=x"
    assert "HX-Request" in answer.headers["Vary"]


def test_a_conversation_that_is_open_beside_the_list_stays_open_while_it_is_narrowed(desk: Desk) -> None:
    (one,) = desk.world.arrives(desk.x, desk.world.item("two on X"))
    answer = desk.part("/inbox?q=two", shown=f"/conversations/{one}", **{"HX-Source": "form#search"})
    assert answer.headers["HX-Replace-Url"] == f"/conversations/{one}?q=two"
    assert f"view=conversation&amp;q=two&amp;conversation={one}" in answer.text
    assert 'hx-target="#nav"' in answer.text


def test_searching_marks_the_words_that_hit(desk: Desk) -> None:
    desk.world.arrives(desk.nhsuk, desk.world.item("The waiting rooms were warm and the nurses kind."))
    html = desk.get("/inbox?q=wait").text
    assert "<mark>waiting</mark>" in html


def test_more_rows_follow_without_a_repetition(desk: Desk) -> None:
    desk.world.arrives(desk.nhsuk, *(desk.world.item(f"number {i}") for i in range(inbox.PAGE + 3)))
    first = desk.get("/inbox").text
    address = re.search(r'hx-get="(/inbox\?after=[^"]+)"', first)
    assert address is not None
    rest = desk.part(address[1].replace("&amp;", "&")).text
    ids = re.findall(r'id="(conversation-[^"]+)"', first + rest)
    assert len(ids) == len(set(ids)) == inbox.PAGE + 3
    assert "That is everything." in rest
    assert "list-body" not in rest


@pytest.mark.parametrize(
    "query",
    [
        "status=nonsense&channel=%00&service=" + "x" * 5000,
        "q=" + "a" * 100_000,
        "q=%00%ff%fe&after=%00",
        "after=" + "z" * 3000,
        "q=%27)%3B--&assigned=everybody&unread=maybe",
        "q=%F0%9F%98%80%E2%80%AE",
    ],
)
def test_a_strange_address_shows_a_list_all_the_same(desk: Desk, query: str) -> None:
    assert desk.get(f"/inbox?{query}").status_code == 200
    assert desk.part(f"/inbox?{query}").status_code == 200


def test_an_empty_inbox_says_what_will_come(desk: Desk) -> None:
    assert "Nothing is open" in desk.get("/inbox").text


def test_an_inbox_that_is_being_filled_says_how_far_it_is(desk: Desk) -> None:
    desk.nhsuk.backfill_state, desk.nhsuk.items_loaded, desk.nhsuk.items_total = "running", 1234, 6000
    db.session.commit()
    html = desk.get("/inbox").text
    assert "on its way" in html
    assert "NHS.UK: 1,234 of 6,000 so far" in html


def test_an_inbox_without_a_channel_says_where_to_link_one(desk: Desk) -> None:
    other = desk.world.organisation()
    someone = desk.world.member(other)
    assert "No channel is linked yet" in desk.as_(someone).get("/inbox").text


def test_no_hits_name_each_filter_that_can_be_dropped(desk: Desk) -> None:
    html = desk.get("/inbox?status=closed&channel=x&unread=1").text
    assert "Nothing here fits" in html
    for address in ("status=closed&amp;channel=x", "status=closed&amp;unread=1", "channel=x&amp;unread=1"):
        assert f'href="/inbox?{address}"' in html


@pytest.mark.parametrize("narrower", ["channel=x", "status=open"])
def test_a_search_without_hits_offers_to_search_everything(desk: Desk, narrower: str) -> None:
    html = desk.get(f"/inbox?q=zebra&{narrower}").text
    assert "Nothing says “zebra”" in html
    assert 'href="/inbox?q=zebra">Search in everything' in html


def test_a_search_finds_what_is_closed_too(desk: Desk) -> None:
    (closed,) = desk.world.arrives(desk.nhsuk, desk.world.item("A zebra crossing by the car park"))
    conversations.close(desk.member, closed, "no_reply_needed")
    db.session.commit()
    assert "crossing by the car park" in desk.get("/inbox?q=zebra").text
    assert "crossing by the car park" not in desk.get("/inbox?q=zebra&status=open").text


def test_a_failing_channel_says_so_in_words_and_leads_to_the_channels(desk: Desk) -> None:
    desk.nhsuk.state, desk.nhsuk.trouble = "failing", "NHS.UK no longer accepts our key."
    db.session.commit()
    html = desk.get("/inbox").text
    assert "NHS.UK can&#39;t be read at present." in html or "NHS.UK can't be read at present." in html
    assert "NHS.UK no longer accepts our key." in html


def test_a_mailbox_alone_sees_no_colleagues_and_one_next_step(desk: Desk) -> None:
    (one,) = desk.world.arrives(desk.x, desk.world.item("two on X"))
    desk.send(f"/conversations/{one}/assign", assignee=str(desk.member.id))
    newcomer = desk.world.member(desk.organisation, level=1, name="Lee Low")
    html = desk.as_(newcomer).get("/inbox").text
    assert "You can read and write drafts." in html
    assert "Priya" not in html
    assert "Mine" not in html
    assert "Nobody yet" not in html


def test_looking_changes_nothing(desk: Desk) -> None:
    (one,) = desk.world.arrives(desk.x, desk.world.item("two on X"))
    for path in ("/inbox", f"/conversations/{one}", f"/conversations/{one}/composer"):
        desk.get(path)
        desk.part(path, shown=f"/conversations/{one}")
    row = inbox_standing.row_of(desk.member, View(), one)
    assert row is not None
    assert row[0].unread


def test_a_forged_address_of_the_page_that_asks_counts_as_the_plain_list(desk: Desk) -> None:
    (one,) = desk.world.arrives(desk.x, desk.world.item("two on X"))
    nonsense = {**HTMX, "HX-Current-URL": "http://["}

    listed = desk.get("/inbox?status=closed", **nonsense)
    closed = desk._ask("POST", f"/conversations/{one}/close", data={"reason": "spam"}, headers=nonsense)

    assert listed.status_code == closed.status_code == 200
    assert listed.headers["HX-Push-Url"] == "/inbox?status=closed"
    assert desk.conversation(one).status == "closed"
    assert f'href="/conversations/{one}"' in closed.text
