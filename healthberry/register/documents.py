"""What is stored of an entry so that it can be found: weighted words, and whole names to compare with."""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from healthberry.register.entries import Entry
from healthberry.register.words import fold, key, words

# What people call a kind although it is not in the name.
_KIND_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "trust": ("nhs", "trust", "hospital"),
    "icb": ("nhs", "icb", "integrated", "care", "board"),
    "health_board": ("nhs", "lhb", "uhb", "health", "board", "wales"),
    "sub_icb": ("nhs", "icb", "ccg"),
    "ccg": ("nhs", "ccg", "clinical", "commissioning", "group"),
    "nhs_hospital": ("nhs", "hospital"),
    "independent_hospital": ("private", "hospital"),
    "independent_provider": (),
    "hospice": ("hospice",),
    "gp_practice": ("gp", "practice", "surgery", "dr", "medical", "health", "centre"),
    "walk_in_centre": ("walk", "in", "centre", "urgent", "treatment", "utc", "wic"),
    "out_of_hours": ("out", "hours", "ooh", "gp"),
    "pharmacy": ("pharmacy", "chemist", "chemists"),
    "dental_practice": ("dental", "dentist", "dentists", "practice", "surgery"),
    "trust_site": ("nhs",),
    "care_home": ("care", "home"),
    "social_care": ("social", "care"),
}
_SPOKEN_BY_INITIALS: Final = frozenset({"trust", "icb", "health_board"})
_BODY: Final = re.compile(
    r"\b(?:nhs|foundation|trust|integrated care board|icb|local|university health board|health board)\b"
)
_POSSESSIVE: Final = re.compile(r"\b(\w{3,})['’]s\b", re.IGNORECASE)
_WEIGHTS: Final = "ABCD"


def weighted_words(entry: Entry) -> dict[str, str]:
    """Return every word that finds the entry, with its weight.

    A: the name and the code. B: short names and initials. C: former names, town, postcode. D: street and kind.
    """
    groups: tuple[Iterable[str], ...] = (
        [entry.ods_code.lower().replace("-", ""), *_name_words(entry.name)],
        [*_all_words(entry.short_names), *initials(entry)],
        [*_all_words(entry.former_names), *words(entry.town), *_postcode_words(entry.postcode)],
        [*words(entry.street), *_KIND_WORDS[entry.kind]],
    )
    found: dict[str, str] = {}
    for weight, group in zip(_WEIGHTS, groups, strict=True):
        for word in group:
            found.setdefault(word, weight)
    return found


def document(weighted: dict[str, str]) -> str:
    """Write weighted words as PostgreSQL reads a tsvector: `cedar:1A leeds:2C`; words are letters and digits only."""
    return " ".join(f"{word}:{place}{weight}" for place, (word, weight) in enumerate(weighted.items(), start=1))


def whole_names(entry: Entry) -> list[str]:
    """Return the other whole names of an entry as keys: short names, former names, initials; at most 60 characters."""
    if not (entry.short_names or entry.former_names or entry.kind in _SPOKEN_BY_INITIALS):
        return []
    own = key(entry.name)
    others = [key(name) for name in (*entry.short_names, *entry.former_names, _without_body(entry))]
    # Nobody types the first word of "NHS Leeds CCG".
    others += [name.removeprefix("nhs ") for name in (own, *others)]
    return sorted({name[:60] for name in (*others, *initials(entry)) if name and name != own})


def initials(entry: Entry) -> list[str]:
    """Return the abbreviations people make of a name: "uclh", "uclhft"; only for bodies that are spoken of so."""
    if entry.kind not in _SPOKEN_BY_INITIALS:
        return []
    found: dict[str, None] = {}
    for name in (entry.name, *entry.former_names):
        folded = fold(name)
        core = _BODY.sub(" ", folded)
        tail = "icb" if entry.kind == "icb" else "ft" if "foundation" in folded else "t" if "trust" in folded else "hb"
        for letters in _letters(core):
            found |= dict.fromkeys((letters, letters + tail))
    return list(found)


def _letters(name: str) -> list[str]:
    """Return the first letters of all words, of the telling ones, and the same with "st" whole: "swlstgmh"."""
    telling = words(name)
    ways = (
        "".join(word[0] for word in name.split()),
        "".join(word[0] for word in telling),
        "".join("st" if word == "st" else word[0] for word in telling),
    )
    return [letters for letters in dict.fromkeys(ways) if len(letters) > 1]


def _without_body(entry: Entry) -> str:
    return _BODY.sub(" ", fold(entry.name)) if entry.kind in _SPOKEN_BY_INITIALS else ""


def _name_words(name: str) -> list[str]:
    found = words(name)
    # "st marys" is also asked as "stmarys", "st mary's" also as "st mary".
    joined = [first + second for first, second in pairwise(found) if first == "st"]
    owners = [fold(match[1]) for match in _POSSESSIVE.finditer(name)] if "'" in name or "’" in name else []
    return [*found, *joined, *owners]


def _all_words(names: Iterable[str]) -> list[str]:
    return [word for name in names for word in _name_words(name)]


def _postcode_words(postcode: str) -> list[str]:
    outward, _, inward = postcode.lower().partition(" ")
    return [outward + inward, outward] if inward else []
