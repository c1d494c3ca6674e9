"""What comes in: items, with their authors, ratings and files, and the pages that they are read by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Change = Literal["created", "edited", "withdrawn"]


@dataclass(frozen=True)
class Rating:
    """One rating: `name` as the provider words it, `value` of `out_of`."""

    name: str
    value: float
    out_of: float


@dataclass(frozen=True)
class Author:
    """Who wrote it, as this channel knows them; `remote_id` is None for anonymous authors."""

    remote_id: str | None
    screen_name: str
    url: str | None = None


@dataclass(frozen=True)
class File:
    """A file that came with an item and that nobody else keeps: a name for people, its media type, its bytes."""

    name: str
    content_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class InboundItem:
    """One thing that somebody wrote, or that the organisation answered, as the channel served it.

    `thread_id` groups a conversation (a review and its response share one). `direction` is outbound for what the
    organisation itself published, other for what another organisation answered in the same thread: it is shown, and
    nothing follows from it. `may_not_reply` is a sentence why not, or None when it can be answered.
    `service_code` is the ODS code of the site or service it is about. `syndication_key` is equal for copies of one
    story on two sites.
    `details` are pairs of label and value for people; a blank value takes back what was there, what is not named stays.
    `experienced` is "YYYY-MM". Texts are plain text or Markdown as served, without control characters; never trusted.

    A connector does not know what is stored: `edited` says that this is the item as it is now and may differ (store
    it where it is unknown, compare where it is known); `withdrawn` items carry no words, and their `thread_id` may be
    their own id. An outbound item never opens a conversation: where its thread is unknown, it answers somebody else's
    story and is to be left out. A withdrawn outbound item says by `posted_at` when it was seen to be missing: what was
    published later stays.
    """

    remote_id: str
    thread_id: str
    direction: Literal["inbound", "outbound", "other"]
    author: Author
    text: str
    posted_at: datetime
    title: str = ""
    in_reply_to: str | None = None
    ratings: tuple[Rating, ...] = ()
    experienced: str | None = None
    url: str | None = None
    service_code: str | None = None
    service_name: str | None = None
    author_role: str | None = None
    attachments: tuple[Mapping[str, str], ...] = ()
    syndication_key: str | None = None
    may_not_reply: str | None = None
    change: Change = "created"
    details: tuple[tuple[str, str], ...] = ()
    also: str = ""  # the id under which a second reader of the channel brings the same item
    provisional: bool = False  # it comes from the second reader: what is stored may have a better id, and more to it
    source: Mapping[str, Any] = field(default_factory=dict)  # small provider facts that later calls need
    aliases: tuple[str, ...] = ()  # other ids of the same item: it may be stored under one of them
    files: tuple[File, ...] = field(default=(), repr=False)  # kept by us, where the channel is told and keeps nothing


@dataclass(frozen=True)
class BadItem:
    """A piece of a page that could not be read: kept raw, with the reason for people."""

    raw: str
    reason: str
    remote_id: str | None = None


@dataclass(frozen=True)
class Page:
    """One page read: `cursor` resumes after it, `more` says whether to go on at once.

    `total` is how many items the source says there are (None where it does not tell). `bad` are elements that could not
    be read; the others are unaffected. The same page stored twice changes nothing.
    """

    items: Sequence[InboundItem]
    cursor: str | None
    more: bool
    bad: Sequence[BadItem] = ()
    total: int | None = None
    poll_now: bool = False  # of a delivery: it was a hint only, the channel is to be asked
    paid: Sequence[str] = ()  # ids of what the provider charges for, each once a day
