"""What a channel served becomes conversations and messages: once, whatever is delivered again.

A page and the cursor that resumes after it are stored in one transaction. Every insert ignores what is already there,
keyed on (organisation, channel, the provider's id), so the same page twice, in any order, changes nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, and_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import StatementError

from healthberry.connectors.base import Capabilities, InboundItem
from healthberry.connectors.text import similar
from healthberry.core import (
    aliases,
    arrivals,
    attachments,
    copies,
    events,
    expiry,
    noise,
    quarantine,
    readers,
    register,
    summaries,
    tombstones,
)
from healthberry.core.channels import capabilities_of
from healthberry.core.details import source_of
from healthberry.core.recheck_times import next_recheck
from healthberry.extensions import Base, db
from healthberry.models.channels import Author, Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.organisations import Organisation
from healthberry.models.owned import new_id, now

_FIRST_WORDS = 200
_FUTURE = timedelta(minutes=10)


@dataclass
class Stored:
    """What one call of `store_items` added and changed: ids of conversations.

    `new` were not known before, `returned` got another message from their author, `answered` one from the organisation
    that was written elsewhere, `changed` follow an edit or a withdrawal. `quiet` are those of `new` that are shown
    nowhere by themselves: copies of what stands on another site, and noise.
    """

    messages: int = 0
    new: set[UUID] = field(default_factory=set)
    returned: set[UUID] = field(default_factory=set)
    answered: set[UUID] = field(default_factory=set)
    changed: set[UUID] = field(default_factory=set)
    quiet: set[UUID] = field(default_factory=set)

    def by_direction(self, direction: str) -> set[UUID]:
        """Return the set that a conversation joins with a message of this direction."""
        return {"inbound": self.returned, "outbound": self.answered}.get(direction, self.changed)

    def touched(self) -> set[UUID]:
        """Return every conversation that is not as it was."""
        return self.new | self.returned | self.answered | self.changed


def store_page(channel: Channel, items: Sequence[InboundItem], *, backfill: bool) -> Stored:
    """Store what is new among `items`, follow edits and withdrawals; return what changed.

    What was posted before the channel was linked is historic as long as the first backfill runs: it raises no alert and
    is read already. Everything else is live, however old it says it is: some sites publish days after the writing.

    A page that the database refuses is stored in halves, down to the items that it refuses: these are quarantined.
    Raises: what is no fault of the page (a lost connection, a deadlock).
    """
    try:
        with events.savepoint():
            return _store_page(channel, items, backfill)
    except (StatementError, UnicodeError) as error:
        reason = quarantine.reason_of(error)
        if reason is None:
            raise
    if len(items) == 1:
        quarantine.keep(channel, [quarantine.as_bad(items[0], reason)])
        return Stored()
    one, other = _halves(items)
    return _joined(store_page(channel, one, backfill=backfill), store_page(channel, other, backfill=backfill))


def _halves(items: Sequence[InboundItem]) -> tuple[list[InboundItem], list[InboundItem]]:
    """Part whole threads as long as there are several; within one, what was said first goes first."""
    threads: dict[str, list[InboundItem]] = {}
    for item in items:
        threads.setdefault(item.thread_id, []).append(item)
    parts = list(threads.values())
    if len(parts) == 1:
        parts = [[item] for item in sorted(items, key=lambda item: (item.direction, item.posted_at))]
    middle = len(parts) // 2
    return list(chain.from_iterable(parts[:middle])), list(chain.from_iterable(parts[middle:]))


def _store_page(channel: Channel, items: Sequence[InboundItem], backfill: bool) -> Stored:
    items = expiry.lasting(channel, readers.unify(channel, items))
    silent = [item for item in items if _is_historic(channel, item, backfill)]
    live = [item for item in items if not _is_historic(channel, item, backfill)]
    stored = _store(channel, silent, historic=True)
    arrived = _store(channel, live, historic=False)
    closed = summaries.settle(channel.organisation_id, stored.answered | arrived.answered)
    summaries.refresh(channel.organisation_id, stored.touched() | arrived.touched())
    copies.promote(channel.organisation_id, stored.changed | arrived.changed)
    arrivals.announce(channel, arrived.new - arrived.quiet, arrived.returned - arrived.new)
    arrivals.announce_closed(channel, closed & arrived.answered)
    arrivals.announce_changes(channel, (stored.changed | arrived.answered | arrived.changed) - arrived.new)
    return _joined(stored, arrived)


def _is_historic(channel: Channel, item: InboundItem, backfill: bool) -> bool:
    return item.posted_at < channel.created_at and (backfill or channel.backfill_state != "done")


def _joined(one: Stored, other: Stored) -> Stored:
    return Stored(
        one.messages + other.messages,
        one.new | other.new,
        one.returned | other.returned,
        one.answered | other.answered,
        one.changed | other.changed,
        one.quiet | other.quiet,
    )


def _store(channel: Channel, items: Sequence[InboundItem], *, historic: bool) -> Stored:
    stored = Stored()
    present = [item for item in items if item.change != "withdrawn"]
    aliases.settle(channel, present)
    present = _where_they_are(channel, present)
    threads, begun = _conversations(channel, present, historic, stored)
    # What the organisation said in a thread that nobody else wrote in is not feedback: it opens no conversation.
    known = [item for item in present if item.thread_id in threads]
    if known:
        _messages(channel, known, _authors(channel, known), threads, historic, stored)
    noisy = noise.sort_out(channel, begun)
    stored.quiet = noisy | copies.note(channel, {one: item for one, item in begun.items() if one not in noisy})
    gone = [item for item in items if item.change == "withdrawn"]
    for item in gone:
        _withdraw(channel, item, stored)
    quarantine.forget(channel, {item.remote_id for item in gone})
    return stored


def _where_they_are(channel: Channel, items: Sequence[InboundItem]) -> list[InboundItem]:
    """Leave what is stored in its conversation, whatever thread its source counts it to by now.

    On some sites an answer belongs to no thread any more once what it answered was deleted.
    """
    again = [item.remote_id for item in items if item.change == "edited"]
    if not again:
        return list(items)
    found = (
        select(Message.remote_id, Conversation.remote_thread_id)
        .join_from(Message, Conversation, _in_conversation())
        .where(
            Message.organisation_id == channel.organisation_id,
            Message.channel_id == channel.id,
            Message.remote_id.in_(again),
        )
    )
    stored: dict[str, str] = dict(iter(db.session.execute(found)))
    return [replace(item, thread_id=stored.get(item.remote_id, item.thread_id)) for item in items]


def _in_conversation() -> ColumnElement[bool]:
    return and_(Message.organisation_id == Conversation.organisation_id, Message.conversation_id == Conversation.id)


def _insert_unknown(model: type[Base], rows: Sequence[dict[str, Any]], *columns: str) -> Sequence[Row[Any]]:
    """Insert the rows that no unique constraint knows yet, and return `columns` of those.

    The rows are parameters of one compiled statement: written out as VALUES, a page would be compiled anew each time.
    """
    table = cast(Table, model.__table__)
    statement = insert(table).on_conflict_do_nothing().returning(*(table.c[name] for name in columns))
    return db.session.execute(statement, rows).all()


def _authors(channel: Channel, items: Sequence[InboundItem]) -> dict[str, UUID]:
    known = {item.author.remote_id: item.author for item in items if item.author.remote_id}
    if not known:
        return {}
    rows = [
        {
            "organisation_id": channel.organisation_id,
            "id": new_id(),
            "channel_id": channel.id,
            "remote_id": remote_id,
            "screen_name": author.screen_name,
            "url": author.url,
        }
        for remote_id, author in sorted(known.items())
    ]
    _insert_unknown(Author, rows, "id")
    found = select(Author.remote_id, Author.id).where(
        Author.organisation_id == channel.organisation_id,
        Author.channel_id == channel.id,
        Author.remote_id.in_(known),
    )
    return {str(remote_id): author_id for remote_id, author_id in db.session.execute(found)}


def _conversations(
    channel: Channel, items: Sequence[InboundItem], historic: bool, stored: Stored
) -> tuple[dict[str, UUID], dict[UUID, InboundItem]]:
    """Return the conversation of each thread, and with what each new one begins."""
    firsts: dict[str, InboundItem] = {}
    for item in items:
        first = firsts.get(item.thread_id)
        if first is None or (item.direction, item.posted_at) < (first.direction, first.posted_at):
            firsts[item.thread_id] = item
    services = _services(channel, firsts.values())
    rows = [
        _conversation_row(channel, first, historic) | services.get(first.service_code or "", {})
        for _, first in sorted(firsts.items())
        if first.direction == "inbound"
    ]
    if rows:
        stored.new = {row.id for row in _insert_unknown(Conversation, rows, "id")}
    found = select(Conversation.remote_thread_id, Conversation.id).where(
        Conversation.organisation_id == channel.organisation_id,
        Conversation.channel_id == channel.id,
        Conversation.remote_thread_id.in_(firsts),
    )
    threads = dict(iter(db.session.execute(found)))
    return threads, {threads[name]: one for name, one in firsts.items() if threads.get(name) in stored.new}


def _services(channel: Channel, firsts: Collection[InboundItem]) -> dict[str, dict[str, str | None]]:
    """Name the sites by the register, where the channel gives only their codes; the organisation itself is no site.

    Some codes carry the name of a service behind the site's: "RXX01 outpatients".
    """
    owner = db.session.get_one(Organisation, channel.organisation_id)
    codes = {item.service_code for item in firsts if item.service_code}
    known = register.names(db.session(), {code.split(" ")[0] for code in codes})
    named: dict[str, dict[str, str | None]] = {}
    for code in codes:
        site, _, service = code.partition(" ")
        if code == owner.ods_code:
            named[code] = {"service_code": None, "service_name": None}
        elif site in known:
            named[code] = {"service_name": f"{known[site]}, {service}" if service else known[site]}
    return named


def _conversation_row(channel: Channel, first: InboundItem, historic: bool) -> dict[str, Any]:
    rating = first.ratings[0] if first.ratings else None
    posted_at = _not_in_future(first.posted_at)
    return {
        "organisation_id": channel.organisation_id,
        "id": new_id(),
        "channel_id": channel.id,
        "channel_kind": channel.kind,
        "remote_thread_id": first.thread_id,
        "screen_name": first.author.screen_name,
        "title": first.title,
        "first_words": _first_words(first.text),
        "url": first.url,
        "rating": rating.value if rating else None,
        "rating_out_of": rating.out_of if rating else None,
        "service_code": first.service_code,
        "service_name": first.service_name,
        "author_role": first.author_role,
        "experienced": first.experienced,
        "syndication_key": first.syndication_key,
        "status": "open",
        "copy_parted": False,
        "also_on": [],
        "historic": historic,
        "withdrawn": False,
        "replied": False,
        "version": 0,
        "started_at": posted_at,
        "last_activity_at": posted_at,
        "arrived_at": now(),
    }


def _messages(
    channel: Channel,
    items: Sequence[InboundItem],
    authors: dict[str, UUID],
    threads: dict[str, UUID],
    historic: bool,
    stored: Stored,
) -> None:
    unique = {item.remote_id: item for item in items}
    rules = capabilities_of(channel.kind)
    rows = [
        _message_row(channel, item, authors, threads, historic) | {"recheck_at": _first_recheck(rules, item)}
        for _, item in sorted(unique.items())
    ]
    added = {}
    for row in _insert_unknown(Message, rows, "remote_id", "conversation_id", "direction", "id"):
        added[row.remote_id] = row.conversation_id
        attachments.keep(channel.organisation_id, row.id, unique[row.remote_id].files)
        stored.by_direction(row.direction).add(row.conversation_id)
    stored.messages = len(added)
    _edit(channel, [item for remote_id, item in unique.items() if remote_id not in added], stored)


def _first_recheck(rules: Capabilities, item: InboundItem) -> datetime | None:
    """Only what others wrote is looked at again: our own answers are not listed by their ids everywhere."""
    return next_recheck(rules, item.posted_at, now()) if item.direction == "inbound" else None


def _message_row(
    channel: Channel, item: InboundItem, authors: dict[str, UUID], threads: dict[str, UUID], historic: bool
) -> dict[str, Any]:
    message_id = new_id()
    return {
        "organisation_id": channel.organisation_id,
        "id": message_id,
        "conversation_id": threads[item.thread_id],
        "channel_id": channel.id,
        "remote_id": item.remote_id,
        "also_id": item.also or None,
        "direction": item.direction,
        "author_id": authors.get(item.author.remote_id or ""),
        "screen_name": item.author.screen_name,
        "title": item.title,
        "text": item.text,
        "in_reply_to": item.in_reply_to,
        "ratings": _ratings(item),
        "attachments": [*(dict(one) for one in item.attachments), *attachments.named(message_id, item.files)],
        "url": item.url,
        "source": source_of(item, {}),
        "may_not_reply": item.may_not_reply,
        "historic": historic,
        "posted_at": _not_in_future(item.posted_at),
        "received_at": now(),
    }


def _ratings(item: InboundItem) -> list[dict[str, Any]]:
    return [{"name": r.name, "value": r.value, "out_of": r.out_of} for r in item.ratings]


def _edit(channel: Channel, known: Sequence[InboundItem], stored: Stored) -> None:
    """Follow the source where its words changed; also brings back what had been withdrawn and shows again.

    What we published ourselves keeps the words that its writer chose, which moderators may have touched up, until quite
    other words stand in its place: then somebody answered anew on the site itself.
    """
    if not known:
        return
    columns = (Message.remote_id, Message.text, Message.title, Message.withdrawn_at, Message.source, Message.ratings)
    found = select(*columns, Message.may_not_reply, Message.member_id, Message.posted_at, Message.also_id).where(
        Message.organisation_id == channel.organisation_id,
        Message.channel_id == channel.id,
        Message.remote_id.in_([item.remote_id for item in known]),
    )
    present = {row.remote_id: row for row in db.session.execute(found)}
    for item in known:
        row = present.get(item.remote_id)
        if row is None:
            continue
        if row.member_id is not None:
            if _is_replaced(row, item):
                stored.answered.update(_write(channel, item, **_replacement(item)))
            continue
        # What another reader brought first was not edited because this one words it otherwise.
        known_better = bool(item.also) and row.also_id != item.also
        if known_better:
            _write(channel, item, also_id=item.also)
        source = row.source if item.provisional else source_of(item, row.source)
        if (row.source, row.may_not_reply) != (source, item.may_not_reply):
            # What a reply needs to know (answered already, no longer mentioned) changes without a word changing.
            _write(channel, item, source=source, may_not_reply=item.may_not_reply)
        ratings = row.ratings if item.provisional else _ratings(item)
        if (row.text, row.title, row.ratings) != (item.text, item.title, ratings) or row.withdrawn_at is not None:
            words = {"text": item.text, "title": item.title, "screen_name": item.author.screen_name, "ratings": ratings}
            mark = {} if known_better else {"edited_at": now()}
            look = {"recheck_at": now()} if item.direction == "inbound" else {}
            stored.changed.update(_write(channel, item, **words, **look, **mark, withdrawn_at=None))


def _is_replaced(row: Row[Any], item: InboundItem) -> bool:
    """Say whether other words than our member's stand there now, put there later than ours."""
    return item.posted_at > row.posted_at and not similar(row.text, item.text)


def _replacement(item: InboundItem) -> dict[str, Any]:
    at = _not_in_future(item.posted_at)
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


def _withdraw(channel: Channel, item: InboundItem, stored: Stored) -> None:
    """Forget the words of what the source took down, at once; the place in the thread stays."""
    there = [_same(channel, item)]
    if item.direction == "outbound":
        # Who looked may have done so before this answer was published.
        there.append(Message.posted_at < item.posted_at)
    stored.changed.update(tombstones.forget_words(channel.organisation_id, *there))


def _first_words(text: str) -> str:
    return " ".join(text[: _FIRST_WORDS * 2].split())[:_FIRST_WORDS]


def _not_in_future(moment: datetime) -> datetime:
    """A provider's clock may be wrong: nothing stays on top of the list because it claims to be from tomorrow."""
    return min(moment, now() + _FUTURE)
