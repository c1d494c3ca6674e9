"""Reading channels again, comparing counts, and trying again what could not be read.

No connection to the database is held while a provider is waited for: every step commits before it calls.
"""

import logging
from collections.abc import Sequence
from uuid import UUID

from healthberry.connectors.base import Access, Connector, InboundItem, Page
from healthberry.connectors.errors import Permanent, Temporary
from healthberry.core import channels, reconciling, scope, unread, walks
from healthberry.core.events import commit
from healthberry.core.unread import Waiting
from healthberry.jobs import ending, turns
from healthberry.jobs.base import job

log = logging.getLogger(__name__)


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
    ending.holds(walks.give_back, channel.organisation_id, channel.id)
    more, part_of_it = True, ending.Slice()
    while more and not part_of_it.over:
        try:
            page = connector.backfill(access, found.since or channel.created_at, found.cursor)
        except (Temporary, Permanent) as error:
            walks.failed(found, error)
            commit()
            turns.hand_on(channel)
            return
        more = walks.store(channel, found, page)
        commit()
    if more:
        walks.release(found)
        commit()
    if not turns.hand_on(channel) and more:
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
    turns.hand_on(channel)


@job("backfill", timeout_seconds=300)
def read_quarantined(organisation: str, channel_id: str) -> None:
    """Try once more to read what lies in quarantine: with a new version of ours, or because somebody wants it."""
    scope.enter(UUID(organisation))
    claimed = unread.claim(UUID(organisation), UUID(channel_id))
    commit()
    if claimed is None:
        return
    channel, waiting = claimed
    connector, access = channels.connector_of(channel), channels.access_of(channel)
    for piece in (one for one in waiting if one.is_delivery):
        page = _read(connector, access, piece)
        unread.store_delivery(channel, piece, page)
        commit()
    named = [one for one in waiting if one.is_named]
    found = _ask(connector, access, named) if named else []
    if found is not None:
        unread.store_named(channel, named, found)
    unread.plan_for_the_rest(channel, waiting)
    commit()
    turns.hand_on(channel)


def _read(connector: Connector, access: Access, piece: Waiting) -> Page | None:
    try:
        return connector.read_delivery(access, piece.raw)
    except (Temporary, Permanent):
        return None
    except Exception:
        log.exception("quarantine.not_read", extra={"fields": {"kind": connector.kind}})
        return None


def _ask(connector: Connector, access: Access, named: Sequence[Waiting]) -> list[InboundItem] | None:
    """Ask for them by name; None where the source does not answer now, and they are tried again later."""
    try:
        return connector.recheck(access, [one.remote_id for one in named])
    except Temporary:
        return None
    except Permanent:
        return []
