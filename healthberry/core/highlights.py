"""The words that a search hit, shown in the list: a few words around the first hit, in pieces, never as HTML.

PostgreSQL's own `ts_headline` reads each text through the whole dictionary, which takes longer than the search
itself. Here only words that begin like something searched are shown to the dictionary, once each.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import text

from healthberry.core.inbox_rows import Row
from healthberry.extensions import db

_WORD = re.compile(r"\w+")
_BEFORE, _AFTER = 60, 180  # characters
_ALIKE = 3  # letters that a word shares with its stem at the least; all but the stem's last one, as a rule

_TEXTS = text("""
SELECT conversation_id, left(string_agg(title || ' ' || text, ' … ' ORDER BY posted_at), 20000) AS words
  FROM messages WHERE organisation_id = :organisation_id AND conversation_id = ANY(:ids)
 GROUP BY conversation_id
""")
_STEMS = text("SELECT tsvector_to_array(to_tsvector('english', :query))")
_HITS = text(
    "SELECT word FROM unnest(CAST(:words AS text[])) AS word"
    " WHERE tsvector_to_array(to_tsvector('english', word)) && CAST(:stems AS text[])"
)


def add(organisation_id: UUID, rows: Sequence[Row], query: str) -> list[Row]:
    """Return the rows with the words around their first hits as `snippet`."""
    if not rows:
        return []
    values = {"organisation_id": organisation_id, "ids": [row.id for row in rows]}
    texts: dict[UUID, str] = dict(iter(db.session.execute(_TEXTS, values)))
    stems: list[str] = db.session.scalar(_STEMS, {"query": query}) or []
    hits = _hits(texts.values(), stems)
    return [replace(row, snippet=tuple(pieces(texts[row.id], hits))) if row.id in texts else row for row in rows]


def pieces(words: str, hits: Collection[str]) -> list[tuple[str, bool]]:
    """Return the words around the first hit as (text, is a hit); the beginning where there is none."""
    found = [match for match in _WORD.finditer(words) if match.group().casefold() in hits]
    start, end = _window(words, found[0].start() if found else 0)
    result, at = [], start
    for match in found:
        if match.start() >= start and match.end() <= end:
            result += [(words[at : match.start()], False), (match.group(), True)]
            at = match.end()
    result.append((words[at:end], False))
    return [(part, is_hit) for part, is_hit in result if part]


def _hits(texts: Collection[str], stems: Sequence[str]) -> set[str]:
    beginnings = tuple(stem[: max(_ALIKE, len(stem) - 1)] for stem in stems)
    if not beginnings:
        return set()
    words = {word.casefold() for one in texts for word in _WORD.findall(one)}
    alike = [word for word in words if word.startswith(beginnings)]
    return set(db.session.scalars(_HITS, {"words": alike, "stems": list(stems)})) if alike else set()


def _window(words: str, first: int) -> tuple[int, int]:
    """Return where the window begins and ends, at white space."""
    start = words.rfind(" ", 0, first - _BEFORE) + 1 if first > _BEFORE else 0
    end = words.find(" ", first + _AFTER)
    return start, end if end >= 0 else len(words)
