"""Reading channels again, comparing counts, and trying again what could not be read.

No connection to the database is held while a provider is waited for: every step commits before it calls.
"""

import time
from uuid import UUID

from healthberry.connectors.errors import Permanent, Temporary
from healthberry.core import channels, reconciling, scope, walks
from healthberry.core.events import commit
from healthberry.jobs.base import job

_SLICE_SECONDS = 10.0  # then the worker is handed back, so that no channel and no reply waits for long


@job("backfill", timeout_seconds=180)
def walk(organisation: str, channel_id: str) -> None:
    """Go on reading a channel again, page by page; the rest is another job's."""
    scope.enter(UUID(organisation))
    claimed = walks.claim(UUID(organisation), UUID(channel_id))
    commit()
    if claimed is None:
        return
    channel, found = claimed
    connector, access = channels.connector_of(channel), channels.access_of(channel)
    more, ends = True, time.monotonic() + _SLICE_SECONDS
    while more and time.monotonic() < ends:
        try:
            page = connector.backfill(access, found.since or channel.created_at, found.cursor)
        except (Temporary, Permanent) as error:
            walks.failed(found, error)
            commit()
            return
        more = walks.store(channel, found, page)
        commit()
    if more:
        walks.release(found)
        commit()
        walk.nudge(organisation, channel_id)


@job("backfill", timeout_seconds=180)
def compare(organisation: str, channel_id: str) -> None:
    """Ask the source how many items it has, and compare; once a day."""
    scope.enter(UUID(organisation))
    channel = reconciling.claim(UUID(organisation), UUID(channel_id))
    commit()
    if channel is None:
        return
    connector, access = channels.connector_of(channel), channels.access_of(channel)
    try:
        told = connector.total(access)
    except (Temporary, Permanent) as error:
        reconciling.failed(channel, error)
    else:
        reconciling.store(channel, told)
    commit()
