"""The words that providers are found by: one way of folding names, for what is stored and for what is asked."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_STOP: Final = frozenset({"the", "of", "and", "at", "for", "in", "on", "by"})
# What people write for a word, and the word that is stored.
_SAME: Final = {
    "center": "centre",
    "childrens": "children",
    "ctr": "centre",
    "doctor": "dr",
    "doctors": "dr",
    "drs": "dr",
    "hosp": "hospital",
    "hosps": "hospitals",
    "mount": "mt",
    "pharm": "pharmacy",
    "prac": "practice",
    "saint": "st",
    "saints": "st",
    "surg": "surgery",
    "univ": "university",
}
_APOSTROPHES: Final = re.compile(r"['’‘`´]")
_NOT_WORD: Final = re.compile(r"[^a-z0-9]+")


def fold(text: str) -> str:
    """Fold text to small letters and digits: accents and apostrophes gone, "&" said as "and", the rest spaces."""
    text = _APOSTROPHES.sub("", text)
    if not text.isascii():
        text = "".join(mark for mark in unicodedata.normalize("NFKD", text) if not unicodedata.combining(mark))
    return _NOT_WORD.sub(" ", text.lower().replace("&", " and ")).strip()


def same_word(word: str) -> str:
    """Return the word that stands for this one in the register: "saint" is "st"."""
    return _SAME.get(word, word)


@lru_cache(maxsize=1 << 15)  # towns and the names of chains come thousands of times in a load
def words(text: str) -> tuple[str, ...]:
    """Split text into the words that count, in order; small words such as "of" are left out."""
    return tuple(_SAME.get(word, word) for word in fold(text).split() if word not in _STOP)


def key(text: str) -> str:
    """Fold a whole name to one comparable line: "St. Mary's & Co" and "saint marys and co" have the same key."""
    return " ".join(words(text))


def is_stop(word: str) -> bool:
    """Tell whether a folded word is one of the small ones that are not stored."""
    return word in _STOP
