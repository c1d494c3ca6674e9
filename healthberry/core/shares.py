"""Fair turns: of the workers that read channels, one organisation and one kind of channel hold at most half each.

So a provider that lets every call hang, or one organisation's backlog, leaves the others their workers. What is refused
its turn stays due: whoever gives a place up hands it on (`next_waiting`), and the sweep brings the rest.
"""

from uuid import UUID

from sqlalchemy import text

from healthberry.core import processes
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.owned import now

_RUNNING = text("SELECT of_kind, of_organisation FROM running_claims(:kind, :organisation_id, :at)")
_NEXT = text("SELECT kind, organisation_id, id FROM next_reading(:kind, :organisation_id, :channel_id, :at)")


def limit() -> int:
    """Return how much reading one organisation, or one kind, may have running at once: half the workers, never none."""
    return max(1, processes.living("ingest") // 2)


def all_taken(channel: Channel) -> bool:
    """Say whether as much is being read of this channel's kind, or for its organisation, as may be at once.

    Who asks does so last, just before they claim, and commits soon: others wait for their answer until then.
    """
    db.session.flush()
    most = limit()
    row = db.session.execute(_RUNNING, {**_of(channel), "at": now()}).one()
    return bool(row.of_kind >= most or row.of_organisation >= most)


def next_waiting(channel: Channel) -> tuple[str, UUID, UUID] | None:
    """Return what else has waited longest for the place that this channel gives up: "poll" or "delivery", and whose."""
    row = db.session.execute(_NEXT, {**_of(channel), "channel_id": channel.id, "at": now()}).first()
    return None if row is None else (row.kind, row.organisation_id, row.id)


def _of(channel: Channel) -> dict[str, object]:
    return {"kind": channel.kind, "organisation_id": channel.organisation_id}
