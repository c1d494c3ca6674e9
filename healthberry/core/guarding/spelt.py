"""Numbers in words ("oh seven seven double nought"), or with a letter for a digit, as those write who expect to be read
by people alone.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_ONES: Final = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS: Final = (
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
_TIES: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_DIGITS: Final = {
    **dict.fromkeys(("zero", "nought", "naught", "nil", "oh", "o"), "0"),
    **{word: str(number) for number, word in enumerate(_ONES, 1)},
}
_TENS: Final = {
    **{word: str(number) for number, word in enumerate(_TEENS, 10)},
    **{word: f"{number}0" for number, word in enumerate(_TIES, 2)},
}
_TIMES: Final = {"double": 2, "treble": 3, "triple": 3}
_LARGE: Final = {"hundred": "00", "thousand": "000"}
_DIGIT: Final = "|".join(sorted(_DIGITS, key=len, reverse=True))
_TEN: Final = "|".join(sorted(_TENS, key=len, reverse=True))
_PIECE: Final = (
    rf"(?:(?:(?:double|treble|triple)[ -])?(?:{_DIGIT})(?:[ -](?:hundred|thousand))?"
    rf"|(?:{_TEN})(?:[ -](?:{_DIGIT}))?|\d{{1,6}})"
)
_SPELT: Final = re.compile(rf"(?<![\w'-]){_PIECE}(?:[ ,.-]{{1,3}}(?:and )?{_PIECE}){{3,}}(?![\w'])", re.IGNORECASE)
_WORD: Final = re.compile(rf"double|treble|triple|hundred|thousand|{_TEN}|{_DIGIT}|\d+", re.IGNORECASE)
_FEWEST_WORDS: Final = 3
_MIXED: Final = re.compile(r"(?<![\w£.,/])[0O](?:[ ._/()-]{0,3}[\dOoIl]){9,10}(?!\w)")
_ALIKE: Final = str.maketrans("OoIl", "0011")
_FEWEST_DIGITS: Final = 6


class Spelt(NamedTuple):
    """Where a number stands, and its digits."""

    start: int
    end: int
    digits: str


def spelt(words: str) -> Iterator[Spelt]:
    """Find numbers of four or more parts of which three or more are words; and such with letters for digits."""
    for match in _SPELT.finditer(words):
        parts = [part.lower() for part in _WORD.findall(match[0])]
        if sum(not part.isdigit() for part in parts) >= _FEWEST_WORDS:
            yield Spelt(*match.span(), _digits(parts))
    for match in _MIXED.finditer(words):
        if sum(sign.isdigit() for sign in match[0]) >= _FEWEST_DIGITS and re.search("[OoIl]", match[0]):
            yield Spelt(*match.span(), re.sub(r"\D", "", match[0].translate(_ALIKE)))


def _digits(parts: list[str]) -> str:
    made, times, before = "", 1, ""
    for part in parts:
        if part in _TIMES:
            times = _TIMES[part]
            continue
        if part in _LARGE:
            made += _LARGE[part]
        elif part in _DIGITS and _TENS.get(before, "").endswith("0") and before != "ten":
            made = made[:-1] + _DIGITS[part]  # "seventy one"
        else:
            made += (_DIGITS.get(part) or _TENS.get(part) or part) * times
        times, before = 1, part
    return made
