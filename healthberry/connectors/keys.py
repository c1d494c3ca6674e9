"""What can be read out of a reply's own key, which is chosen before the first attempt."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

_VERSION: Final = 7


def made_at(key: str) -> datetime | None:
    """Return when a reply was written, to the millisecond, by its key (a UUID of version 7); None for any other key."""
    try:
        identifier = UUID(key)
        if identifier.version != _VERSION:
            return None
        return datetime.fromtimestamp((identifier.int >> 80) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
