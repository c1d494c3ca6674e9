"""What a channel served becomes conversations and messages: once, whatever is delivered again.

A page and the cursor that resumes after it are stored in one transaction. Every insert ignores what is already there,
keyed on (organisation, channel, the provider's id), so the same page twice, in any order, changes nothing.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from uuid import UUID

from sqlalchemy.exc import StatementError

from healthberry.connectors.base import InboundItem
from healthberry.core import (
    aliases,
    arrivals,
    copies,
    copies_found,
    events,
    expiry,
    ingest_edits,
    ingest_rows,
    noise,
    quarantine,
    readers,
    restricting,
    summaries,
    suppression,
)
from healthberry.models.channels import Channel


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
    single: set[UUID] = field(default_factory=set)

    def touched(self) -> set[UUID]:
        """Return every conversation that is not as it was."""
        return self.new | self.returned | self.answered | self.changed


def store_page(channel: Channel, items: Sequence[InboundItem], *, backfill: bool, imported: bool = False) -> Stored:
    """Store what is new among `items`, follow edits and withdrawals; return what changed.

    What was posted before the channel was linked is historic as long as the first backfill runs: it raises no alert and
    is read already; so is all that is `imported` from a file. Everything else is live, however old it says it is: some
    sites publish days after the writing.

    A page that the database refuses is stored in halves, down to the items that it refuses: these are quarantined.
    Raises: what is no fault of the page (a lost connection, a deadlock).
    """
    try:
        with events.savepoint():
            return _store_page(channel, items, backfill, imported)
    except (StatementError, UnicodeError) as error:
        reason = quarantine.reason_of(error)
        if reason is None:
            raise
    if len(items) == 1:
        quarantine.keep(channel, [quarantine.as_bad(items[0], reason)])
        return Stored()
    one, other = _halves(items)
    return _joined(
        store_page(channel, one, backfill=backfill, imported=imported),
        store_page(channel, other, backfill=backfill, imported=imported),
    )


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


def _store_page(channel: Channel, items: Sequence[InboundItem], backfill: bool, imported: bool) -> Stored:
    sifted = suppression.sift(channel, items)
    items = expiry.lasting(channel, readers.unify(channel, sifted.items))
    silent = [item for item in items if imported or _is_historic(channel, item, backfill)]
    live = [item for item in items if not imported and not _is_historic(channel, item, backfill)]
    stored = _store(channel, silent, historic=True)
    arrived = _store(channel, live, historic=False)
    closed = summaries.settle(channel.organisation_id, stored.answered | arrived.answered)
    restricting.follow(channel, {item.thread_id for item in items if item.author.remote_id in sifted.restricted})
    single = stored.single | arrived.single
    summaries.refresh(channel.organisation_id, (stored.touched() | arrived.touched()) - single)
    summaries.index(channel.organisation_id, single)
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
        one.single | other.single,
    )


def _store(channel: Channel, items: Sequence[InboundItem], *, historic: bool) -> Stored:
    stored = Stored()
    present = [item for item in items if item.change != "withdrawn"]
    there = ingest_edits.stored(channel, present)
    if aliases.settle(channel, present, there):
        there = ingest_edits.stored(channel, present)
    present = ingest_edits.where_they_are(channel, present)
    fresh = [item for item in present if item.remote_id not in there]
    threads, begun = ingest_rows.conversations(channel, fresh, historic=historic)
    stored.new = set(begun)
    # What the organisation said in a thread that nobody else wrote in is not feedback: it opens no conversation.
    told = [item for item in fresh if item.thread_id in threads]
    writers = ingest_rows.authors(channel, told)
    added, late = ingest_rows.messages(channel, told, writers, threads, historic=historic)
    stored.messages = len(added)
    said = Counter(item.thread_id for item in told)
    stored.single = {threads[item.thread_id] for item in begun.values() if said[item.thread_id] == 1}
    stored.returned = {row.conversation_id for row in added if row.direction == "inbound"}
    if late:  # somebody else stored these in the meantime
        there |= ingest_edits.stored(channel, late)
    again = {item.remote_id: item for item in present if item.remote_id in there}
    stored.changed, replaced = ingest_edits.follow(channel, list(again.values()), there)
    stored.changed |= {row.conversation_id for row in added if row.direction == "other"}
    stored.answered = {row.conversation_id for row in added if row.direction == "outbound"} | replaced
    noisy = noise.sort_out(channel, begun)
    stored.quiet = noisy | copies_found.note(channel, {one: item for one, item in begun.items() if one not in noisy})
    gone = [item for item in items if item.change == "withdrawn"]
    for item in gone:
        stored.changed.update(ingest_edits.withdraw(channel, item))
    stored.single -= stored.changed | stored.answered
    # What was there in a form that could not be read, and can be now, waits no more; nor does what was taken down.
    quarantine.forget(channel, {item.remote_id for item in (items if channel.items_quarantined else gone)})
    return stored
