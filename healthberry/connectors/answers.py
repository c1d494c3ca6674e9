"""What goes out: the message to answer, the ways to answer it, the reply, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from healthberry.connectors.access import Access
from healthberry.connectors.capabilities import ReplyMode


@dataclass(frozen=True)
class ReplyTarget:
    """The message that is to be answered; `posted_at` is when its author wrote it."""

    remote_id: str
    thread_id: str
    url: str | None
    service_code: str | None
    source: Mapping[str, Any]
    may_not_reply: str | None
    posted_at: datetime | None = None


@dataclass(frozen=True)
class ReplyWay:
    """One of several ways to answer the same message: publicly, or in private; `note` is a sentence for people.

    `private`: only whom it answers will see it.
    """

    name: str
    label: str
    note: str = ""
    private: bool = False


@dataclass(frozen=True)
class ReplyPermission:
    """Whether and how this message can be answered.

    `mode` is api (we publish), assisted (a person copies it to the site) or none. `reason` is a sentence for people
    when mode is none or assisted; `url` is where to answer on the site. `ways` are the choices, the usual one first;
    one alone is no choice, but its note is shown. `until` is when the provider stops taking an answer.
    `private`: only whom it answers will see it, whichever way it takes.
    """

    mode: ReplyMode
    reason: str = ""
    url: str | None = None
    ways: tuple[ReplyWay, ...] = ()
    until: datetime | None = None
    private: bool = False


@dataclass(frozen=True)
class Reply:
    """A reply to send: `key` is chosen before the first attempt and stays the same in every attempt.

    `queued_at` is when its writer sent it off, knowing what was stored by then.
    """

    key: str
    text: str
    target: ReplyTarget
    author_name: str
    author_email: str
    attempted_at: datetime | None = None
    way: str = ""  # the name of the chosen `ReplyWay`; "" for the usual one
    queued_at: datetime | None = None


@dataclass(frozen=True)
class SentReply:
    """What the provider made of our reply; `state` is pending while its moderators hold it.

    `private`: only whom it answers can see it, although what it answers is public.
    """

    remote_id: str
    url: str | None
    state: Literal["live", "pending"] = "live"
    private: bool = False


def as_signed_in(access: Access, target: ReplyTarget, by_hand: str) -> ReplyPermission:
    """Say that it can be answered as the account that is signed in; where none is, by hand, for this reason."""
    if target.may_not_reply:
        return ReplyPermission("none", target.may_not_reply, target.url)
    if not access.secrets.get("access_token"):
        return ReplyPermission("assisted", by_hand, target.url)
    return ReplyPermission("api", "", target.url)
