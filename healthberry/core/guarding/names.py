"""Names with a title: Dr Smith, Nurse Patel, Sister Mary."""

import re
from collections.abc import Iterator
from typing import Final

from healthberry.core.guarding.finding import Finding, Own
from healthberry.core.guarding.sentences import Text

_TITLE: Final = (
    r"(?:Dr|Doctor|Mr|Mrs|Ms|Miss|Mx|Prof|Professor|Nurse|Sister|Matron|Midwife|Consultant|Sir|Dame|Lord|Lady|Rev"
    r"|Reverend|Canon|Rabbi|Imam)"
)
_SHOUTED: Final = _TITLE.upper().replace("(?:", "(?:", 1)
_WORD: Final = r"[^\W\d_](?:[^\W\d_]|['-](?=[^\W\d_]))*\.?"
_NAMED: Final = re.compile(
    rf"\b(?P<title>(?:{_TITLE}|{_SHOUTED}))\b\.?(?: (?:and|&) {_TITLE}\b\.?)? (?P<name>{_WORD}(?: {_WORD}){{0,3}})"
)
# Typed on a telephone, without capitals. "ms" is also an illness, "miss" also a verb.
_SMALL: Final = re.compile(r"\b(?P<title>[Mm]rs?|[Dd]r)\b\.? (?P<name>[a-z][a-z'-]+)")
_OFTEN_AFTER: Final = frozenset(
    """
    a about act after all also am an and any appointment appointments are as asked at be been before but by call
    called came can could did do does for from gave had has have he her here his how i if in is it its led letter
    list madam may me might my never no nor not now of off on only or our out over patient patients referral said
    says see she should so some surgeries surgery that the their them then there they this time to today told too
    visits was we were what when where which who will with would you your
    """.split()  # noqa: SIM905 - a list of words reads better as words
)
_ROLES: Final = frozenset(
    """
    associate associates associations bank charge chief clinic community consultant consultants council day director
    doctor doctors education educator group handover hour hours in junior lead leader leads led led-unit manager
    managers mayor midwife midwives nurse nurses nursing of office officer on paediatrician paediatricians physician
    physicians practitioner practitioners prescriber prescribers psychiatrist psychiatrists psychologist
    psychologists radiologist radiologists registrar research round rounds senior service services sister sisters
    specialist specialists staff student students surgeon surgeons team teams trainee training trust visit week
    """.split()  # noqa: SIM905
)
_PLACES: Final = frozenset(
    """
    avenue building center centre charity clinic college court foundation fund garden gardens group hospice hospital
    hospitals house lane library medical memorial park partners practice road room school street suite surgery
    theatre trust unit wing
    """.split()  # noqa: SIM905
)
_HONOURED: Final = frozenset(("sir", "dame", "lord", "lady"))


def names(text: Text, own: Own) -> Iterator[Finding]:
    """Find titles that a name follows; not the writer's own name, nor what is called after somebody."""
    for match in _NAMED.finditer(text.words):
        words = _name(match["name"])
        if words and not _is_place(text, match, words) and not _is_known(words, own):
            yield Finding(match.start(), match.start("name") + _length(match["name"], len(words)), "name")
    for match in _SMALL.finditer(text.words):
        word = match["name"].removesuffix("'s")
        if word not in _OFTEN_AFTER | _ROLES | _PLACES:
            yield Finding(*match.span(), "name")


def _name(following: str) -> list[str]:
    """Return the words that make a name: those in capitals, up to the first that is none."""
    found: list[str] = []
    for word in following.split(" "):
        bare = _bare(word)
        if not word[0].isupper() or (bare in _OFTEN_AFTER and len(bare) > 1):
            break
        found.append(word)
        if word.endswith(".") and len(bare) > 1 and bare not in ("sir", "dame"):
            break
    roles = [_bare(word) in _ROLES or _bare(word).endswith(("ologist", "ician", "iatrist")) for word in found]
    return [] if all(roles) else found


def _length(following: str, count: int) -> int:
    words = " ".join(following.split(" ")[:count])
    return len(words.removesuffix(".").removesuffix("'s"))


def _bare(word: str) -> str:
    return word.lower().rstrip(".").removesuffix("'s").removesuffix("'")


def _is_place(text: Text, match: re.Match[str], words: list[str]) -> bool:
    following = [_bare(word) for word in words[1:]]
    if any(word in _PLACES for word in following):
        return True
    article = re.search(r"\b(?:the|our|on|to)\s+$", text.before(match.start(), 20), re.IGNORECASE)
    return "ward" in following and bool(article or match["title"].lower() in _HONOURED)


def _is_known(words: list[str], own: Own) -> bool:
    bare = [_bare(word) for word in words]
    return all(word in own.names for word in bare) or f" {' '.join(bare)} " in f" {own.organisation} "
