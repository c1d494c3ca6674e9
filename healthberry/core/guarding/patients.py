"""Words that confirm that somebody is or was a patient."""

import re
from collections.abc import Iterator
from typing import Final

from healthberry.core.guarding.finding import Finding, Own
from healthberry.core.guarding.sentences import Text

_I: Final = re.IGNORECASE

_RELATION: Final = (
    r"(?:mum|mother|mam|dad|father|son|daughter|wife|husband|partner|baby|child|brother|sister|nan|gran\w*|aunt|uncle"
    r"|friend|relative|parents?)"
)
_WHO: Final = rf"(?:you|your {_RELATION})\b"
_THING: Final = (
    r"(?:appointments?|operations?|surgery|procedure|admission|stay|treatment|diagnosis|scans?|x-?rays?|mri|biopsy"
    r"|blood tests?|(?:test |blood )?results|(?:medical |health |case |hospital )?(?:records?|notes)|medical history"
    r"|consultation|discharge|medication|medicines?|prescriptions?|labour|pregnancy|referral|attendance|replacement"
    r"|transplant|chemotherapy|radiotherapy|physiotherapy|therapy|surgeon|consultant|anaesthetist|midwife"
    r"|care (?:plan|team|co-?ordinator)|condition|illness|injury|symptoms|time (?:with us|on (?:the|our) ward)"
    r"|visit to (?:our|the) [\w&]+)"
)
_SMALL_WORDS: Final = (
    r"(?:a|about|an|and|are|as|at|before|but|by|can|could|for|from|has|have|if|in|is|of|on|or|so|than|that|the|to|was"
    r"|were|when|will|with|without|would)\b"
)
_DID: Final = (
    r"(?:treat(?:ed|ing)|saw|admitt(?:ed|ing)|discharg(?:ed|ing)|operat(?:ed|ing) on|look(?:ed|ing) after"
    r"|car(?:ed|ing) for|examin(?:ed|ing)|diagnos(?:ed|ing)|assess(?:ed|ing)|triag(?:ed|ing)|transferr(?:ed|ing)"
    r"|scann(?:ed|ing)|vaccinat(?:ed|ing))"
)
_DONE: Final = (
    r"(?:treated|seen|admitted|discharged|operated on|assessed|triaged|diagnosed|brought in|given|transferred|cared for"
    r"|looked after|referred|prescribed|scanned|vaccinated|under (?:our|the) care|in our care|in hospital"
    r"|(?:on|in|at) (?:our|the) (?:ward|unit|hospital|clinic|department|surgery|practice|a&e)|registered with us"
    r"|(?:a|our) patient|an in-?patient|with us|waiting in (?:our|the))\b"
)
_CONFIRMS: Final = re.compile(
    rf"\byour (?:{_RELATION}'?s )?(?:(?!{_SMALL_WORDS})[\w-]+ ){{0,2}}?{_THING}\b(?:(?<=stay)|(?!-)) ?(?:with us)?"
    rf"|\b{_DID} {_WHO}"
    rf"|\b{_WHO}(?:'ve|'d|'re)? (?:(?:were|was|are|is|have|had|been|being|first|then|also|just|only) ){{1,3}}{_DONE}"
    rf"|\b{_WHO} attended\b"
    rf"|\b{_WHO} (?:came|went|visited|stayed|spent)(?: [\w-]+){{0,3}}? "
    r"(?:with us|(?:to |in |at |on )?our\b|(?:to|in|at|on) the (?:ward|unit|hospital|clinic|surgery)|a&e)"
    rf"|\b{_WHO} gave birth\b"
    r"|\b(?:a patient of ours|as our patient|as a patient (?:here|with us))\b"
    r"|\bcare (?:that )?you (?:have |had )?received (?:from us|here|(?:on|in|at|from) our)\b",
    _I,
)
_CONDITION: Final = re.compile(r"\b(?:if|whether|unless|should (?:you|your)|in case)\b", _I)
_GENERAL: Final = re.compile(
    r"\b(?:(?:anyone|anybody|everyone|everybody|patients|people|those) (?:who|can|may|should)|nobody"
    r"|never (?:post|discuss|share|send|talk|give)"
    r"|(?:can ?not|can't|could not|couldn't|do not|don't|won't|never) (?:talk|say|discuss|confirm|comment|know|share|post|send|give)"
    r"|please (?:bring|do not|don't)|you can|you may|may be able|can help|able to help"
    r"|to (?:change|book|cancel|rearrange|move|check|discuss|view|see|request|order|arrange|manage))\b",
    _I,
)


def patients(text: Text, own: Own) -> Iterator[Finding]:
    """Find what says of somebody in particular that we treated them; not what holds for whoever it may be true of."""
    conditional: set[int] = set()  # sentences that say "if you were treated by us": what follows in them holds for nobody
    for match in _CONFIRMS.finditer(text.words):
        sentence = text.sentence(match.start())[0]
        before = text.before(match.start())
        if _CONDITION.search(_clause(before)):
            conditional.add(sentence)
        if sentence not in conditional and not _GENERAL.search(before):
            yield Finding(match.start(), match.start() + len(match[0].rstrip()), "patient")


def _clause(before: str) -> str:
    return re.split(r"[,:]", before)[-1]
