"""What stands on an organisation's public page: what anybody can read on its site, less what should not be repeated.

Two kinds of no. Some conversations are not there at all (`_conditions`, and what somebody asked about). Of others it is
only said that there is something, when, and where to read it (`Item.without`). No author, colleague, rating, service or
day is ever given.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists, or_, select, tuple_

from healthberry.core import guarded, holds, places, public_addresses, public_requests, public_threads, public_words
from healthberry.core.channels import capabilities_of
from healthberry.core.errors import NotFound
from healthberry.core.guarding import Own
from healthberry.core.places import Places
from healthberry.core.public_requests import Asked
from healthberry.core.public_threads import Thread
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import HIDDEN, Conversation, Message
from healthberry.models.keeping import Erasure
from healthberry.models.organisations import Member
from healthberry.models.public import PublicPage, PublicRemoval

PAGE: Final = 20
_MOST_READ: Final = 5  # pages of conversations that are looked through for one page to show
_LONDON: Final = ZoneInfo("Europe/London")
# Closed, and for a reason that says that it is none of the public's, or in dispute.
_NOT_FOR_THE_PUBLIC: Final = ("not_about_us", "duplicate", "spam", "abusive", "in_complaint", "no_experience")
TERMS, PERSONAL, UNSEEN = "terms", "personal", "unseen"


@dataclass(frozen=True)
class Answer:
    """An answer of the organisation that is published; `words` are None where they are withheld."""

    month: date
    words: str | None


@dataclass(frozen=True)
class Item:
    """One conversation as the public page shows it. `without` says why `title` and `words` are not given.

    `month` is the first day of the month in which it was posted. `conversation_id` is for members alone, who look at
    the preview.
    """

    token: str
    conversation_id: UUID
    kind: str
    month: date
    url: str | None
    title: str = ""
    words: str = ""
    without: str = ""
    answers: Sequence[Answer] = ()


@dataclass(frozen=True)
class Listed:
    """Some items, the newest first, and what the address of the next ones is told ("" at the end)."""

    found: Sequence[Item]
    next: str


@dataclass(frozen=True)
class _Looks:
    """What is asked once for a whole page of items."""

    page: PublicPage
    asked: Asked
    own: Own

    @classmethod
    def at(cls, page: PublicPage) -> "_Looks":
        return cls(page, public_requests.waiting(page), guarded.own_of_organisation(page.organisation_id))

    def items(self, conversations: Sequence[Conversation]) -> list[Item]:
        """Return those of them that stand on the page, in their order."""
        threads = public_threads.of(self.page.organisation_id, conversations)
        return [_item(self, one) for one in threads if not _is_asked_about(self.asked, one)]


def listed(page: PublicPage, after: str = "") -> Listed:
    """Return a page of items; `after` is the address of the last one before them. The organisation must be entered."""
    looks, last = _Looks.at(page), _start(page, after)
    shown: list[Item] = []
    for _ in range(_MOST_READ):
        some = _conversations(page, *_before(last))
        shown += looks.items(some[:PAGE])
        last = some[:PAGE][-1] if some else None
        if len(some) <= PAGE or len(shown) >= PAGE:
            break
    more = last is not None and len(some) > PAGE
    return Listed(shown, public_addresses.make(page, last.id) if more and last else "")


def find(page: PublicPage, token: str) -> Item:
    """Return one item by what its address ends with. Raises: NotFound, whyever it is not there."""
    conversation_id = public_addresses.read(page, token)
    item = of_conversation(page, conversation_id) if conversation_id else None
    if item is None:
        raise NotFound
    return item


def of_conversation(page: PublicPage, conversation_id: UUID) -> Item | None:
    """Return how this conversation stands on the page, None where it does not."""
    found = _Looks.at(page).items(_conversations(page, Conversation.id == conversation_id))
    return found[0] if found else None


def is_taken_off(member: Member, conversation_id: UUID) -> bool:
    """Say whether people took it off the page."""
    return db.session.get(PublicRemoval, (member.organisation_id, conversation_id)) is not None


def _start(page: PublicPage, after: str) -> Conversation | None:
    conversation_id = public_addresses.read(page, after) if after else None
    return db.session.get(Conversation, (page.organisation_id, conversation_id)) if conversation_id else None


def _before(last: Conversation | None) -> list[ColumnElement[bool]]:
    if last is None:
        return []
    return [tuple_(Conversation.started_at, Conversation.id) < tuple_(last.started_at, last.id)]


def _conversations(page: PublicPage, *which: ColumnElement[bool]) -> Sequence[Conversation]:
    """Return up to one more than a page of what may be there, the newest first."""
    channel_ids = _channels(page)
    mine = (Conversation.organisation_id == page.organisation_id, Conversation.channel_id.in_(channel_ids))
    newest = (Conversation.started_at.desc(), Conversation.id.desc())
    statement = select(Conversation).where(*mine, *_conditions(), *which).order_by(*newest).limit(PAGE + 1)
    return db.session.scalars(statement).all() if channel_ids else ()


def _channels(page: PublicPage) -> Sequence[UUID]:
    """Return the chosen channels that are read: of others nobody would see that something was taken down there."""
    statement = select(Channel.id, Channel.kind).where(
        Channel.organisation_id == page.organisation_id,
        Channel.id.in_([UUID(one) for one in page.channels]),
        Channel.state == "active",
    )
    return [one.id for one in db.session.execute(statement) if capabilities_of(one.kind).display != "none"]


def _conditions() -> list[ColumnElement[bool]]:
    """Return what holds for every conversation that may be there at all."""
    here = Conversation.organisation_id
    taken_off = exists().where(PublicRemoval.organisation_id == here, PublicRemoval.conversation_id == Conversation.id)
    # Two selects deep, what belongs to the outer ones has to be named.
    wrote = (
        select(Message.id)
        .where(
            Message.organisation_id == here,
            Message.conversation_id == Conversation.id,
            Message.author_id == Erasure.author_id,
        )
        .correlate(Conversation, Erasure)
        .exists()
    )
    being_erased = exists().where(
        Erasure.organisation_id == here,
        Erasure.finished_at.is_(None),
        or_(Erasure.conversation_id == Conversation.id, wrote),
    )
    return [
        *places.within(Places(everywhere=True, public=True)),
        Conversation.status.not_in(HIDDEN),
        or_(Conversation.closed_reason.is_(None), Conversation.closed_reason.not_in(_NOT_FOR_THE_PUBLIC)),
        ~Conversation.restricted,
        ~Conversation.withdrawn,
        Conversation.erased_at.is_(None),
        Conversation.expired_at.is_(None),
        ~holds.holding(),
        ~taken_off,
        ~being_erased,
    ]


def _item(looks: _Looks, thread: Thread) -> Item:
    conversation, opening = thread.conversation, thread.opening
    kind = conversation.channel_kind
    rules = capabilities_of(kind).display
    plain = Item(
        token=public_addresses.make(looks.page, conversation.id),
        conversation_id=conversation.id,
        kind=kind,
        month=_month(opening),
        url=_link(opening.url) or _link(conversation.url),
        answers=[
            Answer(_month(one), _answer(looks, thread, one) if rules == "text" else None) for one in thread.answers
        ],
    )
    if rules != "text":
        return replace(plain, without=TERMS)
    if not _was_seen(conversation):
        return replace(plain, without=UNSEEN)
    # Together, for a name may begin in the title: what separates them is part of no word.
    words = public_words.shown(f"{opening.title}\x1f\n{opening.text}", opening.screen_name, looks.own)
    if words is None:
        return replace(plain, without=PERSONAL)
    title, _, text = words.partition("\x1f\n")
    return replace(plain, title=title, words=text)


def _is_asked_about(asked: Asked, thread: Thread) -> bool:
    opening, author = thread.opening, thread.author
    links = (opening.url, thread.conversation.url, author.url if author else None)
    return asked.is_about(thread.conversation.id, links, (opening.screen_name, author.remote_id if author else None))


def _answer(looks: _Looks, thread: Thread, message: Message) -> str | None:
    return public_words.shown(message.text, thread.opening.screen_name, looks.own, ours=True)


def _was_seen(conversation: Conversation) -> bool:
    """Say whether people have dealt with it: until then nobody knows whether somebody in it is at risk."""
    dealt_with = conversation.status in ("closed", "waiting") or conversation.assignee_id is not None
    return conversation.historic or conversation.replied or dealt_with


def _month(message: Message) -> date:
    return message.posted_at.astimezone(_LONDON).date().replace(day=1)


def _link(url: str | None) -> str | None:
    return url if url and url.startswith(("https://", "http://")) else None
