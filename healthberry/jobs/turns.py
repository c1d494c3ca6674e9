"""Handing the place on that a piece of reading gives up: to what waited for it longest (core.shares)."""

from healthberry.core import shares
from healthberry.core.events import commit
from healthberry.jobs import batches
from healthberry.jobs.base import job_of
from healthberry.models.channels import Channel


def hand_on(channel: Channel) -> bool:
    """Give the place up, and nudge what else waits to be read of this channel's kind or for its organisation, if any.

    Return whether anything does.
    """
    waiting = shares.give_up(channel)
    commit()
    if waiting is None:
        return False
    kind, organisation_id, channel_id = waiting
    batches.nudge_once(job_of(kind), str(organisation_id), str(channel_id))
    return True
