"""The words that a search hit, shown in the list: the best few words around them, in pieces, never as HTML."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from healthberry.extensions import db

if TYPE_CHECKING:
    from healthberry.core.inbox import Row

# Private-use characters mark the hits: they can't be mistaken for what somebody wrote, and are taken out of it.
_START, _STOP = "\ue000", "\ue001"

_HEADLINES = text("""
SELECT m.conversation_id,
       ts_headline('english', translate(m.words, :marks, ''), websearch_to_tsquery('english', :q), :options)
  FROM (SELECT conversation_id, left(string_agg(title || ' ' || text, ' … ' ORDER BY posted_at), 20000) AS words
          FROM messages WHERE organisation_id = :organisation_id AND conversation_id = ANY(:ids)
         GROUP BY conversation_id) AS m
""")
_OPTIONS = f"StartSel={_START}, StopSel={_STOP}, MaxWords=24, MinWords=12, MaxFragments=1"


def add(organisation_id: UUID, rows: "Sequence[Row]", query: str) -> "list[Row]":
    """Return the rows with the words around their first hits as `snippet`."""
    if not rows:
        return []
    values = {
        "organisation_id": organisation_id,
        "ids": [row.id for row in rows],
        "q": query,
        "marks": _START + _STOP,
        "options": _OPTIONS,
    }
    found: dict[UUID, str] = dict(iter(db.session.execute(_HEADLINES, values)))
    return [replace(row, snippet=pieces(found[row.id])) if row.id in found else row for row in rows]


def pieces(headline: str) -> list[tuple[str, bool]]:
    """Split a marked headline into (text, is a hit)."""
    result: list[tuple[str, bool]] = []
    for part in headline.split(_START):
        hit, stop, rest = part.partition(_STOP)
        result.extend([(hit, True), (rest, False)] if stop else [(part, False)])
    return [(words, is_hit) for words, is_hit in result if words]
