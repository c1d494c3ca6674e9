"""Words that confirm that somebody is or was a patient."""

import re
from collections.abc import Iterator
from typing import Final

from healthberry.core.guarding.finding import Finding, Own
from healthberry.core.guarding.patient_words import (
    CAME,
    CLINICAL,
    DID,
    DONE,
    ILLNESS,
    MAYBE,
    PLACE,
    RELATION,
    SMALL_WORDS,
    THING,
    WHO,
)
from healthberry.core.guarding.sentences import Text

_I: Final = re.IGNORECASE

_CONFIRMS: Final = re.compile(
    rf"\byour (?:{RELATION}'?s )?(?:(?!{SMALL_WORDS})[\w-]+ ){{0,2}}?{THING}\b(?!-)(?: with us\b)?"
    rf"|\b{DID} {WHO}"
    rf"|\b{WHO} (?:(?:were|was|are|is|have|had|has|been|being|first|then|also|just|only|not|never) ){{1,3}}{DONE}"
    rf"|\b{WHO} (?:have |had |has )?(?:attended|missed|cancelled|had|has|have|underwent|received|refused|declined"
    rf"|needed|booked) (?:[\w-]+ ){{0,3}}?{THING}\b"
    rf"|\byour (?:(?!{SMALL_WORDS})[\w-]+ ){{0,2}}?{ILLNESS}\b|\b{WHO} left (?:before|without) (?:being|you were)"
    rf"|\b{WHO} (?:have|had|has|suffer(?:ed)? from|live with|got) (?:an? )?(?:[\w-]+ )?{ILLNESS}\b"
    rf"|\b(?:you|your {RELATION}) as a patient\b"
    rf"|\b{WHO} attended\b|\b{WHO} (?:did not|didn't|failed to) (?:attend|turn up)\b"
    rf"|\b{WHO} (?:and your [a-z-]+ )?(?!left with us){CAME}(?: [\w-]+){{0,6}}? (?:with us|(?:to|in|at|on) (?:our "
    rf"|the )?{PLACE}\b)"
    rf"|\b{WHO} (?:came|visited|stayed|waited) (?:to |in |at |on )?our\b"
    rf"|\b{WHO} (?:came in (?:by|with|through|via)|gave birth|lost (?:your|the) baby)\b"
    rf"|(?<!thank )(?<!thanks )\b{WHO}(?: (?!{MAYBE})[\w'-]+){{0,6}}?"
    rf" (?:for (?:an? |the |your )(?:[\w-]+ )?)?{CLINICAL}\b"
    # Glad to have looked after somebody; had somebody in; as one of our patients.
    rf"|\b(?:pleasure|privilege|honou?r(?:ed)?|glad|proud|pleased|lovely|happy|sorry) (?:for us )?"
    r"(?:to have|to|that we could)"
    rf" (?:care for|look after|treat|nurse|help deliver|deliver|meet|see|admit|discharge|operate on"
    rf"|{DID}) (?:{WHO}|your)\b"
    rf"|\b(?:had|have|having) {WHO} (?:back )?(?:in|with us|under our|on (?:our|the) (?:ward|unit))\b"
    r"|\b(?:as|are|were|being|was) one of (?:our|the) (?:[\w-]+ ){1,3}patients\b"
    r"|\ba (?:[\w-]+ )?patient (?:of|under|at) (?:ours|our|dr)\b"
    rf"|\b{WHO} (?:was|were) (?:such )?an? (?:joy|pleasure|delight|credit|honour|privilege) to\b"
    rf"|\b(?:moved|wheeled|walked|put|kept) {WHO} (?:up |down |back |out )?(?:to|on|onto|into|in) (?:an?|the|our"
    rf"|another) (?:[\w-]+ ){{0,2}}?"
    r"(?:room|ward|bay|bed|trolley|unit|chair|corridor|list|drip|machine)\b"
    rf"|\btold {WHO} (?:the|your|about (?:the|your)) (?:[\w-]+ )?(?:results?|diagnosis|scan|biopsy)\b"
    rf"|\b{WHO} (?:had |have )?left (?:the|our) (?:[\w-]+ )?(?:department|ward|unit|hospital|clinic)\b"
    rf"|(?<=[\d,]) (?:and|but|then) (?:were|was) (?:then |not |only )?{DONE}"
    rf"|\b(?:took|taking|take|checked|checking) your (?:bloods?|temperature|pulse|swabs?|pressure)\b"
    rf"|\b(?:ambulance|crew|paramedics?)\b[^.!?\n]{{0,30}} (?:fetched|collected|brought|picked up|came for"
    rf"|reached) {WHO}\b"
    # Waited, lay, spent a time; on a trolley.
    rf"|\b{WHO} (?:had to |have had to |having to )?(?:wait(?:ed)?|l[ai]y|lie|sat|sit|spen[dt]|slept"
    r"|sleep)(?: for)?"
    r" (?:(?:so |too |very |all |more than |over |nearly |almost |a )?(?:[\w-]+ ){1,2}"
    r"(?:hours?|nights?|days|weeks|months)"
    r"|(?:\w+ )?(?:on|in) (?:a|the|your|our) (?:[\w-]+ )?(?:trolley|corridor|bed|chair|ambulance"
    r"|cubicle|bay|ward))\b"
    # When, while, since somebody was here.
    r"|\b(?:when|while|whilst|since|after|before|once|until|the (?:day|night|morning|evening|time)(?: that)?"
    r"|how long)"
    rf" {WHO}"
    r" (?:were|was|came|went|got|left|arrived|woke|stayed|had been)"
    r" (?:here|in(?! touch| contact| pain| a)|with us|us|home|round|under|through triage"
    r"|to us|up on|on (?:the|our) ward)\b"
    rf"|\b{WHO} (?:self-discharged|discharged yoursel(?:f|ves)|came round|went (?:home|into labour"
    r"|down to theatre|under))\b"
    rf"|\b(?:notes|records?|system|logs?|files?|chart)s? (?:do |does |clearly |also )?"
    rf"(?:shows?|says?|tells?|confirms?|suggests?) (?:us )?(?:that )?{WHO}\b"
    rf"|\bsee(?:ing)? {WHO} (?:again |back )?(?:in|at) (?:the |our )?(?:[\w-]+ )?"
    r"(?:clinic|ward|unit|surgery|practice)\b"
    r"|\b(?:plaster|bandages?|dressing|wound|cut|rash|drip|needle|stitches|bruis\w+|scar|burns?) (?:on|in|to"
    r"|from) your\b"
    rf"|\b(?:brought|rushed|took|transferred) {WHO} (?:to us|here|in|to our)\b|\b{WHO} (?:rang|pressed) (?:the"
    rf"|your) (?:call )?bell\b"
    rf"|\b(?:tests?|scans?|bloods|x-rays?|checks) (?:that )?(?:we|our \w+) (?:ran|did|made|took|carried out) (?:on"
    rf"|for|of|from) {WHO}\b"
    rf"|\byour {RELATION} (?:was|were) born\b"
    rf"|\byour {RELATION}'s (?:birth|death|last (?:days|hours|weeks)|final (?:days|hours|weeks))\b"
    rf"|\b(?:kept|keep|keeping) {WHO} in\b|\b(?:sent|send|sending) {WHO} home\b|\btook {WHO} to\b"
    rf"|\byour {RELATION} (?:at|in|on) our {PLACE}\b"
    r"|\b(?:a patient of ours|as (?:our|a) patient|one of our patients|a patient (?:here|with us))\b"
    rf"|\bcare (?:that )?{WHO} (?:have |had |has )?(?:received|got|was given|were given)"
    r" (?:from us|here|(?:on|in|at|from) (?:our|the))\b",
    _I,
)
_CONDITION: Final = re.compile(r"\b(?:(?<!as )if|whether|unless|should (?:you|your)|in case)\b", _I)
_GENERAL: Final = re.compile(
    r"\b(?:(?:anyone|anybody|everyone|everybody|patients|people|those|some) (?:who|can|may|should)|nobody"
    r"|never (?:post|discuss|share|send|talk|give)"
    r"|(?:can ?not|can't|could not|couldn't|do not|don't|won't|never) "
    r" (?:talk|say|discuss|confirm|comment|know|share|post|send|give)"
    r"|please (?:bring|(?:do not|don't) (?:post|share|put|write|give|include))"
    r"|you (?:can|may)(?! remember| recall| know| imagine| see (?:from|that))"
    r"|may be able|can help|able to help"
    r"|to (?:change|book|cancel|rearrange|move|check|discuss|view|see|request|order|arrange|manage))\b",
    _I,
)


def confirms(words: str) -> bool:
    """Say whether words confirm that somebody is or was a patient, whatever stands around them."""
    return _CONFIRMS.search(words) is not None


def patients(text: Text, own: Own) -> Iterator[Finding]:
    """Find what says of somebody in particular that we treated them; not what holds for whoever it may be true of."""
    conditional: set[int] = (
        set()
    )  # sentences that say "if you were treated by us": what follows in them holds for nobody
    for match in _CONFIRMS.finditer(text.words):
        sentence = text.sentence(match.start())[0]
        before = text.before(match.start())
        if _CONDITION.search(_clause(before)):
            conditional.add(sentence)
        if sentence not in conditional and not _GENERAL.search(before):
            yield Finding(match.start(), match.start() + len(match[0].rstrip()), "patient")


def _clause(before: str) -> str:
    return re.split(r"[,:;]", before)[-1]
