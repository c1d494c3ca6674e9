"""When a message is looked at again at its source: new ones often, old ones once a day, at last not at all."""

from datetime import datetime, timedelta

from healthberry.connectors.base import Capabilities

_NEW = timedelta(days=3)  # most edits and regrets come soon
_TIMES_AS_OFTEN = 4


def next_recheck(rules: Capabilities, posted_at: datetime, looked_at: datetime) -> datetime | None:
    """Return when to look again at what was posted at `posted_at` and seen at `looked_at`; None: it is too old."""
    pause = timedelta(seconds=rules.recheck_seconds)
    age = looked_at - posted_at
    if rules.recheck_days is not None and age > timedelta(days=rules.recheck_days):
        return None
    return looked_at + (pause / _TIMES_AS_OFTEN if age < _NEW else pause)
