"""Feeds as these tests serve them."""

import httpx

from healthberry.connectors.base import Access
from healthberry.connectors.feed import FeedChannel

ADDRESS = "https://news.example/feed.xml"
PUBLIC = "93.184.216.34"


def feed(provider: httpx.BaseTransport) -> FeedChannel:
    """Return the connector; every name leads to a public address."""
    return FeedChannel(None, transport=provider, resolve=lambda host, port: [PUBLIC])


def access(**config: str) -> Access:
    return Access({"address": ADDRESS, **config})


def rss(*items: str, head: str = "") -> httpx.Response:
    body = '<?xml version="1.0"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>'
    body += f"<title>Leeds News</title><link>https://news.example/</link>{head}{''.join(items)}</channel></rss>"
    return httpx.Response(200, content=body.encode(), headers={"content-type": "application/rss+xml"})


def item(
    guid: str = "a", title: str = "News", text: str = "Words.", date: str = "Mon, 05 May 2025 10:00:00 GMT"
) -> str:
    return (
        f"<item><guid>{guid}</guid><title>{title}</title><description>{text}</description>"
        f"<link>https://news.example/{guid}</link><pubDate>{date}</pubDate></item>"
    )
