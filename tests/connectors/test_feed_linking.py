"""Feeds: linked by their own address or by a page that names them."""

import httpx
import pytest

from healthberry.connectors.base import Access, ReplyTarget
from healthberry.connectors.errors import (
    NotAuthorised,
    NotLinked,
    Unavailable,
)
from tests.connectors.fakes import Provider, answering
from tests.connectors.feed_samples import ADDRESS, access, feed, item, rss


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("leedsnews.example", "https://leedsnews.example"),
        ("http://leedsnews.example/feed?a=b", "http://leedsnews.example/feed?a=b"),
    ],
)
def test_an_address_is_completed(typed: str, address: str) -> None:
    assert feed(answering(rss())).prepare({"address": typed}, "").config["address"] == address


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "localhost",
        "file:///etc/passwd",
        "ftp://a.example",
        "https://a.example:8443/",
        "https://me:it@a.example/",
        "two words",
        "http://[bad",
    ],
)
def test_what_is_no_public_web_address_is_refused_beside_its_field(typed: str) -> None:
    with pytest.raises(NotLinked) as refused:
        feed(answering(rss())).prepare({"address": typed}, "")
    assert refused.value.field == "address"


def test_a_page_is_linked_by_the_feeds_that_it_names() -> None:
    html = """<!doctype html><head><link rel="stylesheet" href="/a.css">
      <link rel="alternate" type="application/rss+xml" href="/feed.xml">
      <LINK REL='alternate home' TYPE='application/atom+xml; charset=utf-8' HREF='atom.xml'>
      <link rel="alternate" hreflang="cy" href="/cy">
      <link rel=alternate type=application/rss+xml href="javascript:x">"""

    def site(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/feed.xml":
            return rss(item())
        if request.url.path == "/news/atom.xml":
            return httpx.Response(404)
        return httpx.Response(200, html=html)

    found = feed(Provider(site)).link(Access({"address": "https://news.example/news/", "words": "ward"}))

    (one,) = found.found
    assert (one.listing.remote_id, one.listing.label, one.listing.amount) == (ADDRESS, "Leeds News", "1 article")
    assert one.listing.url == "https://news.example/"
    assert one.listing.config == {"address": ADDRESS, "words": "ward"}
    assert found.problems[0].startswith("https://news.example/news/atom.xml: There is nothing")


def test_the_same_articles_in_two_formats_are_one_choice_and_other_articles_another() -> None:
    html = """<!doctype html>
      <link rel="alternate" type="application/rss+xml" href="/feed.xml">
      <link rel="alternate" type="application/rss+xml" href="/copy.xml">
      <link rel="alternate" type="application/rss+xml" href="/sport.xml">"""

    def site(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/sport.xml":
            return rss(item(guid="sport-1"))
        return rss(item()) if request.url.path in ("/feed.xml", "/copy.xml") else httpx.Response(200, html=html)

    found = feed(Provider(site)).link(Access({"address": "https://news.example/news/"})).found

    assert [one.listing.remote_id for one in found] == [ADDRESS, "https://news.example/sport.xml"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(200, html="<!doctype html><p>No feeds"), "There is no feed at this address"),
        (httpx.Response(410), "gone for good"),
        (httpx.Response(403), "does not let us"),
    ],
)
def test_an_address_that_leads_to_no_feed_is_refused_beside_its_field(answer: httpx.Response, words: str) -> None:
    with pytest.raises(NotLinked, match=words) as refused:
        feed(answering(answer)).link(access())
    assert refused.value.field == "address"


def test_a_site_that_does_not_answer_may_be_tried_again() -> None:
    with pytest.raises(Unavailable):
        feed(answering(httpx.ConnectTimeout("slow"))).link(access())


def test_nobody_can_be_answered_and_the_reason_is_said() -> None:
    target = ReplyTarget("a", "a", "https://news.example/a", None, {}, None)
    allowed = feed(answering(rss())).may_reply(access(), target)
    assert (allowed.mode, allowed.url) == ("none", "https://news.example/a")
    assert "takes no answers" in allowed.reason


def test_a_feed_that_asks_for_a_password_is_said_at_once() -> None:
    with pytest.raises(NotAuthorised, match="public feeds only"):
        feed(answering(httpx.Response(401))).poll(access(), None)
