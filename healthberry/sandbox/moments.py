"""How the control API and the pages write times."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def stamp(moment: int) -> str:
    """Write UTC milliseconds in ISO 8601: 2026-11-02T09:15:31.000Z."""
    return datetime.fromtimestamp(moment / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day(moment: int) -> str:
    """Write UTC milliseconds for people: 3 Feb 2026, 09:12."""
    at = datetime.fromtimestamp(moment / 1000, LONDON)
    return f"{at.day} {at:%b %Y, %H:%M}"
