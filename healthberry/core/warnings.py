"""What everybody in an organisation has to know on every page: which channels are silent, and what waits unread."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from healthberry.core import events, quarantine, staleness
from healthberry.core.quarantine import Neglected
from healthberry.core.staleness import Stale


@dataclass(frozen=True)
class Warnings:
    """`stale` channels, and those with `neglected` pieces that could not be read.

    `number` is the newest change that they surely contain.
    """

    stale: Sequence[Stale]
    neglected: Sequence[Neglected]
    number: int

    def several(self, kind: str) -> bool:
        """Say whether more than one stale channel is of this kind, so that its name alone does not tell which."""
        return sum(one.kind == kind for one in self.stale) > 1


def of_organisation(organisation_id: UUID, *, clock: datetime | None = None) -> Warnings:
    """Return what there is to warn of now; changes nothing."""
    number = events.last_number(organisation_id)  # first: a change meanwhile is then shown twice, never missed
    stale = staleness.of_organisation(organisation_id, clock=clock)
    return Warnings(stale, quarantine.neglected(organisation_id, clock=clock), number)
