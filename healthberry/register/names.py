"""Names as people write them, from registers that shout: "ST.MARY'S MED CTR" becomes "St Mary's Medical Centre"."""

import re
from typing import Final

from healthberry.register.wordlists import words_of

_SMALL: Final = words_of("small.txt")
_JOINING: Final = frozenset({"and", "at", "by", "for", "in", "of", "on", "to", "under", "upon", "with"})
# Words that the rules below would take for ordinary ones.
_CAPITALS: Final = words_of("capitals.txt")
# Without a vowel, yet ordinary words or names.
_ORDINARY: Final = words_of("ordinary.txt")
_FIXED: Final = {
    "ltd": "Ltd",
    "plc": "plc",
    "gps": "GPs",
    "gpwsi": "GPwSI",
    "nhsft": "NHS Foundation Trust",
    "p'ship": "Partnership",
    "phd": "PhD",
    "itv": "ITV",
    "b'ham": "Birmingham",
    "spamedica": "SpaMedica",
}
# Short forms that the source's narrow columns forced on a name.
_LONG: Final = {
    "assoc": "Associates",
    "ctr": "Centre",
    "ctre": "Centre",
    "fam": "Family",
    "gen": "General",
    "grp": "Group",
    "hlth": "Health",
    "hosp": "Hospital",
    "hse": "House",
    "hth": "Health",
    "med": "Medical",
    "phcy": "Pharmacy",
    "prac": "Practice",
    "pract": "Practice",
    "serv": "Service",
    "servs": "Services",
    "surg": "Surgery",
    "svc": "Service",
    "univ": "University",
}
_NUMERAL: Final = re.compile(r"(?:II|III|IV|VI{1,3}|IX|XI{1,3})\Z")
_ORDINAL: Final = re.compile(r"\d+(?:ST|ND|RD|TH|HR|HRS)\Z", re.IGNORECASE)
_WEB: Final = re.compile(r"(?:WWW\..+|.+\.(?:COM|NET|ORG|CO\.UK|ORG\.UK))\Z", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\s\-/()\[\],:+_@\"]+")
_GLUED_STOP: Final = re.compile(r"\b(ST|MED|PRACT|CTR|FAM|COMM|HOSP|RD|MEM)\.(?=[A-Z])", re.IGNORECASE)


def proper_case(text: str) -> str:
    """Write a name in proper case: small words small, abbreviations capital, "St", "McX", "O'X", numerals kept.

    Text that is already in mixed case keeps its words and only has well-known abbreviations put right ("Nhs" becomes
    "NHS"). Runs of white space become one space. A second call changes nothing.
    """
    text = _GLUED_STOP.sub(r"\1 ", " ".join(text.replace("’", "'").split()))
    shouting = text.isupper() or text.islower()
    return _WORD.sub(lambda match: _word(match, text, shouting), text).strip(" ,")


def _word(match: re.Match[str], text: str, shouting: bool) -> str:
    word = match.group()
    before = text[: match.start()].rstrip()
    # Inside a hyphenated name too: Stockton-on-Tees, Ashby-de-la-Zouch; but not a word left hanging, "Vitamin A".
    if _is_small(word.lower(), before, shouting) and not _begins(before, word) and text[match.end() :].strip():
        return word.lower()
    return _plain(word) if shouting else _mended(word)


def _is_small(word: str, before: str, shouting: bool) -> bool:
    if shouting:
        return word in _SMALL
    # In mixed case "The" may be meant: "Walton on the Naze", but "BMI The Park".
    return word in _JOINING or (word == "the" and re.split(r"[\s-]", before.lower())[-1] in _JOINING)


def _begins(before: str, word: str) -> bool:
    """Tell whether a small word begins a part of its own: "Acorns (The Surgery)", "14 The Street"."""
    if not before or before[-1] in "([:/" or before.endswith(" -"):
        return True
    return word.upper() == "THE" and (before[-1] == "," or before[-1].isdigit())


def _mended(word: str) -> str:
    if word.upper() in _CAPITALS and (word.istitle() or word.islower()):
        return word.upper()
    if word == "St.":
        return "St"
    if word.istitle() and word.isalpha() and 2 <= len(word) <= 4 and _unspoken(word):
        return word.upper()
    return word[:-2] + "'s" if len(word) > 3 and word.endswith("'S") else word


def _plain(word: str) -> str:
    bare = word.rstrip(".").lower()
    if bare in _FIXED:
        return _FIXED[bare]
    if bare in _LONG:
        return _LONG[bare]
    if bare.upper() in _CAPITALS or _NUMERAL.match(word):
        return word.upper()
    if _WEB.match(word) or _ORDINAL.match(word):
        return word.lower()
    if any(letter.isdigit() for letter in word):
        return re.sub(r"[A-Za-z]{3,}", lambda run: _plain(run.group()), word.upper()).rstrip(".")
    if _unspoken(bare):
        return word.upper().rstrip(".")
    if "." in word:
        return (
            ".".join(part.capitalize() for part in word.split(".")) if len(bare) > 2 else word.capitalize().rstrip(".")
        )
    if "&" in word:
        return "&".join(part if len(part) < 2 else _plain(part) for part in word.split("&")).replace(" ", "")
    return _named(word)


def _unspoken(word: str) -> bool:
    """Tell whether a short word cannot be spoken (no vowel), so that it must be an abbreviation."""
    letters = word.lower()
    return (
        2 <= len(letters) <= 5 and letters.isalpha() and not set(letters) & set("aeiouy") and letters not in _ORDINARY
    )


def _named(word: str) -> str:
    lower = word.lower()
    if re.match(r"mc[a-z]{3,}", lower):
        return "Mc" + lower[2:].capitalize()
    prefix, mark, rest = lower.partition("'")
    if mark and len(prefix) == 1 and len(rest) > 2:
        return f"{prefix.upper()}'{_named(rest)}"
    return lower[:1].upper() + lower[1:]
