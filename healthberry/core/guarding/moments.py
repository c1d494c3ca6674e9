"""Dates of birth, and dates and times of somebody's appointments."""

import re
from collections.abc import Iterator
from typing import Final

from healthberry.core.guarding.dates import ANY_YEAR, DATE, DAY, MONTH, ORDINAL, SHORT_WEEKDAY, TIME, WEEKDAY, WORDED
from healthberry.core.guarding.finding import Finding, Own
from healthberry.core.guarding.patients import confirms
from healthberry.core.guarding.sentences import Text

_I: Final = re.IGNORECASE

_BIRTH_DATE: Final = re.compile(
    rf"{DATE}|(?<!\d)\d\d[ ./-]\d\d[ ./-](?:\d{{4}}|\d\d)(?!\d)|\d{{1,2}}[./ -][ivx]{{1,4}}[./ -]\d{{2,4}}\b"
    rf"|(?:19|20)\d\d[,. ]+(?:{MONTH} {DAY}\b|{DAY} {MONTH})|(?:{WORDED})(?:,? {ANY_YEAR}\b)?"
    rf"|{MONTH},? (?:of )?(?:19|20)\d\d\b"
    r"|(?<=\bborn in )(?:19|20)\d\d\b",
    _I,
)
_BORN: Final = re.compile(
    r"\b(?:dates? of birth|d\.? ?o\.? ?b\b\.?|birth ?dates?|birth ?day|born|turned (?:\d{1,3}"
    r"|[a-z]{3,8}(?:-[a-z]{3,5})?))(?!\w).{0,45}$",
    _I,
)
_BORN_AFTER: Final = re.compile(r"^.{0,12}\b(?:dob|d\.o\.b|date of birth|birth ?day)\b", _I)
_NO_PERSON: Final = re.compile(
    r"\b(?:nhs|hospitals?|trust|service|charity|unit|idea|hospice|practice|league|centre|project)\s+"
    r"(?:(?:was|were)\s+born|turned)",
    _I,
)


def births(text: Text, own: Own) -> Iterator[Finding]:
    """Find dates that are called somebody's date of birth."""
    for match in _BIRTH_DATE.finditer(text.words):
        before, after = text.before(match.start(), 80), text.after(match.end(), 40)
        if (_BORN.search(before) and not _NO_PERSON.search(before)) or _BORN_AFTER.search(after):
            yield Finding(*match.span(), "birth")


_WHEN: Final = re.compile(
    rf"{DATE}|{TIME}|{WORDED}"
    rf"|\b(?:(?:next|last|this) )?{WEEKDAY}\b(?! ?(?:clinic|list)s?\b)(?: week\b| (?:morning|afternoon|evening"
    rf"|night))?"
    rf"|\b(?:{SHORT_WEEKDAY}) (?:the )?{DAY}\b|\b(?:{ORDINAL}|last) {WEEKDAY} (?:of|in) {MONTH}"
    r"|\bthe \d{1,2}(?:st|nd|rd|th)\b(?! (?:floor|time|century|of \w+ people))"
    rf"|(?<=\bon )the {ORDINAL}\b(?! (?:century|floor|time|of|day))|\ba (?:week|fortnight) (?:on|from) {WEEKDAY}"
    r"|(?<=\bon )(?!24/7)\d{1,2}/(?:1[0-2]|0?[1-9])(?![\d/])"
    r"|\b(?:the day (?:after|before) (?:tomorrow|yesterday)|tomorrow|yesterday|last night"
    r"|this (?:morning|afternoon|evening))\b",
    _I,
)
_RANGE: Final = re.compile(
    rf"(?:{TIME}|{WEEKDAY}|(?<![\w£])\d{{1,2}}) ?(?:to|till|until|and|-) ?(?:{TIME}|{WEEKDAY})", _I
)
_RELATION: Final = (
    r"(?:mum|mother|mam|dad|father|son|daughter|wife|husband|partner|baby|child|brother|sister|nan|gran\w*|aunt|uncle"
    r"|friend|relative|parents?)"
)
_EVENT: Final = (
    r"(?:appointments?|operation|surgery|scan|x-?ray|mri|visit|procedure|admission|discharge|consultation|clinic"
    r"|tests?"
    r"|treatment|stay|review|slot|follow-?up|biopsy|results?|referral|assessment|attendance|birth|induction|session"
    r"|injection|infusion|transplant|chemotherapy|check-?up|x-?rays|bloods|sessions?|screening|smear|mammogram|jab"
    r"|vaccination|dialysis|physio(?:therapy)?|ultrasound|endoscopy|colonoscopy|examination)"
)
_SOMEBODYS: Final = re.compile(
    rf"\byour (?:{_RELATION}'?s )?(?:[\w-]+ ){{0,2}}?{_EVENT}\b"
    rf"|\b(?:you|your {_RELATION})(?:'ve|'d)? (?:(?:have|had|were|was|are|been|first|then|last|also) ){{0,3}}"
    r"(?:seen|admitted|discharged|attend\w*|came|visited|arriv\w+|booked|waited|brought|transferred|operated|treated"
    r"|due|stayed|went)\b"
    r"|\b(?:had|have|having|fit|fitted|squeezed?|pencil(?:led)?|book(?:ed)?|put|call(?:ed)?) you (?:in|down)\b"
    r"|\b(?:come|comes|came|coming|go) to you\b|\b(?:moved?|moving|rebooked?|changed) you\b|\bbe with us\b"
    r"|\bwe can (?:offer|do|give|manage)\b|\bwould (?:\w+ ){0,3}suit\b|\bcome to (?:the|our)\b"
    rf"|\b(?:the|our) (?:home |next |first )?{_EVENT} (?:is|was|will be) (?:on |at |for |next )"
    r"|\b(?:can|could|will|would) you (?:please )?(?:come|make|manage|attend|be|do)\b"
    r"|\b(?:see|seeing|saw|look for|meet|expect|expecting|treat\w*|\w*book\w*|ring|call|phone|visit|admit\w*"
    r"|discharg\w+) you\b"
    r"|\byou (?:missed|did not attend|didn't attend|had an?|rang|called|phoned)\b"
    r"|\b(?:called|shouted) (?:out )?your name\b|\b(?:slot|appointment|place|bed) for you\b|\bcome (?:back|in)\b"
    r"|\bcoming (?:back|in)\b",
    _I,
)
_PUBLIC: Final = re.compile(
    r"\b(?:open|opens|opened|opening|close[sd]?|closing|everybody|everyone|anyone|welcome"
    r"|all patients|visiting (?:is|hours))\b",
    _I,
)


def appointments(text: Text, own: Own) -> Iterator[Finding]:
    """Find dates and times in a sentence about something that somebody in particular was or will be there for."""
    ranges = [match.span() for match in _RANGE.finditer(text.words)]
    for match in _WHEN.finditer(text.words):
        start, end = match.span()
        if any(begin < end and start < finish for begin, finish in ranges):
            continue
        if _is_somebodys(text, start):
            yield Finding(start, end - match[0].endswith("."), "appointment")


def _is_somebodys(text: Text, at: int) -> bool:
    sentence = text.around(at)
    if _PUBLIC.search(sentence):
        return False
    if _SOMEBODYS.search(sentence) or confirms(sentence):
        return True
    goes_on = re.search(r"\b(?:it|this|that|one|which)\b", sentence, _I)
    return bool(goes_on and _SOMEBODYS.search(text.sentence_before(at)))
