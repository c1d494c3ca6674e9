"""What is held of whoever asks: found by a pasted link or handle, on each channel by itself.

People are never joined across channels, so each find stands alone: a person decides whether it is the one who asks.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from healthberry.core import channels, conversations, erasing, public_addresses, reading_rights
from healthberry.core.erasing import Writer
from healthberry.core.errors import Invalid
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.channels import Author, Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.organisations import Member

MOST: Final = 20
_BEGINS: Final = re.compile(r"^(https?://)?(www\.|m\.)?")
_LINK: Final = re.compile(r"https?://\S+|www\.\S+|\S+\.\S+/\S+")


@dataclass(frozen=True)
class Match:
    """Somebody who may be the one who asks: one writer in one conversation. `key` is how a form names it."""

    conversation_id: UUID
    channel: Channel
    writer: Writer

    @property
    def key(self) -> str:
        """Return the ids of conversation and writer."""
        return f"{self.conversation_id}:{self.writer.id}"


def find(member: Member, about: str) -> Sequence[Match]:
    """Return who wrote at this link, or under this name, and can still be read here; at most twenty.

    Raises: NotAllowed.
    """
    require(member, "manage")
    words = " ".join(about.replace("\x00", "").split())
    if not words:
        return []
    link = _LINK.search(words)
    which = _at_link(link[0]) if link else _by_name(words)
    if named := public_addresses.named_here(member.organisation_id, words):
        which = or_(which, Message.conversation_id.in_(named))
    found: dict[tuple[UUID, UUID | None, str], Match] = {}
    for row in db.session.execute(_rows(member, which)):
        key = row.channel_id, row.author_id, "" if row.author_id else f"{row.conversation_id}{row.screen_name}"
        known = found.get(key)
        # Best by a conversation that may be read: there, the name says who it is.
        if (known is None or not known.writer.screen_name) and (match := _match(member, row)) is not None:
            found[key] = match if known is None or match.writer.screen_name else known
        if len(found) == MOST:
            break
    return list(found.values())


def chosen(member: Member, about: str, key: str) -> Match:
    """Return the find with this key. Raises: NotAllowed; Invalid where it is none of them."""
    match = next((one for one in find(member, about) if one.key == key), None)
    if match is None:
        raise Invalid("Choose whose words it is about.", "who")
    return match


def _rows(member: Member, which: ColumnElement[bool]) -> Any:
    of_author = and_(Author.organisation_id == Message.organisation_id, Author.id == Message.author_id)
    of_message = and_(
        Conversation.organisation_id == Message.organisation_id, Conversation.id == Message.conversation_id
    )
    there = (
        Message.organisation_id == member.organisation_id,
        Message.direction == "inbound",
        Message.withdrawn_at.is_(None),
    )
    columns = (Message.channel_id, Message.author_id, Message.conversation_id, Message.screen_name)
    statement = select(*columns).join(Conversation, of_message).outerjoin(Author, of_author).where(*there, which)
    return statement.order_by(Message.posted_at.desc(), Message.id).limit(500)


def links_in(words: str) -> set[str]:
    """Return the links in some words, each in every way in which it may begin and end, as `plain_link` returns them."""
    return set().union(*(_ways(link) for link in _LINK.findall(words)))


def plain_link(link: str) -> str:
    """Return a link as it is compared: without what sites leave out, or add."""
    return _BEGINS.sub("", link.lower(), count=1).rstrip("/")


def _ways(link: str) -> set[str]:
    whole = plain_link(link.rstrip(".,;)>\"'"))
    return {whole, whole.partition("#")[0].rstrip("/"), re.split(r"[?#]", whole)[0].rstrip("/")}


def _at_link(link: str) -> ColumnElement[bool]:
    """The link of a message, of its conversation or of its author, however it begins and ends."""
    wanted = _ways(link)
    return or_(*(_plainly(column).in_(wanted) for column in (Message.url, Author.url, Conversation.url)))


def _by_name(name: str) -> ColumnElement[bool]:
    bare = name.lower().lstrip("@")
    wanted = {name.lower(), bare, f"@{bare}"}
    return or_(*(func.lower(column).in_(wanted) for column in (Message.screen_name, Author.remote_id)))


def _plainly(column: Any) -> Any:
    return func.rtrim(func.regexp_replace(func.lower(column), _BEGINS.pattern, ""), "/")


def _match(member: Member, row: Any) -> Match | None:
    """Without a name where the member may not read it: that somebody wrote there is all that they are told."""
    conversation = conversations.find(member, row.conversation_id)
    named = reading_rights.may_read(member, conversation)
    writers = erasing.writers(member, conversation.id)
    same = [one for one in writers if one.author_id == row.author_id]
    if row.author_id is None and named:
        same = [one for one in same if one.screen_name == row.screen_name]
    return Match(conversation.id, channels.find(member.organisation_id, row.channel_id), same[0]) if same else None
