"""Words that confirm that somebody is or was a patient."""

import re
from collections.abc import Iterator
from typing import Final

from healthberry.core.guarding.finding import Finding, Own
from healthberry.core.guarding.sentences import Text

_I: Final = re.IGNORECASE

_RELATION: Final = (
    r"(?:(?:late|dear|elderly|little|young|new|newborn|own) )?(?:mum|mother|mam|dad|father|son|daughter|wife|husband"
    r"|partner|baby|child|children|brother|sister|nan|gran\w*|aunt|uncle"
    r"|friend|relative|parents?|twins?|boy|girl|lad|nephew|niece|cousin|loved one)"
)
_WHO: Final = rf"(?:you|your {_RELATION})\b(?:'ve|'d|'re)?"
_THING: Final = (
    r"(?:appointments?|operations?|surgery|procedures?|admission|stay|treatment|diagnosis|scans?|x-?rays?|mri|biopsy"
    r"|bloods|(?:blood )?tests?|(?:test |blood )?results|(?:medical |health |case |hospital )?(?:records?|notes|file)"
    r"|medical history|consultation|discharge|medication|medicines?|tablets|antibiotics|prescriptions?|labour|pregnancy"
    r"|referral|attendance|replacement|transplant|chemotherapy|radiotherapy|physio(?:therapy)?|therapy|counselling"
    r"|sessions|dialysis|injections?|infusions?|vaccinations?|jab|screening|smear|mammogram|ultrasound|endoscopy"
    r"|colonoscopy|examination|chart"
    r"|fall|accident|caesarean|c-section|epidural|anaesthetic|operation date|waiting list"
    r"|assessment|check-?up|follow-?up|surgeon|consultant|anaesthetist|midwife"
    r"|care (?:plan|team|co-?ordinator)|condition|illness|injury|symptoms|time (?:with us|on (?:the|our) ward)"
    r"|care (?:with us|here|(?:on|in|at|under) our)|visit to (?:our|the) [\w&]+)"
)
_ILLNESS: Final = (
    r"(?:cancer|tumou?r|diabetes|asthma|depression|anxiety|stroke|heart (?:attack|failure|disease)|fracture|infection"
    r"|sepsis|dementia|alzheimer's|epilepsy|miscarriage|hernia|cataracts?|pneumonia|covid|hiv|angina|copd|arthritis"
    r"|blood pressure|wound|burns?|seizures?|psychosis|bipolar|autism|adhd|addiction|overdose|leukaemia|kidney \w+"
    r"|broken \w+)"
)
_SMALL_WORDS: Final = (
    r"(?:a|about|an|and|are|as|at|before|but|by|can|could|for|from|has|have|if|in|is|of|on|or|so|than|that|the|to|was"
    r"|were|when|will|with|without|would|local)\b"
)
_PLACE: Final = (
    r"(?:[\w-]+ ){0,2}?(?:a&e|a and e|corridor|waiting room|cubicle|bay|labour|care|wards|ae|ed|emergency"
    r"|ward|unit|hospital|clinic|department|surgery|practice|theatre|maternity|intensive care|icu|bed)"
)
_DID: Final = (
    r"(?:treat(?:ed|ing)|saw|admitt(?:ed|ing)|discharg(?:ed|ing)|operat(?:ed|ing) on|look(?:ed|ing) after"
    r"|car(?:ed|ing) for|examin(?:ed|ing)|diagnos(?:ed|ing)|assess(?:ed|ing)|triag(?:ed|ing)|transferr(?:ed|ing)"
    r"|scann(?:ed|ing)|vaccinat(?:ed|ing)|prescrib(?:ed|ing)|referr(?:ed|ing)|x-rayed|rebook(?:ed|ing))"
)
_DONE: Final = (
    r"(?:treated|seen|admitted|discharged|operated on|assessed|triaged|diagnosed|brought in|given|transferred|cared for"
    r"|looked after|referred|prescribed|offered|scanned|vaccinated|under (?:[\w-]+ ){0,2}care"
    r"|on (?:our|the) (?:[\w-]+ )?waiting list|in our care|in hospital"
    rf"|(?:on|in|at) (?:our|the) {_PLACE}|registered with us"
    r"|(?:an?|our|one of our|already an?) (?:in-?|out-?)?patients?|with us|waiting in (?:our|the))\b"
)
# What nobody has who is no patient, wherever in the sentence it stands behind "you".
_CLINICAL: Final = (
    r"(?:appointments?|operations?|surgery|scans?|x-?rays?|mri|biopsy|treatment|diagnosis|blood tests?"
    r"|test results|smear|mammogram|endoscopy|colonoscopy|ultrasound|injections?|infusions?|vaccinations?|jabs?"
    r"|dialysis|chemotherapy|radiotherapy|physio(?:therapy)?|counselling|prescriptions?|antibiotics|medication"
    r"|pain relief|painkillers|morphine|stitches|plaster cast|anaesthetic|epidural|caesarean|c-section"
    r"|induction|discharge letter|referral|procedure)"
)
# After these it is not said to have happened: "you may need treatment", "you asked about jabs".
_MAYBE: Final = (
    r"(?:can|could|may|might|must|should|will|would|want|wants|wish|need|like|able|have to|please|who|that|to|about"
    r"|for|of|come|get|attend|arrive|receive|book|go"
    r"|ask|asked|asking|say|said|saying|mention|mentioned|raise|raised|write|wrote|describe|described|tell|told|telling"
    r"|feel|felt|think|thought|know|understand|find|found|expect|see|or|and|if|when|our|their|without)\b"
)
_CAME: Final = (
    r"(?:came|went|visited|stayed|spent|waited|sat|lay|slept|arrived|shouted|left"
    r"|walked|turned up|were|was|saw|died|passed away|fell|collapsed|gave birth|recovered)"
)
_CONFIRMS: Final = re.compile(
    rf"\byour (?:{_RELATION}'?s )?(?:(?!{_SMALL_WORDS})[\w-]+ ){{0,2}}?{_THING}\b(?!-)(?: with us\b)?"
    rf"|\b{_DID} {_WHO}"
    rf"|\b{_WHO} (?:(?:were|was|are|is|have|had|has|been|being|first|then|also|just|only|not|never) ){{1,3}}{_DONE}"
    rf"|\b{_WHO} (?:have |had |has )?(?:attended|missed|cancelled|had|has|have|underwent|received|refused|declined"
    rf"|needed|booked) (?:[\w-]+ ){{0,3}}?{_THING}\b"
    rf"|\byour (?:(?!{_SMALL_WORDS})[\w-]+ ){{0,2}}?{_ILLNESS}\b|\b{_WHO} left (?:before|without) (?:being|you were)"
    rf"|\b{_WHO} (?:have|had|has|suffer(?:ed)? from|live with|got) (?:an? )?(?:[\w-]+ )?{_ILLNESS}\b"
    rf"|\b(?:you|your {_RELATION}) as a patient\b"
    rf"|\b{_WHO} attended\b|\b{_WHO} (?:did not|didn't|failed to) (?:attend|turn up)\b"
    rf"|\b{_WHO} {_CAME}(?: [\w-]+){{0,6}}? (?:with us|(?:to|in|at|on) (?:our |the )?{_PLACE}\b)"
    rf"|\b{_WHO} (?:came|visited|stayed|waited) (?:to |in |at |on )?our\b"
    rf"|\b{_WHO} (?:came in (?:by|with|through|via)|gave birth|lost (?:your|the) baby)\b"
    rf"|(?<!thank )(?<!thanks )\b{_WHO}(?: (?!{_MAYBE})[\w'-]+){{0,6}}?"
    rf" (?:for (?:an? |the |your )(?:[\w-]+ )?)?{_CLINICAL}\b"
    rf"|\b(?:kept|keep|keeping) {_WHO} in\b|\b(?:sent|send|sending) {_WHO} home\b|\btook {_WHO} to\b"
    rf"|\byour {_RELATION} (?:at|in|on) our {_PLACE}\b"
    r"|\b(?:a patient of ours|as (?:our|a) patient|one of our patients|a patient (?:here|with us))\b"
    rf"|\bcare (?:that )?{_WHO} (?:have |had |has )?(?:received|got|was given|were given)"
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
