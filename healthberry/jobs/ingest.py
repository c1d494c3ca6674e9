"""Reading channels: look for them, load their history, poll them, look again at what is stored.

No connection to the database is held while a provider is waited for: every step commits before it calls.
"""

from datetime import timedelta
from uuid import UUID

from healthberry.connectors.errors import Permanent, Temporary
from healthberry.core import channels, discovery, reading, rechecks, scope
from healthberry.core.events import commit
from healthberry.extensions import part
from healthberry.jobs import ending, turns
from healthberry.jobs.base import job, nudge_once
from healthberry.models.owned import now

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
    ending.holds(reading.give_back, organisation_id, channel.id, "backfill_claimed_until")
    part_of_it = ending.Slice()
    while channel.backfill_state != "done" and reading.is_read(channel) and not part_of_it.over:
        try:
            page = connector.backfill(access, since, channel.backfill_cursor)
        except (Temporary, Permanent) as error:
            reading.backfill_failed(channel, error)
            commit()
            turns.hand_on(channel)
            return
        reading.store_backfill(channel, page)  # looks at the channel anew: it may have been switched off meanwhile
        commit()
    reading.release_backfill(channel)
    commit()
    # Where news of its kind or organisation wait for this place, they go first: the sweep brings the rest of history.
    if not turns.hand_on(channel) and channel.backfill_state != "done" and reading.is_read(channel):
        backfill.nudge(organisation, channel_id)


@job("ingest", timeout_seconds=180)
def poll(organisation: str, channel_id: str) -> None:
    """Read what is new or changed, to the end of the catch-up; go on in another job when the slice is over."""
    organisation_id = UUID(organisation)
    scope.enter(organisation_id)
    channel = reading.claim_poll(organisation_id, UUID(channel_id))
    commit()
    if channel is None:
        return
    ending.holds(reading.give_back, organisation_id, channel.id, "claimed_until")
    connector, access = channels.connector_of(channel), channels.access_of(channel)
    begun_at, part_of_it, more = now(), ending.Slice(), True
    while more and not part_of_it.over:
        try:
            page = connector.poll(access, channel.poll_cursor)
        except (Temporary, Permanent) as error:
            reading.poll_failed(channel, error)
            commit()
            turns.hand_on(channel)
            return
        reading.store_poll(channel, page, begun_at)
        commit()
        more = page.more and reading.is_read(channel)
    if more:
        reading.release_poll(channel)
        commit()
    turns.hand_on(channel)
    if channel.next_poll_at is not None and channel.next_poll_at <= now():
        nudge_once(poll, organisation, channel_id)  # there is more, or somebody asked for it meanwhile


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
    ending.holds(reading.give_back, organisation_id, channel.id, "recheck_claimed_until")
    connector, access = channels.connector_of(channel), channels.access_of(channel)
    commit()
    try:
        found = connector.recheck(access, asked)
    except (Temporary, Permanent) as error:
        rechecks.failed(channel, asked, error)
    else:
        rechecks.store(channel, asked, found)
    commit()
    turns.hand_on(channel)
