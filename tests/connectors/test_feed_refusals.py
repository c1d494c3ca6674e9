"""Feeds: what statuses mean, which addresses are refused, and what is no feed at all."""

from pathlib import Path

import httpx
import pytest

from healthberry.connectors.errors import (
    ConnectorError,
    RateLimited,
    TooMuch,
    Unavailable,
    UnexpectedAnswer,
)
from healthberry.connectors.feed import FeedChannel
from healthberry.connectors.feed_fetch import REFUSALS
from tests.connectors.fakes import answering
from tests.connectors.feed_samples import PUBLIC, access, feed, item, rss


@pytest.mark.parametrize("status", [*REFUSALS, 500, 502, 400, 418])
def test_every_status_is_an_error_that_says_what_it_means(status: int) -> None:
    expected, reason = REFUSALS.get(status, (Unavailable if status >= 500 else UnexpectedAnswer, ""))
    answer = httpx.Response(status, headers={"retry-after": "30"})
    with pytest.raises(expected) as raised:
        feed(answering(answer)).poll(access(), None)
    assert reason in str(raised.value)
    if isinstance(raised.value, RateLimited):
        assert raised.value.retry_after == 30


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"<rss version='2.0'><channel><item><title>Cut", Unavailable),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": [', Unavailable),
        (b"<!doctype html><title>Hello</title>", UnexpectedAnswer),
        (b"", UnexpectedAnswer),
        (b'{"version": 5}', UnexpectedAnswer),
        (b"\x89PNG\r\n", UnexpectedAnswer),
    ],
)
def test_what_is_no_whole_feed_is_never_read_as_an_empty_one(body: bytes, error: type[ConnectorError]) -> None:
    with pytest.raises(error):
        feed(answering(httpx.Response(200, content=body))).poll(access(), None)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_feed_that_declares_entities_is_refused_unread(encoding: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret of the machine")
    bomb = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE rss [<!ENTITY a SYSTEM "{secret.as_uri()}">'
    bomb += '<!ENTITY b "&a;&a;">]>'
    bomb += f"<rss version='2.0'><channel><title>&a;</title>{item(text='&b;')}</channel></rss>"
    with pytest.raises(UnexpectedAnswer, match="entities"):
        feed(answering(httpx.Response(200, content=bomb.encode(encoding)))).poll(access(), None)


def test_a_body_that_is_a_path_of_this_machine_is_not_opened() -> None:
    with pytest.raises(UnexpectedAnswer):
        feed(answering(httpx.Response(200, content=__file__.encode()))).poll(access(), None)


def test_more_than_five_megabytes_are_refused() -> None:
    with pytest.raises(TooMuch, match="larger than 5 MB"):
        feed(answering(rss(item(text="x" * 6_000_000)))).poll(access(), None)


@pytest.mark.parametrize("private", ["127.0.0.1", "10.0.0.8", "169.254.169.254", "::1", "::ffff:192.168.1.1"])
def test_a_private_address_is_refused_also_after_a_redirect(private: str) -> None:
    provider = answering(httpx.Response(302, headers={"location": "https://inside.example/"}), rss(item()))
    connector = FeedChannel(
        None, transport=provider, resolve=lambda host, port: [private if host == "inside.example" else PUBLIC]
    )
    with pytest.raises(UnexpectedAnswer, match="not public"):
        connector.poll(access(), None)
    assert len(provider.asked) == 1


def test_redirects_to_other_public_hosts_are_followed_and_not_for_ever() -> None:
    moved = httpx.Response(301, headers={"location": "https://other.example/feed"})
    page = feed(answering(moved, rss(item()))).poll(access(), None)
    assert [one.remote_id for one in page.items] == ["a"]
    with pytest.raises(UnexpectedAnswer, match="too often"):
        feed(answering(moved)).poll(access(), None)
