"""Keeping the tokens fresh that channels are reached with."""

import logging
from typing import Literal
from uuid import UUID

from healthberry import logs
from healthberry.connectors.errors import NotAuthorised, Permanent, SignInOver, Temporary
from healthberry.core import channels, scope, tokens
from healthberry.core.events import commit
from healthberry.jobs.base import job

log = logging.getLogger(__name__)


@job("ingest", timeout_seconds=90)
def refresh_tokens(organisation: str, channel_id: str) -> None:
    """Exchange tokens before they die."""
    scope.enter(UUID(organisation))
    renew(UUID(organisation), UUID(channel_id))


def renew(organisation_id: UUID, channel_id: UUID) -> Literal["renewed", "later", "no"]:
    """Exchange the channel's tokens now: "later" where the provider is away or another job is at it.

    "no" where somebody has to see to it. What the channel is reached with is thrown away only where the provider says
    that it is at an end: a password, or a token that the installation's own client may not renew, can be right again.

    Refresh tokens are single-use: one job at a time, kept at once. Commits before the provider is called, and after.
    """
    channel = tokens.claim(organisation_id, channel_id)
    commit()
    if channel is None:
        return "later" if channels.find(organisation_id, channel_id).sealed_secrets else "no"
    got: Literal["renewed", "later", "no"] = "renewed"
    try:
        authorisation = channels.connector_of(channel).refresh(channels.access_of(channel))
    except SignInOver as error:
        tokens.lose(channel, error.reason)
        got = "no"
    except NotAuthorised:
        logs.event(log, "tokens.not_renewed", logging.WARNING, channel_id=channel_id, kind=channel.kind)
        tokens.release(channel)
        got = "no"
    except (Temporary, Permanent):
        got = "later"  # the claim runs out, and the sweep tries again
    else:
        if channels.is_unlinked(channel):
            got = "no"
        else:
            tokens.keep(channel, authorisation)
    commit()
    return got
