"""What the operator of an installation sees of all organisations: figures and channels, never a word of anybody's."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from healthberry.core import paid_reads
from healthberry.extensions import db, part
from healthberry.models.owned import now

MOST_CHANNELS = 200
_FIGURES = text("SELECT name, label, value FROM installation_figures(:at)")
_CHANNELS = text("SELECT * FROM installation_channels(:most)")
_HAS_STATEMENTS = text("SELECT to_regclass('pg_stat_statements') IS NOT NULL")
# Its texts are normalised: where values stood, they say $1.
_SLOWEST = text("""
SELECT left(regexp_replace(query, '\\s+', ' ', 'g'), 300), calls, mean_exec_time, max_exec_time, total_exec_time
  FROM pg_stat_statements
 WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query NOT LIKE '<%'
 ORDER BY total_exec_time DESC LIMIT 10
""")

Figures = Mapping[str, Mapping[str, float]]


class ChannelLine(NamedTuple):
    """One channel as the operator sees it; times are None where there was none."""

    organisation: str
    ods_code: str | None
    kind: str
    label: str
    state: str
    trouble: str
    backfill: str
    last_success_at: datetime | None
    next_poll_at: datetime | None
    failures: int
    waiting: int
    quarantined: int


class Query(NamedTuple):
    """A statement that the database spends its time on; times in milliseconds."""

    text: str
    calls: int
    mean_ms: float
    max_ms: float
    total_ms: float


@dataclass(frozen=True)
class Quota:
    """How much of a provider's paid reads is used up, in a sentence."""

    kind: str
    words: str
    part: float


def figures() -> Figures:
    """Return the figures by name, then label ("" where a name has no labels)."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for name, label, value in db.session.execute(_FIGURES, {"at": now()}):
        found[name][label] = float(value)
    return found


def channels(most: int = MOST_CHANNELS) -> list[ChannelLine]:
    """Return the channels of all organisations, those in trouble and those that have waited longest first."""
    return [ChannelLine(*row) for row in db.session.execute(_CHANNELS, {"most": most})]


def quotas() -> list[Quota]:
    """Return the paid reads of each kind that costs something."""
    found = []
    for connector in part("connectors"):
        standing = paid_reads.standing(connector.kind)
        if standing is not None:
            found.append(Quota(connector.kind, paid_reads.in_words(connector.kind), standing.part))
    return found


def slowest_queries() -> Sequence[Query] | None:
    """Return what the database spends most time on; None where it does not keep count (pg_stat_statements)."""
    if not db.session.scalar(_HAS_STATEMENTS):
        return None
    return [Query(*row) for row in db.session.execute(_SLOWEST)]
