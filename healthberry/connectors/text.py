"""What providers call text, made safe to store and to compare. It stays hostile: whoever shows it escapes it."""

import difflib
import re
import unicodedata
from typing import Any, Final

LONGEST_TEXT: Final = 100_000
_COMPARED: Final = 3_000
_SIMILAR: Final = 0.6

# Control characters except tab and newline, lone surrogates, and the code points that are no characters.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def clean(value: Any, longest: int = LONGEST_TEXT) -> str:
    """Return `value` as text without control characters, NUL or surrogates; "" for what is no text.

    Numbers become their digits. Texts beyond `longest` characters end in a note that says how long they were.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = str(value)
    if not (text.isascii() and text.isprintable()):  # most values are, and need no closer look
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        text = _UNWANTED.sub("", _SURROGATES.sub("\ufffd", text))
    text = text.strip()
    if len(text) <= longest:
        return text
    note = f"… [cut: {len(text):,} characters]"
    return text[: max(longest - len(note), 0)].rstrip() + note if longest > 200 else text[:longest].rstrip()


def line(value: Any, longest: int = 300) -> str:
    """Return `value` cleaned, on one line."""
    return " ".join(clean(value, longest * 4).split())[:longest].rstrip()


def normal(text: str) -> str:
    """Return `text` in the form in which two tellings of the same words are equal: NFC, one space between words."""
    return " ".join(unicodedata.normalize("NFC", clean(text)).split())


def similarity(one: str, other: str) -> float:
    """Return how alike two texts are, 0 to 1; 1.0 where only white space differs. Long texts by their beginning."""
    first, second = normal(one), normal(other)
    if first == second:
        return 1.0
    matcher = difflib.SequenceMatcher(None, first[:_COMPARED].casefold(), second[:_COMPARED].casefold(), autojunk=False)
    # The cheap bound first: the exact figure takes time that grows with the square of the length.
    return matcher.ratio() if matcher.quick_ratio() >= _SIMILAR else 0.0


def similar(one: str, other: str) -> bool:
    """Say whether `other` is `one` as a moderator may have edited it."""
    return bool(normal(one)) and similarity(one, other) >= _SIMILAR
