"""How a backfill and a poll walk through Care Opinion's two lists: stories first, then responses.

Nothing here calls anybody: a state and the ids that a page held give the next state.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from healthberry.connectors.reading import days_before, moment
from healthberry.connectors.walks import START, Position, after

LIMIT: Final = 100
_OVERLAP_DAYS: Final = 1
_FIRST_POLL_DAYS: Final = 2
# A list that ignores our date is entered this far before where it ended last time.
_STEP_BACK: Final = 100


@dataclass(frozen=True)
class Walk:
    """Where a walk through stories, then responses is.

    `since` is the last complete catch-up (polls only), `began` is "" between two. `skip` is where the list of responses
    is entered when it ignores dates, 0 while it does not.
    """

    since: str = ""
    began: str = ""
    start: str = ""
    stage: str = "stories"
    at: Position = START
    skip: int = 0
    next_skip: int = 0


def onward(state: Walk, ids: Sequence[str]) -> Walk:
    """Go on to the next page of stories, then to the responses, then to the end."""
    if step := after(state.at, ids, LIMIT):
        return replace(state, at=step)
    if state.stage == "stories":
        return replace(state, stage="responses", at=Position(max(state.skip - _STEP_BACK, 0)))
    return replace(state, stage="end", at=START)


def begun(state: Walk) -> Walk:
    """Return the state of a catch-up under way: a new one where none is."""
    if state.began:
        return state
    now = datetime.now(UTC)
    since = moment(state.since)
    start = days_before(since, _OVERLAP_DAYS) if since else days_before(now, _FIRST_POLL_DAYS)
    return Walk(since=state.since, began=now.isoformat(), start=start, skip=state.skip)


def news_since(state: Walk) -> datetime:
    """Return from when on a story is news to a catch-up: an hour before the last one, at first the last two days."""
    since = moment(state.since)
    return since - timedelta(hours=1) if since else datetime.now(UTC) - timedelta(days=_FIRST_POLL_DAYS)


def ended(state: Walk) -> Walk:
    """Return the state between two catch-ups; the next one starts where this one began."""
    return Walk(since=state.began, skip=state.next_skip)
