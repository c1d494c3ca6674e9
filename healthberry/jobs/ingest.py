"""Reading channels: look for them, load their history, poll them, look again at what is stored.

No connection to the database is held while a provider is waited for: every step commits before it calls.
"""

import time
from datetime import timedelta
from uuid import UUID

from healthberry.connectors.errors import Permanent, Temporary
from healthberry.core import channels, discovery, reading, rechecks, scope
from healthberry.core.events import commit
from healthberry.extensions import part
from healthberry.jobs.base import job, nudge_once
from healthberry.models.owned import now

_SLICE_SECONDS = 10.0  # a backfill hands its worker back after this, so that no channel and no reply waits for long
_LOOK_AGAIN = timedelta(minutes=5)


@job("ingest", timeout_seconds=120)
def discover(organisation: str) -> None:
    """Find the channels of an organisation, with no further question, and link them; once more where a look failed."""
    organisation_id = UUID(organisation)
    scope.enter(organisation_id)
    facts = discovery.facts_of(organisation_id)
    discovery.schedule_look(organisation_id, now() + _LOOK_AGAIN)  # unless this worker gets to the end
    commit()
    problems: list[str] = []
    again = False
    for connector in part("connectors"):
        found = connector.discover(facts)
        problems += found.problems
        again = again or found.again
        channels.link_found(organisation_id, found)
        commit()  # reading begins at once: a slow website must not hold back the reviews
    discovery.end_look(organisation_id, problems, again=again)
    commit()


@job("backfill", timeout_seconds=180)
def backfill(organisation: str, channel_id: str) -> None:
    """Load history, newest first, page by page; go on in another job when the slice is over."""
    organisation_id = UUID(organisation)
    scope.enter(organisation_id)
    channel = reading.claim_backfill(organisation_id, UUID(channel_id))
    commit()
    if channel is None:
        return
    connector, access = channels.connector_of(channel), channels.access_of(channel)
    since = reading.backfill_since(channel)
    ends = time.monotonic() + _SLICE_SECONDS
    while channel.backfill_state != "done" and reading.is_read(channel) and time.monotonic() < ends:
        try:
            page = connector.backfill(access, since, channel.backfill_cursor)
        except (Temporary, Permanent) as error:
            reading.backfill_failed(channel, error)
            commit()
            return
        reading.store_backfill(channel, page)  # looks at the channel anew: it may have been switched off meanwhile
        commit()
    reading.release_backfill(channel)
    commit()
    if channel.backfill_state != "done" and reading.is_read(channel):
        backfill.nudge(organisation, channel_id)


@job("ingest", timeout_seconds=180)
def poll(organisation: str, channel_id: str) -> None:
    """Read what is new or changed, to the end of the catch-up."""
    organisation_id = UUID(organisation)
    scope.enter(organisation_id)
    channel = reading.claim_poll(organisation_id, UUID(channel_id))
    commit()
    if channel is None:
        return
    connector, access = channels.connector_of(channel), channels.access_of(channel)
    begun_at, more = now(), True
    while more:
        try:
            page = connector.poll(access, channel.poll_cursor)
        except (Temporary, Permanent) as error:
            reading.poll_failed(channel, error)
            commit()
            return
        reading.store_poll(channel, page, begun_at)
        commit()
        more = page.more and reading.is_read(channel)
    if channel.next_poll_at is not None and channel.next_poll_at <= now():
        nudge_once(poll, organisation, channel_id)  # somebody asked for it meanwhile


@job("backfill", timeout_seconds=300)
def recheck(organisation: str, channel_id: str) -> None:
    """Ask the source whether it still shows a batch of what is stored; the next batch is another job's."""
    organisation_id = UUID(organisation)
    scope.enter(organisation_id)
    claimed = rechecks.claim(organisation_id, UUID(channel_id))
    if claimed is None:
        commit()
        return
    channel, asked = claimed
    connector, access = channels.connector_of(channel), channels.access_of(channel)
    commit()
    try:
        found = connector.recheck(access, asked)
    except (Temporary, Permanent) as error:
        rechecks.failed(channel, asked, error)
    else:
        rechecks.store(channel, asked, found)
    commit()
