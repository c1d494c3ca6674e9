"""The one statement that finds and ranks providers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from healthberry.core.register_terms import Asked

# Hits in the order of a person's likely meaning: an exact code or a whole name first; then how much of what was typed
# is in the name itself (1), short names (0.5), former names and places (0.2), street and kind (0.05); then the
# kind's own weight. Closed providers step back. Facts from sources older than two years step back behind everything
# current of which half is named as was asked, however well they are named themselves; unless their own code or whole
# postcode was typed, which means nobody else.
EXACT: Final = 500
_STALE: Final = 60
_SEARCH = text("""
WITH candidates AS (
    SELECT ods_code, name_key, other_keys, weight, closed_on, source_as_of, postcode, document
    FROM providers WHERE ods_code = :code
    UNION ALL
    (SELECT ods_code, name_key, other_keys, weight, closed_on, source_as_of, postcode, document
     FROM providers WHERE document @@ CAST(:query AS tsquery) AND weight >= 20 ORDER BY weight DESC LIMIT :most)
    UNION ALL
    (SELECT ods_code, name_key, other_keys, weight, closed_on, source_as_of, postcode, document
     FROM providers WHERE document @@ CAST(:query AS tsquery) AND weight < 20 AND NOT :is_tiny LIMIT :most)
    UNION ALL
    (SELECT ods_code, name_key, other_keys, weight, closed_on, source_as_of, postcode, document
     FROM providers WHERE name_key >= :key AND name_key < :key_end AND weight < 20 ORDER BY name_key LIMIT 100)
), fitting AS (
    SELECT *, least(1, :scale * ts_rank('{0.05, 0.2, 0.5, 1}', document, CAST(:ranking AS tsquery))) AS fit
    FROM candidates
), best AS (
    SELECT ods_code, max(fit) AS fit, max(
        CASE WHEN ods_code = :code THEN :exact ELSE 0 END
        + CASE WHEN name_key = :key THEN 42 WHEN starts_with(name_key, :key_and_more) THEN 16 ELSE 0 END
        + CASE WHEN other_keys @> ARRAY[:key]::varchar[] THEN 38 ELSE 0 END
        + 36 * fit + weight - least(length(name_key), 80) / 16.0
        - CASE WHEN closed_on IS NULL THEN 0 WHEN weight < 20 THEN 30 ELSE 22 END
        - CASE WHEN source_as_of >= current_date - interval '2 years' OR ods_code = :code THEN 0
               WHEN lower(replace(postcode, ' ', '')) = ANY (CAST(:words AS varchar[])) THEN 0 ELSE :stale END
    ) AS score
    FROM fitting GROUP BY ods_code ORDER BY score DESC, ods_code LIMIT :limit
)
SELECT best.score, best.fit, found.ods_code, found.name, found.kind, found.street, found.town, found.postcode,
    found.nation, found.web_domain, parent.name AS parent_name, found.closed_on,
    CASE WHEN found.source_as_of < current_date - interval '2 years' THEN found.source_as_of END AS stale_since,
    ARRAY(
        WITH RECURSIVE heirs AS (
            SELECT ods_code, name, closed_on, successor_codes FROM providers
            WHERE ods_code = ANY (found.successor_codes)
            UNION
            SELECT next.ods_code, next.name, next.closed_on, next.successor_codes
            FROM heirs JOIN providers AS next ON next.ods_code = ANY (heirs.successor_codes)
            WHERE heirs.closed_on IS NOT NULL
        )
        SELECT ARRAY[ods_code, name] FROM heirs WHERE closed_on IS NULL ORDER BY name
    ) AS successors
FROM best JOIN providers AS found USING (ods_code)
LEFT JOIN providers AS parent ON parent.ods_code = found.parent_code
ORDER BY best.score DESC, found.town, found.postcode, found.ods_code
""")
# Enough that the best of a common name are among them, few enough to rank within a keystroke.
_MOST: Final = 500


# A plan made once serves every request, and making it takes longer than the search.
_KEEP_PLANS = text("SET LOCAL plan_cache_mode = force_generic_plan")
_AS_BEFORE = text("SET LOCAL plan_cache_mode = auto")
# What `ts_rank` makes of one found word of weight 1, alone in its query.
_ONE: Final = 1.64493406685


@contextmanager
def one_plan(session: Session) -> Iterator[None]:
    """Let PostgreSQL plan the statements of a search once per connection; what follows is planned as before."""
    session.execute(_KEEP_PLANS)
    yield
    session.execute(_AS_BEFORE)


def ranked(
    session: Session, asked: Asked, query: str, ranking: str, limit: int, trust: float = 1
) -> Sequence[Row[Any]]:
    """Run the search and return at most `limit` rows, best first.

    `ranking` holds the words as alternatives; `fit` is 1 where all that was asked is in the name, and less for what
    is found elsewhere. `trust`, 0 to 1, says how far the words can be relied upon to be the ones that were meant.
    """
    parameters = {
        "query": query,
        "ranking": ranking,
        # `ts_rank` divides by the number of alternatives; a row is to be measured by the words that were asked.
        "scale": trust * _ONE * (ranking.count("|") + 1) / len(asked.words),
        "key": asked.key,
        "key_end": asked.key + "\U0010ffff",
        "key_and_more": asked.key + " ",
        "code": asked.code,
        "exact": EXACT,
        "stale": _STALE,
        "words": list(asked.words),
        "is_tiny": asked.is_tiny,
        "most": _MOST,
        "limit": limit,
    }
    return session.execute(_SEARCH, parameters).all()
