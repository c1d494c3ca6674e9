"""Cursors of keyset paging: the place of the last row seen, as text for a URL."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from uuid import UUID


def make(moment: datetime, row_id: UUID) -> str:
    """Return the cursor that continues after this row."""
    return urlsafe_b64encode(f"{moment.isoformat()}|{row_id}".encode()).decode().rstrip("=")


def read(cursor: str) -> tuple[datetime, UUID] | None:
    """Return the place that a cursor names, None for one that was not made here."""
    try:
        moment, _, row_id = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition("|")
        parsed = datetime.fromisoformat(moment), UUID(row_id)
    except ValueError:
        return None
    return parsed if parsed[0].tzinfo else None
