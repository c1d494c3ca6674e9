"""How alike two texts are: prints that near-identical ones share, and a close look at two that share one.

Prints are min-hashes over runs of three words: where two texts have the share s of their runs in common, each print is
equal with probability s. With four prints, a text of 40 words in which two were changed and a sentence was added is
missed three times in a thousand.
"""

import re
import zlib
from typing import Final, TypeAlias, cast

from rapidfuzz import fuzz

Prints: TypeAlias = tuple[int, int, int, int]

FEWEST_WORDS: Final = 8  # shorter ones are alike by chance: "Very good service, thank you"
ALIKE: Final = 90.0
_LONGEST: Final = 6_000  # characters; the beginning says enough
_WORD: Final = re.compile(r"\w+")
_FACTORS: Final = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F)  # odd: each shuffles all numbers of 32 bits


def words_of(text: str) -> list[str]:
    """Return the words in small letters, without marks between them."""
    return _WORD.findall(text[:_LONGEST].casefold())


def prints(text: str) -> Prints | None:
    """Return four prints from 0 to 2^32, each of its own kind; None where the text is too short to tell.

    Prints of different kinds are never compared.
    """
    words = words_of(text)
    if len(words) < FEWEST_WORDS:
        return None
    hashes = [zlib.crc32(word.encode("utf-8", "replace")) for word in words]
    runs = [(one * 3 + two) * 5 + three for one, two, three in zip(hashes, hashes[1:], hashes[2:], strict=False)]
    return cast(Prints, tuple(min(run * factor & 0xFFFFFFFF for run in runs) for factor in _FACTORS))


def alike(one: str, other: str) -> bool:
    """Say whether two texts are the same but for small edits, marks and capitals."""
    return likeness(one, other) >= ALIKE


def likeness(one: str, other: str) -> float:
    """Return from 0 to 100 how much of two texts is the same, word by word."""
    return fuzz.ratio(" ".join(words_of(one)), " ".join(words_of(other)))
