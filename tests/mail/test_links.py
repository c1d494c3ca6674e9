"""Signed links name their purpose, and are worth nothing when changed or old."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask

from healthberry.mail import links
from healthberry.models.owned import now


def token_of(url: str) -> str:
    return url.rpartition("/")[2]


def test_a_reply_link_names_organisation_member_and_conversation(context: Flask) -> None:
    link = links.ReplyLink(uuid4(), uuid4(), uuid4())
    url = links.reply_link(link)
    assert url.startswith("http://localhost/r/")
    assert links.read_reply_link(token_of(url)) == link


def test_a_reply_link_is_dead_after_fourteen_days(context: Flask) -> None:
    made_at = now()
    token = token_of(links.reply_link(links.ReplyLink(uuid4(), uuid4(), uuid4()), clock=made_at))
    links.read_reply_link(token, clock=made_at + timedelta(days=13, hours=23))
    with pytest.raises(links.LinkExpired):
        links.read_reply_link(token, clock=made_at + timedelta(days=14))


CHANGES: dict[str, Callable[[str], str]] = {
    "one letter": lambda token: ("A" if token[5] != "A" else "B").join((token[:5], token[6:])),
    "cut short": lambda token: token[:-4],
    "signature only": lambda token: token.rpartition(".")[2],
    "no signature": lambda token: token.rpartition(".")[0],
    "empty": lambda token: "",
    "a megabyte": lambda token: token * 5000,
    "other script": lambda token: "תודה",
    "nul": lambda token: f"{token}\x00",
    "half a character": lambda token: f"{token}\ud800",
}


def test_a_changed_link_is_tampered_with(context: Flask) -> None:
    reply = token_of(links.reply_link(links.ReplyLink(uuid4(), uuid4(), uuid4())))
    unsubscribe = token_of(links.unsubscribe_link(links.UnsubscribeLink(uuid4(), uuid4())))
    for change in CHANGES.values():
        with pytest.raises(links.LinkTampered):
            links.read_reply_link(change(reply))
        with pytest.raises(links.LinkTampered):
            links.read_unsubscribe_link(change(unsubscribe))


def test_a_link_of_one_purpose_is_worthless_for_another(context: Flask) -> None:
    reply = token_of(links.reply_link(links.ReplyLink(uuid4(), uuid4(), uuid4())))
    unsubscribe = token_of(links.unsubscribe_link(links.UnsubscribeLink(uuid4(), uuid4())))
    with pytest.raises(links.LinkTampered):
        links.read_unsubscribe_link(reply)
    with pytest.raises(links.LinkTampered):
        links.read_reply_link(unsubscribe)
