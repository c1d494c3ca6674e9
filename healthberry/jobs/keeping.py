"""Letting go: every night what is too old, and on request what one author wrote. In parts, each committed."""

from uuid import UUID

from healthberry.core import erasing_work, events, keeping_nights, scope
from healthberry.core.events import commit
from healthberry.jobs.base import job
from healthberry.jobs.ending import Slice


@job("ingest", timeout_seconds=60)
def begin_night() -> None:
    """Begin tonight for every organisation; the sweep finds what is to be done."""
    keeping_nights.begin()
    commit()


@job("backfill", timeout_seconds=180)
def let_go(organisation: str, night: str) -> None:
    """Let go of what is too old, part by part, for some seconds; the rest is another job's."""
    organisation_id, night_id, part_of_it = UUID(organisation), UUID(night), Slice()
    scope.enter(organisation_id)
    more = keeping_nights.claim(organisation_id, night_id)
    commit()
    try:
        while more and not part_of_it.over:
            more = keeping_nights.let_go_part(organisation_id, night_id)
            commit()
    except Exception:
        events.forget()
        keeping_nights.failed(organisation_id, night_id)
        commit()
        raise
    if more:
        keeping_nights.put_back(organisation_id, night_id)
        commit()
        let_go.nudge(organisation, night)


@job("backfill", timeout_seconds=180, kind="erasure")
def erase(organisation: str, erasure: str) -> None:
    """Erase what one author wrote, part by part, for some seconds; the rest is another job's."""
    organisation_id, erasure_id, part_of_it = UUID(organisation), UUID(erasure), Slice()
    scope.enter(organisation_id)
    more = erasing_work.claim(organisation_id, erasure_id)
    commit()
    while more and not part_of_it.over:
        more = erasing_work.erase_part(organisation_id, erasure_id)
        commit()
    if more:
        erasing_work.put_back(organisation_id, erasure_id)
        commit()
        erase.nudge(organisation, erasure)
