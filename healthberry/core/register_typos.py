"""Words of the register that a mistyped word may have been meant to be."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
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
UNION ALL
SELECT NULL, word, uses FROM register_words WHERE word = ANY(CAST(:parts AS varchar[]))
""")


@dataclass(frozen=True, slots=True)
class Meant:
    """What words may have been meant: the words with missing spaces put in, and for each the likely words."""

    words: tuple[str, ...]
    near: dict[str, list[str]]


def meant(session: Session, words: Sequence[str]) -> Meant:
    """Look up what mistyped words were perhaps meant to be; one round trip.

    For each word of four letters and more, and for each two neighbours written as one, `near` has up to five words of
    the register that are one mistake away or none. A mistake is a letter too many, too few, wrong, or two swapped;
    words of seven letters and more may have two. The nearest and then the commonest come first. A word that the
    register does not know is taken apart where both parts are known.
    """
    typed = sorted({word for word in (*words, *map("".join, pairwise(words))) if _is_telling(word)})
    cuts = {word: [(word[:at], word[at:]) for at in range(_SHORTEST, len(word) - _SHORTEST + 1)] for word in typed}
    parts = sorted({part for pairs in cuts.values() for pair in pairs for part in pair})
    if not typed:
        return Meant(tuple(words), {})
    found: defaultdict[str, list[tuple[int, int, str]]] = defaultdict(list)
    known = set()
    for asked, word, uses in session.execute(_NEAR, {"typed": typed, "parts": parts, "long": _LONG}):
        known.add(word)
        away = distance(asked, word) if asked else _MOST
        if away <= (2 if len(asked or "") >= _LONG else 1):
            found[asked].append((away, -uses, word))
    near = {asked: [word for _, _, word in sorted(words)[:_MOST]] for asked, words in found.items()}
    return Meant(tuple(_apart(words, cuts, known)), near)


def _is_telling(word: str) -> bool:
    return len(word) >= _SHORTEST and word.isalpha()


def _apart(words: Sequence[str], cuts: dict[str, list[tuple[str, str]]], known: set[str]) -> Iterator[str]:
    for word in words:
        pair = next((pair for pair in cuts.get(word, ()) if known.issuperset(pair)), None)
        yield from pair if pair and word not in known else (word,)


def distance(one: str, other: str) -> int:
    """Count the mistakes between two words: letters added, left out, changed, or swapped with their neighbour."""
    one, other = _without_common_beginning(one, other)
    one, other = _without_common_beginning(one[::-1], other[::-1])
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


def _without_common_beginning(one: str, other: str) -> tuple[str, str]:
    alike = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[alike:], other[alike:]
