"""Taking down, on its site, a published reply that said more than it should have."""

from uuid import UUID

from healthberry.connectors.errors import NotAuthorised, Permanent, Temporary
from healthberry.core import channels, scope, taking_down
from healthberry.core.events import commit
from healthberry.jobs.base import job
from healthberry.jobs.tokens import renew


@job("replies", timeout_seconds=90, kind="disclosure")
def withdraw(organisation: str, disclosure_id: str) -> None:
    """Take the reply down; where the site does not let us, a person has to. Again: nothing is left to do."""
    organisation_id = UUID(organisation)
    scope.enter(organisation_id)
    claimed = taking_down.claim(organisation_id, UUID(disclosure_id))
    if claimed is None:
        commit()
        return
    _, message, channel = claimed
    connector, access, remote_id = channels.connector_of(channel), channels.access_of(channel), message.remote_id
    channel_id = channel.id
    commit()
    trouble, again = "", False
    try:
        connector.withdraw(access, remote_id)
    except NotAuthorised as error:
        trouble, again = error.reason, renew(organisation_id, channel_id) != "no"
    except Temporary as error:
        trouble, again = error.reason, True
    except Permanent as error:
        trouble = error.reason
    scope.enter(organisation_id)
    taking_down.settle(organisation_id, UUID(disclosure_id), trouble, again=again)
    commit()
