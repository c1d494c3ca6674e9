"""Feeds: what a document becomes, and how a feed is asked politely."""

import json
from datetime import UTC, datetime

import httpx
import pytest

from healthberry.connectors.base import Access, Page
from healthberry.connectors.errors import (
    Gone,
)
from healthberry.connectors.feed import FeedChannel
from healthberry.connectors.html_text import words_of
from tests.connectors.fakes import answering
from tests.connectors.feed_samples import access, feed, item, rss

SINCE = datetime(2020, 1, 1, tzinfo=UTC)
ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title type="html">Leeds &amp;amp; News</title>
<id>f</id><updated>2025-05-05T10:00:00Z</updated><link href="https://news.example/"/>
<entry><id>urn:1</id><title>Old words</title><updated>2025-05-05T10:00:00Z</updated>
<published>2025-05-01T09:00:00+01:00</published>
<content type="html">&lt;p&gt;Before&lt;/p&gt;</content></entry>
<entry><id>urn:1</id><title>New words</title><updated>2025-05-06T10:00:00Z</updated>
<published>2025-05-01T09:00:00+01:00</published>
<author><name>Pat</name></author><link href="/one"/>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>After <b>it</b></p><script>alert(1)</script></div>
</content></entry>
<entry><id>urn:2</id><title>Plain</title><updated>2025-05-04T10:00:00Z</updated>
<content type="text">&lt;b&gt; is a tag</content></entry></feed>"""


JSON = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Leeds News",
    "items": [
        {"id": 7, "content_html": "<p>One</p><p>Two</p>", "date_published": "2025-05-05T10:00:00Z"},
        {"id": "8", "title": "Only a title", "authors": None, "url": "javascript:alert(1)"},
        {"id": "9"},
        None,
        "text",
        {"id": ["x"], "content_text": 5, "date_published": {}},
    ],
}


def read(connector: FeedChannel, reached: Access) -> Page:
    """Poll for the first time; a page in which something could not be read is read twice before it counts."""
    page = connector.poll(reached, None)
    return connector.poll(reached, page.cursor) if page.more else page


def test_rss_becomes_items_with_plain_words_newest_first() -> None:
    old = item(
        "b",
        "Old &amp;amp; new",
        "&lt;p&gt;One&lt;br&gt;two&lt;/p&gt;&lt;p&gt;Three&lt;/p&gt;",
        "Sun, 04 May 2025 10:00:00 +0100",
    )
    page = feed(answering(rss(item(), old))).backfill(access(), SINCE, None)
    assert [one.remote_id for one in page.items] == ["a", "b"]
    second = page.items[1]
    assert (second.title, second.text) == ("Old & new", "One\ntwo\n\nThree")
    assert second.posted_at == datetime(2025, 5, 4, 9, tzinfo=UTC)
    assert (second.url, second.author.screen_name, second.author.remote_id) == (
        "https://news.example/b",
        "Leeds News",
        None,
    )
    assert not page.more


def test_atom_takes_the_latest_of_two_with_one_id_and_words_of_every_type() -> None:
    provider = answering(httpx.Response(200, content=ATOM.encode(), headers={"content-type": "application/atom+xml"}))
    page = feed(provider).poll(access(), None)
    assert {one.remote_id: (one.title, one.text) for one in page.items} == {
        "urn:1": ("New words", "After it"),
        "urn:2": ("Plain", "<b> is a tag"),
    }
    newest = next(one for one in page.items if one.remote_id == "urn:1")
    assert (newest.author.screen_name, newest.url) == ("Pat", "https://news.example/one")
    assert newest.posted_at == datetime(2025, 5, 1, 8, tzinfo=UTC)
    assert {one.change for one in page.items} == {"edited"}


def test_a_json_feed_reads_what_it_can_and_keeps_the_rest_aside() -> None:
    page = read(feed(answering(JSON)), access())
    assert [(one.remote_id, one.text, one.url) for one in page.items] == [
        ("8", "Only a title", None),
        ("7", "One\n\nTwo", None),
    ]
    assert len(page.bad) == 4


def test_ids_are_compared_as_they_are_and_long_ones_by_their_hash() -> None:
    long = "x" * 500
    page = feed(answering(rss(item("Https://A"), item("https://a"), item(long), item(long + "y")))).backfill(
        access(), SINCE, None
    )
    ids = {one.remote_id for one in page.items}
    assert len(ids) == 4
    assert {"Https://A", "https://a"} < ids
    assert all(len(one) <= 200 for one in ids)


def test_an_entry_without_any_id_is_known_by_its_title_and_date() -> None:
    bare = "<item><title>Only this</title><pubDate>Mon, 05 May 2025 10:00:00 GMT</pubDate></item>"
    first, second = (feed(answering(rss(bare))).poll(access(), None).items[0] for _ in range(2))
    assert first.remote_id == second.remote_id
    assert first.text == "Only this"
    nothing = read(feed(answering(rss("<item><title>No date</title></item>", item()))), access())
    assert ([one.remote_id for one in nothing.items], len(nothing.bad)) == (["a"], 1)


def test_an_entry_without_a_date_counts_as_history_in_a_backfill_and_as_new_in_a_poll() -> None:
    undated = "<item><guid>u</guid><title>When?</title></item>"
    (past,) = feed(answering(rss(undated))).backfill(access(), SINCE, None).items
    (present,) = feed(answering(rss(undated))).poll(access(), None).items
    now = datetime.now(UTC)
    assert (now - past.posted_at).total_seconds() > 3600
    assert (now - present.posted_at).total_seconds() < 60


@pytest.mark.parametrize(
    ("words", "unwanted", "kept"),
    [
        ("", "", {"a", "b", "c"}),
        ("seacroft", "", {"a", "b"}),
        ("SEACROFT\nward 12", "", {"a", "b", "c"}),
        ("seacroft", "Football", {"a"}),
        ("", "football", {"a", "c"}),
    ],
)
def test_only_what_is_wanted_is_read(words: str, unwanted: str, kept: set[str]) -> None:
    provider = answering(
        rss(
            item("a", "Seacroft Hospital praised"),
            item("b", "Match report", "Seacroft won at football."),
            item("c", "Parking", "At Ward 12."),
        )
    )
    page = feed(provider).poll(access(words=words, unwanted=unwanted), None)
    assert {one.remote_id for one in page.items} == kept


def test_nothing_is_fetched_twice_where_nothing_has_changed() -> None:
    first = rss(item())
    first.headers.update({"etag": '"one"', "last-modified": "Mon, 05 May 2025 10:00:00 GMT"})
    provider = answering(first, httpx.Response(304))
    connector = feed(provider)
    page = connector.poll(access(), None)
    again = connector.poll(access(), page.cursor)
    assert (list(again.items), again.cursor, again.more) == ([], page.cursor, False)
    asked = provider.asked[1].headers
    assert (asked["if-none-match"], asked["if-modified-since"]) == ('"one"', "Mon, 05 May 2025 10:00:00 GMT")
    assert "HealthBerry" in asked["user-agent"]


def test_a_poll_goes_back_over_older_documents_until_it_meets_what_it_saw() -> None:
    onward = '<atom:link rel="next" href="https://news.example/feed.xml?page=2"/>'
    connector = feed(
        answering(rss(item("a")), rss(item("d"), item("c"), head=onward), rss(item("b"), item("a"), head=onward))
    )
    cursor = connector.poll(access(), None).cursor
    first = connector.poll(access(), cursor)
    assert ({one.remote_id for one in first.items}, first.more) == ({"c", "d"}, True)
    second = connector.poll(access(), first.cursor)
    assert ({one.remote_id for one in second.items}, second.more) == ({"a", "b"}, False)


def test_an_older_document_that_is_gone_ends_the_walk_and_is_no_trouble() -> None:
    onward = '<atom:link rel="next" href="/feed.xml?page=2"/>'
    connector = feed(answering(rss(item(), head=onward), httpx.Response(410)))
    page = connector.backfill(access(), SINCE, None)
    assert page.more
    assert not connector.backfill(access(), SINCE, page.cursor).more
    with pytest.raises(Gone):
        connector.backfill(access(), SINCE, None)


def test_a_feed_that_is_not_well_formed_is_read_as_far_as_possible_and_says_so() -> None:
    page = read(feed(answering(rss(item("a", "AT&T's <ward"), item("b")))), access())
    assert "b" in {one.remote_id for one in page.items}
    assert "not well-formed" in page.bad[-1].reason


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("plain", "plain"),
        ("<p>One</p>\n<p>Two <b>bold</b>\n  words</p>", "One\n\nTwo bold words"),
        ("a<br><br><br>b", "a\n\n\nb"),
        ("<ul><li>one</li><li>two</li></ul>after", "one\ntwo\n\nafter"),
        ("<style>p{}</style><script>alert('x')</script>shown", "shown"),
        ("&lt;i&gt; &amp;amp; &#128512; a\u200bb", "<i> &amp; 😀 a\u200bb"),
        ("<div><div><div>deep", "deep"),
        ("<" * 5000, "<" * 5000),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
    ],
)
def test_markup_becomes_the_words_that_a_reader_sees(markup: str, words: str) -> None:
    assert words_of(markup) == words


def test_hostile_elements_are_kept_aside_or_read_and_break_nothing() -> None:
    hostile: list[object] = [
        None,
        1,
        [],
        {},
        {"id": {}},
        {"id": "1", "title": None, "content_text": "x" * 500_000},
        {"id": True, "title": "t"},
    ]
    body = json.dumps({**JSON, "items": hostile, "title": 5, "home_page_url": []})
    page = read(feed(answering(httpx.Response(200, content=body.encode()))), access())
    assert [len(one.text) <= 100_000 for one in page.items] == [True] * len(page.items)
    assert len(page.items) + len(page.bad) == len(hostile)
