"""Words of the register that a mistyped word may have been meant to be."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

_SHORTEST: Final = 4
_LONG: Final = 7  # from here on two mistakes are forgiven
_MOST: Final = 5

_NEAR = text("""
SELECT typed, near.word, near.uses
FROM unnest(CAST(:typed AS text[])) AS typed
CROSS JOIN LATERAL (
    SELECT word, uses FROM register_words
    WHERE variants && (typed || ARRAY(
        SELECT left(typed, gap - 1) || substr(typed, gap + 1) FROM generate_series(1, length(typed)) AS gap
    ))
    UNION
    (SELECT word, uses FROM register_words
     WHERE length(typed) >= :long AND word % typed ORDER BY similarity(word, typed) DESC LIMIT 6)
) AS near
""")

_PARTS = text("SELECT word FROM register_words WHERE word = ANY(CAST(:parts AS varchar[]))")


def near_words(session: Session, words: Sequence[str]) -> dict[str, list[str]]:
    """Return for each word of four letters and more up to five words of the register that are one mistake away or none.

    A mistake is a letter too many, too few, wrong, or two swapped; words of seven letters and more may have two. The
    nearest and then the commonest come first. One round trip.
    """
    typed = sorted({word for word in words if len(word) >= _SHORTEST and word.isalpha()})
    if not typed:
        return {}
    found: defaultdict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for asked, word, uses in session.execute(_NEAR, {"typed": typed, "long": _LONG}):
        away = distance(asked, word)
        if away <= (2 if len(asked) >= _LONG else 1):
            found[asked].append((away, -uses, word))
    return {asked: [word for _, _, word in sorted(near)[:_MOST]] for asked, near in found.items()}


def split_words(session: Session, words: Sequence[str]) -> list[str]:
    """Take apart words that were typed without the space between them; words that cannot be are kept."""
    cuts = {
        word: [(word[:at], word[at:]) for at in range(_SHORTEST, len(word) - 2)] for word in words if word.isalpha()
    }
    parts = sorted({part for pairs in cuts.values() for pair in pairs for part in pair} | cuts.keys())
    known = set(session.execute(_PARTS, {"parts": parts}).scalars()) if parts else set()
    result: list[str] = []
    for word in words:
        pair = next((pair for pair in cuts.get(word, ()) if known.issuperset(pair)), None)
        result += pair if pair and word not in known else (word,)
    return result


def distance(one: str, other: str) -> int:
    """Count the mistakes between two words: letters added, left out, changed, or swapped with their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        earlier, before, row = before, row, [i]
        for j, mark in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != mark))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == mark:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]
