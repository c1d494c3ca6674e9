"""Where a sentence begins and ends: what stands around a number says what it is."""

import re
from bisect import bisect_right
from typing import Final

_END: Final = re.compile(
    r"(?<!\bDr)(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bProf)(?<!\bRev)(?<!\bSt)(?<!\b[Nn]o)(?<!\b[A-Za-z])(?<!\b[ap]\.m)"
    r"[.!?]+(?=[\s\"')]|$)|\n+"
)
# Signs that look alike, one for one, so that places stay the same.
_ALIKE: Final = str.maketrans(
    {
        **dict.fromkeys(
            "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000", " "
        ),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\uff0d", "-"),
        **dict.fromkeys("\u2018\u2019\u02bc\uff07", "'"),
        **dict.fromkeys("\u201c\u201d", '"'),
        "\t": " ",
        "\uff20": "@",
        "\uff0b": "+",
        **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
    }
)


class Text:
    """A reply, with its sentences at hand. `words` has the same length as what was written."""

    def __init__(self, written: str) -> None:
        self.words = written.translate(_ALIKE)
        self._starts = [0, *(match.end() for match in _END.finditer(self.words))]

    def sentence(self, at: int) -> tuple[int, int]:
        """Return where the sentence around the place `at` begins and ends."""
        number = bisect_right(self._starts, at)
        end = self._starts[number] if number < len(self._starts) else len(self.words)
        return self._starts[number - 1], end

    def before(self, at: int, most: int = 200) -> str:
        """Return what stands before the place `at` in its sentence, at most so many signs of it."""
        return self.words[max(self.sentence(at)[0], at - most) : at]

    def after(self, at: int, most: int = 200) -> str:
        """Return what stands from the place `at` on in its sentence."""
        end = self.sentence(max(at - 1, 0))[1]
        return self.words[at : min(end, at + most)]

    def around(self, start: int, most: int = 200) -> str:
        """Return the sentence around a place, at most so many signs on each side."""
        begin, end = self.sentence(start)
        return self.words[max(begin, start - most) : min(end, start + most)]

    def sentence_before(self, at: int, most: int = 200) -> str:
        """Return the end of the sentence before the one around the place `at`; "" for the first."""
        begin = self.sentence(at)[0]
        return self.words[max(self.sentence(begin - 1)[0], begin - most) : begin] if begin else ""
