"""Giving permissions back that nobody needs any more."""

from uuid import UUID

from healthberry.connectors.errors import Permanent, Temporary
from healthberry.core import channels, revoking, scope
from healthberry.core.events import commit
from healthberry.jobs.base import job


@job("ingest", timeout_seconds=90)
def revoke(organisation: str, channel_id: str) -> None:
    """Give back, at its provider, what an unlinked channel was allowed. Commits before the provider is called."""
    scope.enter(UUID(organisation))
    channel = revoking.claim(UUID(organisation), UUID(channel_id))
    if channel is None:
        commit()
        return
    connector, access = channels.connector_of(channel), channels.access_of(channel)
    commit()
    try:
        connector.revoke(access)
    except (Temporary, Permanent) as error:
        revoking.failed(channel, error.reason, for_good=isinstance(error, Permanent))
    else:
        revoking.done(channel)
    commit()
