"""The answers to the Friends and Family Test, as exports spell them.

Source: NHS England's guidance of 2019 and the notes of its published workbooks. Since 2020 the question is "Overall,
how was your experience of our service?"; before, "How likely are you to recommend…". The two are never joined.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from healthberry.connectors.base import Rating

Direction = Literal["first_best", "last_best"]
NAME: Final = "Friends and Family Test"
OLD_NAME: Final = "Friends and Family Test (question before 2020)"
NEW_WORDS: Final = {
    "very good": 5,
    "good": 4,
    "neither good nor poor": 3,
    "poor": 2,
    "very poor": 1,
}
OLD_WORDS: Final = {
    "extremely likely": 5,
    "likely": 4,
    "neither likely nor unlikely": 3,
    "unlikely": 2,
    "extremely unlikely": 1,
}
# "Neither" alone stands in old tables; what was left out or not known is no rating.
_DONT_KNOW: Final = {"dont know", "don t know", "do not know", "unknown", "not known"}
_DONT_KNOW_NUMBER: Final = 6
_SIGNS = re.compile(r"[^a-z0-9]+")
_NUMBERED = re.compile(r"^([1-6]) (?=[a-z])")


class NoAnswer(ValueError):
    """It is none of the answers of the test."""


@dataclass(frozen=True)
class Answer:
    """One answer: in words `value` is known, in a bare number the direction decides; None in both is "Don't know"."""

    value: int | None = None
    number: int | None = None
    name: str = NAME

    def rating(self, direction: Direction) -> tuple[Rating, ...]:
        """Return the rating, 5 for the best answer; none for "Don't know"."""
        value = self.value
        if self.number is not None:
            value = 6 - self.number if direction == "first_best" else self.number
        return (Rating(self.name, value, 5),) if value else ()


def plain(text: str) -> str:
    """Return words in small letters without signs, as they are compared."""
    return _SIGNS.sub(" ", text.casefold()).strip()


def read(text: str) -> Answer:
    """Read an answer, "" and "NULL" being none. Raises: NoAnswer."""
    words = plain(text)
    if words in ("", "null", "na", "n a", "none", "not answered") or words in _DONT_KNOW:
        return Answer()
    if re.fullmatch(r"[1-6](?: 0+)?", words):
        number = int(words[0])
        return Answer(number=None if number == _DONT_KNOW_NUMBER else number)
    words = _NUMBERED.sub("", words)  # "1 - Very good": the words say it
    if words in _DONT_KNOW:
        return Answer()
    if words in NEW_WORDS:
        return Answer(NEW_WORDS[words])
    if words in OLD_WORDS:
        return Answer(OLD_WORDS[words], name=OLD_NAME)
    raise NoAnswer(text)
