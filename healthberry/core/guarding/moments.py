"""Dates of birth, and dates and times of somebody's appointments."""

import re
from collections.abc import Iterator
from typing import Final

from healthberry.core.guarding.finding import Finding, Own
from healthberry.core.guarding.patients import confirms
from healthberry.core.guarding.sentences import Text

_I: Final = re.IGNORECASE

_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_DAY: Final = r"\d{1,2}(?:st|nd|rd|th)?"
_YEAR: Final = r"(?:,? (?:\d{4}|'\d\d))?"
_WEEKDAY: Final = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_DATE: Final = (
    rf"(?<![\w£/.-])(?:{_WEEKDAY},? )?(?:the )?(?:\d{{4}}-\d\d-\d\d|\d{{1,2}}[./-]\d{{1,2}}[./-](?:\d{{4}}|\d\d)"
    rf"|{_DAY}(?:,? ?(?:and|or|to|&|,|-) ?{_DAY}){{0,3}}(?: of)? {_MONTH}{_YEAR}"
    rf"|{_MONTH} (?:the )?{_DAY}\b{_YEAR})(?![\w/])"
)
_HOUR: Final = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\d{1,2})"
_TIME: Final = (
    r"(?<![\w£$€.:/-])(?:\d{1,2}(?:[:.]\d\d)? ?(?:am|pm|a\.m\.?|p\.m\.?)(?!\w)|\d{1,2}[:.]\d\d(?![\w%])"
    rf"|{_HOUR} o'?clock\b|(?:half past|half|quarter past|quarter to) {_HOUR}\b|(?:noon|midday|midnight)\b)"
)

_BIRTH_DATE: Final = re.compile(rf"{_DATE}|(?<!\d)\d\d \d\d \d{{4}}(?!\d)", _I)
_BORN: Final = re.compile(
    r"\b(?:dates? of birth|d\.? ?o\.? ?b\b\.?|birth ?dates?|birth ?day|born|turned \d{1,3})(?!\w).{0,45}$", _I
)
_BORN_AFTER: Final = re.compile(r"^.{0,12}\b(?:dob|d\.o\.b|date of birth|birth ?day)\b", _I)
_NO_PERSON: Final = re.compile(
    r"\b(?:nhs|hospitals?|trust|service|charity|unit|idea|hospice|practice|league|centre|project)\s+(?:was|were)\s+born",
    _I,
)


def births(text: Text, own: Own) -> Iterator[Finding]:
    """Find dates that are called somebody's date of birth."""
    for match in _BIRTH_DATE.finditer(text.words):
        before, after = text.before(match.start(), 80), text.after(match.end(), 40)
        if (_BORN.search(before) and not _NO_PERSON.search(before)) or _BORN_AFTER.search(after):
            yield Finding(*match.span(), "birth")


_WHEN: Final = re.compile(
    rf"{_DATE}|{_TIME}"
    rf"|\b(?:(?:next|last|this) )?{_WEEKDAY}\b(?! ?(?:clinic|list)s?\b)(?: (?:morning|afternoon|evening|night))?"
    r"|\bthe \d{1,2}(?:st|nd|rd|th)\b(?! (?:floor|time|century|of \w+ people))"
    r"|\b(?:tomorrow|yesterday|last night|this (?:morning|afternoon|evening))\b",
    _I,
)
_RANGE: Final = re.compile(
    rf"(?:{_TIME}|{_WEEKDAY}|(?<![\w£])\d{{1,2}}) ?(?:to|till|until|and|-) ?(?:{_TIME}|{_WEEKDAY})", _I
)
_RELATION: Final = (
    r"(?:mum|mother|mam|dad|father|son|daughter|wife|husband|partner|baby|child|brother|sister|nan|gran\w*|aunt|uncle"
    r"|friend|relative|parents?)"
)
_EVENT: Final = (
    r"(?:appointments?|operation|surgery|scan|x-?ray|mri|visit|procedure|admission|discharge|consultation|clinic|tests?"
    r"|treatment|stay|review|slot|follow-?up|biopsy|results?|referral|assessment|attendance|birth|induction|session"
    r"|injection|infusion|transplant|chemotherapy|check-?up|x-?rays|bloods|sessions?|screening|smear|mammogram|jab"
    r"|vaccination|dialysis|physio(?:therapy)?|ultrasound|endoscopy|colonoscopy|examination)"
)
_SOMEBODYS: Final = re.compile(
    rf"\byour (?:{_RELATION}'?s )?(?:[\w-]+ ){{0,2}}?{_EVENT}\b"
    rf"|\b(?:you|your {_RELATION})(?:'ve|'d)? (?:(?:have|had|were|was|are|been|first|then|last|also) ){{0,3}}"
    r"(?:seen|admitted|discharged|attend\w*|came|visited|arriv\w+|booked|waited|brought|transferred|operated|treated"
    r"|due|stayed|went)\b"
    r"|\b(?:see|seeing|saw|meet|expect|expecting|treat\w*|\w*book\w*|ring|call|phone|visit|admit\w*|discharg\w+) you\b"
    r"|\byou (?:missed|did not attend|didn't attend|had an?|rang|called|phoned)\b"
    r"|\b(?:slot|appointment|place|bed) for you\b|\bcome (?:back|in)\b|\bcoming (?:back|in)\b",
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
