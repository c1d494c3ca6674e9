"""What changes in messages that are stored: other words, other stars, taken down, counted to another thread."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, select, update

from healthberry.connectors.base import InboundItem
from healthberry.connectors.text import similar
from healthberry.core import holds, tombstones
from healthberry.core.bulk import look_up
from healthberry.core.details import source_of
from healthberry.core.ingest_rows import not_in_future, ratings_of
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.owned import now


def where_they_are(channel: Channel, items: Sequence[InboundItem]) -> list[InboundItem]:
    """Leave what is stored in its conversation, whatever thread its source counts it to by now.

    On some sites an answer belongs to no thread any more once what it answered was deleted.
    """
    again = {item.remote_id for item in items if item.change == "edited"}
    if not again:
        return list(items)
    found = look_up(channel, Message.remote_id, again, Message.remote_id, Message.conversation_id)
    named = select(Conversation.id, Conversation.remote_thread_id).where(
        Conversation.organisation_id == channel.organisation_id,
        Conversation.id.in_({row.conversation_id for row in found}),
    )
    threads: dict[UUID, str] = dict(iter(db.session.execute(named))) if found else {}
    stands = {row.remote_id: threads[row.conversation_id] for row in found}
    return [
        item
        if (thread := stands.get(item.remote_id, item.thread_id)) == item.thread_id
        else replace(item, thread_id=thread)
        for item in items
    ]


def stored(channel: Channel, items: Sequence[InboundItem]) -> dict[str, Row[Any]]:
    """Return what is stored of these items, by the ids that it stands under: what `follow` compares with."""
    columns = (Message.remote_id, Message.text, Message.title, Message.withdrawn_at, Message.source, Message.ratings)
    more = (Message.may_not_reply, Message.member_id, Message.posted_at, Message.also_id)
    names = {name for item in items for name in (item.remote_id, *item.aliases)}
    found = look_up(channel, Message.remote_id, names, *columns, *more)
    return {row.remote_id: row for row in found}


def follow(
    channel: Channel, known: Sequence[InboundItem], present: Mapping[str, Row[Any]]
) -> tuple[set[UUID], set[UUID]]:
    """Follow the source where its words changed; also brings back what had been withdrawn and shows again.

    What we published ourselves keeps the words that its writer chose, which moderators may have touched up, until quite
    other words stand in its place: then somebody answered anew on the site itself. Return the conversations in which
    something changed, and those that were answered so.
    """
    changed: set[UUID] = set()
    answered: set[UUID] = set()
    for item in known:
        row = present.get(item.remote_id)
        if row is None:
            continue
        if row.member_id is not None:
            if _is_replaced(row, item):
                answered.update(_write(channel, item, **_replacement(item)))
            continue
        # What another reader brought first was not edited because this one words it otherwise.
        known_better = bool(item.also) and row.also_id != item.also
        if known_better:
            _write(channel, item, also_id=item.also)
        source = row.source if item.provisional else source_of(item, row.source)
        if (row.source, row.may_not_reply) != (source, item.may_not_reply):
            # What a reply needs to know (answered already, no longer mentioned) changes without a word changing.
            _write(channel, item, source=source, may_not_reply=item.may_not_reply)
        ratings = row.ratings if item.provisional else ratings_of(item)
        if (row.text, row.title, row.ratings) != (item.text, item.title, ratings) or row.withdrawn_at is not None:
            words = {"text": item.text, "title": item.title, "screen_name": item.author.screen_name, "ratings": ratings}
            mark = {} if known_better else {"edited_at": now()}
            look = {"recheck_at": now()} if item.direction == "inbound" else {}
            changed.update(_write(channel, item, **words, **look, **mark, withdrawn_at=None))
    return changed, answered


def _is_replaced(row: Row[Any], item: InboundItem) -> bool:
    """Say whether other words than our member's stand there now, put there later than ours."""
    return item.posted_at > row.posted_at and not similar(row.text, item.text)


def _replacement(item: InboundItem) -> dict[str, Any]:
    at = not_in_future(item.posted_at)
    return {
        "text": item.text,
        "title": item.title,
        "member_id": None,
        "screen_name": item.author.screen_name,
        "posted_at": at,
        "received_at": now(),
        "withdrawn_at": None,
    }


def _write(channel: Channel, item: InboundItem, **values: Any) -> Sequence[UUID]:
    statement = update(Message).where(_same(channel, item)).values(**values).returning(Message.conversation_id)
    return db.session.execute(statement).scalars().all()


def _same(channel: Channel, item: InboundItem) -> ColumnElement[bool]:
    return and_(
        Message.organisation_id == channel.organisation_id,
        Message.channel_id == channel.id,
        Message.remote_id == item.remote_id,
    )


def withdraw(channel: Channel, item: InboundItem) -> Sequence[UUID]:
    """Forget the words of what the source took down, at once; the place in the thread stays. Return what changed."""
    there = [_same(channel, item)]
    if item.direction == "outbound":
        # Who looked may have done so before this answer was published.
        there.append(Message.posted_at < item.posted_at)
    held = holds.seal(channel.organisation_id, and_(*there))
    return tombstones.forget_words(channel.organisation_id, *there, keep_files_of=held)
