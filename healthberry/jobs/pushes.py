"""What providers sent by themselves, read in batches; and the last days read again, for what push missed.

No connection to the database is held while a provider is waited for: every step commits before it calls.
"""

import logging
import time
from collections.abc import Collection, Sequence
from uuid import UUID

from healthberry.connectors.base import Access, Connector
from healthberry.connectors.errors import NotAuthorised, Permanent, RateLimited, Temporary
from healthberry.core import channels, push_batches, reading, rereads, scope
from healthberry.core.events import commit
from healthberry.core.push_batches import Read, Waiting
from healthberry.jobs import batches, ending, ingest, replays, turns
from healthberry.jobs.base import job, nudge_once

log = logging.getLogger(__name__)

_BATCH_SECONDS = 10.0  # what was read by then is stored: a claim must not run out over a slow provider
_DOWN_AFTER = 3  # so many in a row that fail for the moment: it is the provider, not the piece


@job("ingest", timeout_seconds=240, kind="delivery")
def take(organisation: str, channel_id: str) -> None:
    """Read what was sent for a channel, the oldest first; again: there is nothing left.

    It goes on in another job when the slice is over.
    """
    organisation_id = UUID(organisation)
    scope.enter(organisation_id)
    channel = push_batches.claim(organisation_id, UUID(channel_id))
    commit()
    if channel is None:
        return
    ending.holds(reading.give_back, organisation_id, channel.id, "delivery_claimed_until")
    connector, access = channels.connector_of(channel), channels.access_of(channel)
    part_of_it = ending.Slice()
    hinted, kept, read, after = False, 0, Read(), None
    while waiting := push_batches.waiting(channel, after):
        commit()
        read, after = _read(connector, access, waiting, replays.known(channel.id, [one.key for one in waiting]))
        linked = push_batches.store(channel, read)
        hinted, kept = hinted or read.poll_now, kept + read.kept
        ended = read.error is not None or part_of_it.over or push_batches.is_all(waiting, after)
        if linked and ended:
            push_batches.release(channel, read.error, kept)  # with it, for that is another commit less for each item
        commit()
        replays.remember(channel.id, [one.key for one in waiting if one.id in set(read.done)])
        if not linked:
            return
        if ended:
            break
    else:
        push_batches.release(channel, read.error, kept)
        commit()
    more = push_batches.any_waiting(channel)
    turns.hand_on(channel)
    if hinted and reading.poll_seconds(channel):
        ingest.poll.nudge(organisation, channel_id)
    if more:
        batches.nudge(take, organisation, channel_id)


@job("ingest", timeout_seconds=240)
def take_each() -> None:
    """Read what was sent, channel after channel."""
    batches.work(take)


batches.rounds_of(take, take_each)


def _read(
    connector: Connector, access: Access, waiting: Sequence[Waiting], known: Collection[str]
) -> tuple[Read, UUID]:
    """Read deliveries one by one, as many as there is time for; return what they say, and the last that was looked at.

    Those that were read before, by their `known` keys, are done without a look.
    What can't be read blocks nobody: it is quarantined, or waits where it may pass.
    """
    read, in_a_row, last = Read(), 0, waiting[0].id
    ends = time.monotonic() + _BATCH_SECONDS
    for delivery in waiting:
        last = delivery.id
        if delivery.key in known:
            read.done.append(delivery.id)
            continue
        try:
            read.add(delivery, connector.read_delivery(access, delivery.body))
            in_a_row = 0
        except Temporary as error:
            in_a_row += 1
            read.put_back(delivery, error)
            if isinstance(error, RateLimited) or in_a_row >= _DOWN_AFTER:
                read.error = error
        except NotAuthorised as error:
            read.error = error  # somebody has to sign in again; until then all of it waits
        except Permanent as error:
            read.quarantine(delivery, error.reason)
        except Exception as error:
            log.exception("delivery.not_read", extra={"fields": {"kind": connector.kind}})
            read.quarantine(delivery, f"It could not be read ({type(error).__name__}).")
        if read.error is not None or time.monotonic() > ends:
            break
    return read, last


@job("ingest", timeout_seconds=180)
def reread(organisation: str, channel_id: str) -> None:
    """Read the last days of a channel again, whatever the cursor of its polls says.

    It goes on in another job when the slice is over.
    """
    organisation_id = UUID(organisation)
    scope.enter(organisation_id)
    channel = rereads.claim(organisation_id, UUID(channel_id))
    commit()
    if channel is None:
        return
    connector, access = channels.connector_of(channel), channels.access_of(channel)
    ending.holds(reading.give_back, organisation_id, channel.id, "reread_claimed_until")
    part_of_it, more = ending.Slice(), True
    while more and not part_of_it.over:
        try:
            page = connector.poll(access, channel.reread_cursor)
        except (Temporary, Permanent) as error:
            rereads.failed(channel, error)
            commit()
            turns.hand_on(channel)
            return
        more = rereads.store(channel, page)
        commit()
    rereads.release(channel)
    commit()
    if not turns.hand_on(channel) and more:
        nudge_once(reread, organisation, channel_id)
