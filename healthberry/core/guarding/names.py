"""Names with a title: Dr Smith, Nurse Patel, Sister Mary."""

import re
from collections.abc import Iterator
from typing import Final

from healthberry.core.guarding.finding import Finding, Own
from healthberry.core.guarding.name_words import HONOURED, IMAGINED, NO_NAME, OFTEN_AFTER, PLACES, ROLES, THINGS
from healthberry.core.guarding.sentences import Text

_TITLE: Final = (
    r"(?:Dr|Doctor|Mr|Mrs|Ms|Miss|Mx|Prof|Professor|Nurse|Sister|Matron|Midwife|Consultant|Sir|Dame|Lord|Lady|Rev"
    r"|Reverend|Canon|Rabbi|Imam|Lt|Capt|Captain|Maj|Major|Col|Colonel|Sgt|Sergeant)"
)
_SHOUTED: Final = _TITLE.upper().replace("(?:", "(?:", 1)
_WORD: Final = r"[^\W\d_](?:[^\W\d_]|['-](?=[^\W\d_]))*\.?"
_FIRST: Final = rf"\b(?P<title>(?:{_TITLE}|{_SHOUTED}))\b\.?(?: (?:and |& |the )?{_TITLE}\b\.?)?"
_NAMED: Final = re.compile(rf"{_FIRST} (?P<name>{_WORD}(?: {_WORD}){{0,3}})")
# Typed on a telephone, without capitals. "ms" is also an illness, "miss" also a verb.
_SMALL: Final = re.compile(
    r"\b(?P<title>[Mm]rs?|[Dd]r)\b\.? (?P<name>[a-z][a-z'-]+)"
    r"|(?<=with )sister (?P<sister>[a-z]{4,})(?= said| who|[.,]|$)"
)
# What somebody does, and their name.
_WORK: Final = re.compile(
    r"\b(?P<title>[Hh]ealth ?care (?:[Aa]ssistant|[Ss]upport [Ww]orker)|HCA|[Pp]orter|[Rr]eceptionist|[Pp]aramedic"
    r"|[Rr]adiographer|[Pp]harmacist|[Dd]ietitian|[Pp]hysio(?:therapist)?|[Hh]ealth [Vv]isitor|[Ss]ecretary"
    r"|[Cc]haplain|[Ww]ard (?:[Cc]lerk|[Mm]anager)|[Nn]urse|[Mm]idwife|[Mm]atron|[Rr]egistrar|[Ss]urgeon|[Vv]olunteer"
    r"|[Dd]octor|[Cc]onsultant|[Mm]anager|[Pp]hlebotomist|[Aa]naesthetist|[Oo]ptometrist|[Dd]entist)"
    rf" (?P<name>[A-Z][a-z](?:[^\W\d_]|['-](?=[^\W\d_]))*(?: {_WORD}){{0,2}})"
)
_INITIALS: Final = re.compile(
    r"(?<![\w.'])(?P<initials>(?:[A-Z]\. ?){1,3})"
    r"(?P<name>(?:Mc|Mac|O'|D'|de |van |von )?[A-Z][a-z]+(?:['-][A-Z][a-z]+)*)"
)
_OF_US: Final = re.compile(r"\b(?:you|your|we|i|us|our|me|my|he|she|himself|herself|asked|told|spoke)\b", re.IGNORECASE)
_NO_INITIALS: Final = frozenset(("P.S.", "N.B.", "A.M.", "P.M.", "U.K.", "U.S.", "E.G.", "I.E.", "Q.", "A."))


def names(text: Text, own: Own) -> Iterator[Finding]:
    """Find titles that a name follows; not the writer's own name, nor what is called after somebody."""
    for match in _NAMED.finditer(text.words):
        words = _name(match["name"])
        harmless = not words or _is_place(text, match, words) or _is_known(words, own) or _is_of_history(text, match)
        if not harmless and not NO_NAME.fullmatch(_bare(words[0])):
            yield Finding(match.start(), match.start("name") + _length(match["name"], len(words)), "name")
    for match in _WORK.finditer(text.words):
        words = _name(match["name"])
        if words and not _is_place(text, match, words) and not _is_known(words, own) and not _is_thing(words):
            yield Finding(match.start(), match.start("name") + _length(match["name"], len(words)), "name")
    for match in _INITIALS.finditer(text.words):
        alone = match["initials"].strip().replace(" ", "") in _NO_INITIALS
        after = re.match(r" ([\w-]+)", text.after(match.end(), 30))
        place = after is not None and _bare(after[1]) in PLACES | THINGS
        if (
            not alone
            and not place
            and not NO_NAME.fullmatch(_bare(match["name"]))
            and _name(match["name"])
            and not _is_known([match["name"]], own)
        ):
            yield Finding(*match.span(), "name")
    for match in _SMALL.finditer(text.words):
        word = (match["name"] or match["sister"]).removesuffix("'s")
        if word not in OFTEN_AFTER | ROLES | PLACES:
            yield Finding(*match.span(), "name")


def _is_of_history(text: Text, match: re.Match[str]) -> bool:
    """Whether somebody with an honour did something long ago, or nothing with whoever is written to."""
    if match["title"].lower() not in HONOURED:
        return False
    sentence = text.around(match.start())
    return bool(re.search(r"\b1[0-9]\d\d\b", sentence)) or not _OF_US.search(sentence)


def _is_thing(words: list[str]) -> bool:
    """Whether what follows what somebody does is no name: "pharmacist Independent Prescriber", "nurse Mondays"."""
    return bool(NO_NAME.fullmatch(_bare(words[0])))


def _name(following: str) -> list[str]:
    """Return the words that make a name: those in capitals, up to the first that is none."""
    found: list[str] = []
    for word in following.split(" "):
        bare = _bare(word)
        if not word[0].isupper() or (bare in OFTEN_AFTER and len(bare) > 1):
            break
        found.append(word)
        if word.endswith(".") and len(bare) > 1 and bare not in ("sir", "dame"):
            break
    roles = [_bare(word) in ROLES or _bare(word).endswith(("ologist", "ician", "iatrist")) for word in found]
    return [] if all(roles) else found


def _length(following: str, count: int) -> int:
    words = " ".join(following.split(" ")[:count])
    return len(words.removesuffix(".").removesuffix("'s"))


def _bare(word: str) -> str:
    return word.lower().rstrip(".").removesuffix("'s").removesuffix("'")


def _is_place(text: Text, match: re.Match[str], words: list[str]) -> bool:
    following = [_bare(word) for word in words[1:]]
    after = re.match(r"[\w'-]+", text.after(match.start("name") + len(" ".join(words)) + 1, 40))
    if not words[-1].endswith("'s"):
        following += [_bare(after[0])] if after else []
    if any(word in PLACES for word in following) or any(
        word in THINGS for word in [*following[-1:], *map(_bare, words[1:][-1:])]
    ):
        return True
    if _bare(words[0]) in IMAGINED or (len(words) == 1 and _bare(words[0]) in PLACES):
        return True
    following = following[: len(words) - 1]  # of a name that ends with "Ward" the article decides
    article = re.search(r"\b(?:the|our|on|to)\s+$", text.before(match.start(), 20), re.IGNORECASE)
    return "ward" in following and bool(article or match["title"].lower() in HONOURED)


def _is_known(words: list[str], own: Own) -> bool:
    bare = [_bare(word) for word in words]
    return all(word in own.names for word in bare) or f" {' '.join(bare)} " in f" {own.organisation} "
