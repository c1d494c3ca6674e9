"""The older syndication feed of NHS.UK stands in where the API's key is missing or refused, with all its oddities."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from healthberry.connectors.base import Access, Connector
from healthberry.connectors.errors import NotAuthorised, Unavailable
from tests.connectors.fakes import Provider, connectors

NOW = datetime.now(UTC)
ACCESS = Access({"ods_codes": ["RXX01"], "syndication_type": "hospitals"}, {"syndication_key": "feed-key"})


def entry(
    ident: str, kind: str = "comment", code: str = "RXX01", title: str = "Kind", words: str = "Very kind."
) -> str:
    return (
        f"<entry><id>{ident}</id><title>{title}</title><author><name>Wren</name></author>"
        f'<category scheme="commentType" term="{kind}"/>'
        f'<link rel="alternate" href="http://www.nhs.uk/Services/DefaultView.aspx?id={code}"/>'
        f"<published>{NOW.isoformat()}</published>"
        f'<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><div class="liked">{words}</div>'
        f'<div class="commentTags"><ul><li>parking</li></ul></div></div></content></entry>'
    )


def feed(*entries: str, onward: str = "") -> httpx.Response:
    link = f'<link rel="next" href="{onward}"/>' if onward else ""
    body = f'<feed xmlns="http://www.w3.org/2005/Atom">{link}{"".join(entries)}</feed>'
    return httpx.Response(200, content=body.encode(), headers={"content-type": "application/atom+xml"})


def reader(*pages: httpx.Response) -> tuple[Provider, Connector]:
    waiting = list(pages)

    def answer(request: httpx.Request) -> httpx.Response:
        if "syndication" not in request.url.host:
            return httpx.Response(401)
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return (provider := Provider(answer)), connectors(provider).get("nhsuk")


def test_reviews_answers_and_deletions_of_our_codes_are_read() -> None:
    provider, connector = reader(
        feed(
            entry("7R", "reply"),
            entry("7", title="Tea &amp;amp; toast"),
            entry("8", "deletion"),
            entry("9", code="RXX02"),
        )
    )
    page = connector.poll(ACCESS, None)
    found = {item.remote_id: item for item in page.items}
    assert sorted(found) == ["ref:7", "ref:7R", "ref:8"]
    assert (found["ref:7"].title, found["ref:7"].text) == ("Tea & toast", "Very kind.")
    assert (found["ref:7R"].direction, found["ref:7R"].thread_id) == ("outbound", "ref:7")
    assert found["ref:8"].change == "withdrawn"
    assert all(item.provisional for item in page.items)
    asked = provider.asked[-1].url
    day = (NOW - timedelta(days=30)).date()
    assert asked.path == f"/organisations/hospitals/commentssince/{day.year}/{day.month}/{day.day}.atom"
    assert asked.params["apikey"] == "feed-key"


def test_pages_follow_one_another_until_the_next_one_is_the_last_again() -> None:
    _, connector = reader(
        feed(entry("1"), onward="http://h/comments?page=2"), feed(entry("2"), onward="http://h/c?page=2")
    )
    first = connector.backfill(ACCESS, NOW - timedelta(days=700), None)
    assert first.more
    second = connector.backfill(ACCESS, NOW - timedelta(days=700), first.cursor)
    assert not second.more
    assert [item.remote_id for item in (*first.items, *second.items)] == ["ref:1", "ref:2"]


def test_not_found_is_an_empty_list_and_a_cut_off_one_is_tried_again() -> None:
    _, connector = reader(httpx.Response(404))
    assert connector.poll(ACCESS, None).items == []
    _, connector = reader(httpx.Response(200, content=b"<feed><entry>"))
    with pytest.raises(Unavailable):
        connector.poll(ACCESS, None)


def test_one_entry_that_cannot_be_read_harms_no_other() -> None:
    undated = entry("3").replace(f"<published>{NOW.isoformat()}</published>", "")
    _, connector = reader(feed(undated, entry("4")))
    page = connector.poll(ACCESS, None)
    assert [item.remote_id for item in page.items] == ["ref:4"]
    assert [bad.remote_id for bad in page.bad] == ["ref:3"]


def test_without_a_feed_or_with_a_refused_one_the_key_is_what_people_hear_of() -> None:
    _, connector = reader(httpx.Response(401))
    for access in (ACCESS, Access({"ods_codes": ["RXX01"]})):
        with pytest.raises(NotAuthorised):
            connector.poll(access, None)


def test_what_only_the_feed_knows_is_neither_asked_for_nor_withdrawn() -> None:
    provider, connector = reader(feed())
    assert connector.recheck(ACCESS, ["ref:7"]) == []
    assert provider.asked == []
