"""Keeping the tokens fresh that channels are reached with."""

import logging
from typing import Literal
from uuid import UUID

from healthberry import logs
from healthberry.connectors.base import Authorisation
from healthberry.connectors.errors import NotAuthorised, Permanent, SignInOver, Temporary
from healthberry.core import channels, scope, tokens
from healthberry.core.events import commit
from healthberry.jobs.base import job
from healthberry.models.channels import Channel

log = logging.getLogger(__name__)

Outcome = Literal["renewed", "later", "no"]


@job("ingest", timeout_seconds=90)
def refresh_tokens(organisation: str, channel_id: str) -> None:
    """Exchange tokens before they die."""
    scope.enter(UUID(organisation))
    renew(UUID(organisation), UUID(channel_id))


def renew(organisation_id: UUID, channel_id: UUID) -> Outcome:
    """Exchange the channel's tokens now: "later" where the provider is away or another job is at it.

    "no" where somebody has to see to it. What the channel is reached with is thrown away only where the provider says
    that it is at an end: a password, or a token that the installation's own client may not renew, can be right again.

    Refresh tokens are single-use: one job at a time, kept at once. Commits before the provider is called, and after.
    """
    channel = tokens.claim(organisation_id, channel_id)
    before = channel.sealed_secrets if channel is not None else None
    commit()
    if channel is None:
        return "later" if channels.find(organisation_id, channel_id).sealed_secrets else "no"
    answer: Authorisation | NotAuthorised | None
    try:
        answer = channels.connector_of(channel).refresh(channels.access_of(channel))
    except NotAuthorised as error:
        answer = error
    except (Temporary, Permanent):
        answer = None
    outcome = _settled(channel, before, answer)
    commit()
    return outcome


def _settled(channel: Channel, before: bytes | None, answer: Authorisation | NotAuthorised | None) -> Outcome:
    if channels.is_unlinked(channel):
        return "no"
    if channel.sealed_secrets != before:
        return "renewed"  # somebody connected it again meanwhile: what was said is not about those tokens
    if answer is None:
        return "later"  # the claim runs out, and the sweep tries again
    if isinstance(answer, SignInOver):
        tokens.lose(channel, answer.reason)
        return "no"
    if isinstance(answer, NotAuthorised):
        logs.event(log, "tokens.not_renewed", logging.WARNING, channel_id=channel.id, kind=channel.kind)
        tokens.leave(channel)
        return "no"
    tokens.keep(channel, answer)
    return "renewed"
