"""What somebody typed to find a provider, read as words, whole name and code."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from healthberry.register.words import fold, is_stop, key, same_word

MAX_CHARACTERS: Final = 120
_MAX_WORDS: Final = 10
_TELLING: Final = 4
_OUTWARD: Final = r"[a-z]{1,2}\d[a-z\d]?"
_WHOLE_POSTCODE: Final = re.compile(rf"\b({_OUTWARD}) (\d[a-z]{{2}})\b")
_BEGUN_POSTCODE: Final = re.compile(rf"\b({_OUTWARD}) (\d[a-z]?)\Z")
_CARE_CODE: Final = re.compile(r"\b1 (\d{6,})\b")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request in pieces: its words in order (the last may be unfinished), its key as a whole, its code."""

    words: tuple[str, ...]
    key: str
    code: str

    @property
    def is_tiny(self) -> bool:
        """Tell whether so little was typed that almost everything begins with it."""
        return len(self.key) <= 2 and len(self.words) == 1


def read(text: str) -> Asked:
    """Read what was typed; anything beyond 120 characters or ten words is left out, and odd signs are spaces."""
    folded = fold(text[:MAX_CHARACTERS])
    whole = key(text[:MAX_CHARACTERS])
    folded = _CARE_CODE.sub(r"1\1", _BEGUN_POSTCODE.sub(r"\1\2", _WHOLE_POSTCODE.sub(r"\1\2", folded)))
    words = folded.split()[:_MAX_WORDS]
    kept = [word for word in words if not is_stop(word)] or words[-1:]
    code = "".join(text.split()).upper()[:20]
    return Asked(tuple(kept), whole or " ".join(kept), code)


def query(asked: Asked, near: Mapping[str, Iterable[str]] | None = None) -> str:
    """Write the request as a tsquery in which every word must be found, the last one as a beginning.

    A last word of one letter is left to ranking: it begins half of all words, and finding them all takes time.
    With `near`, each word may also be one of the words that it was perhaps meant to be, and two words may be one.
    Words are letters and digits only, so nothing of the query's own language can be smuggled in.
    """
    ways = [asked, *_joined(asked, near or {})]
    return " | ".join(f"({' & '.join(_needed(way, near))})" for way in ways)


def ranking(asked: Asked, near: Mapping[str, Iterable[str]] | None = None) -> str:
    """Write the same words as alternatives: ranking then adds up the weight of each word that is found."""
    return " | ".join(_terms(asked, near))


def all_but_one(asked: Asked, near: Mapping[str, Iterable[str]]) -> str:
    """Write a tsquery in which one word, whichever, may be missing; "" when too little would be left.

    Of two words, the one that is left must have four letters at least: alone, shorter ones are found everywhere.
    """
    terms = _needed(asked, near)
    ways = [terms[:at] + terms[at + 1 :] for at in range(len(terms))]
    if len(terms) == 2:
        ways = [way for way, left in zip(ways, reversed(asked.words[:2]), strict=True) if len(left) >= _TELLING]
    return " | ".join(f"({' & '.join(way)})" for way in ways if way)


def _joined(asked: Asked, near: Mapping[str, Iterable[str]]) -> Iterator[Asked]:
    """Yield the request with two neighbours written as one word, where the register knows such a word."""
    for at, pair in enumerate(pairwise(asked.words)):
        for word in list(near.get("".join(pair), ()))[:1]:
            yield replace(asked, words=(*asked.words[:at], word, *asked.words[at + 2 :]))


def _needed(asked: Asked, near: Mapping[str, Iterable[str]] | None) -> list[str]:
    terms = _terms(asked, near)
    return terms[:-1] if len(terms) > 1 and len(asked.words[-1]) == 1 else terms


def _terms(asked: Asked, near: Mapping[str, Iterable[str]] | None) -> list[str]:
    *whole, last = asked.words
    terms = [_either([*_spellings(word), *(near or {}).get(word, ())]) for word in whole]
    meant = [] if same_word(last) == last else [same_word(last)]
    return [*terms, _either([f"{last}:*", *meant, *(near or {}).get(last, ())])]


def _spellings(word: str) -> list[str]:
    """Return a finished word with its plural or singular: "george" also finds "St George's"."""
    word = same_word(word)
    if len(word) < 4 or not word.isalpha():
        return [word]
    return [word, word.removesuffix("s") if word.endswith("s") else word + "s"]


def _either(words: Iterable[str]) -> str:
    alternatives = list(dict.fromkeys(words))
    return alternatives[0] if len(alternatives) == 1 else f"({' | '.join(alternatives)})"
