"""NHS numbers, telephone numbers, and numbers of records and cases."""

import re
from collections.abc import Iterator
from typing import Final

import phonenumbers
from nhs_number.validate import is_valid

from healthberry.core.guarding.finding import Finding, Own, plain_phone
from healthberry.core.guarding.sentences import Text
from healthberry.core.guarding.spelt import spelt

_I: Final = re.IGNORECASE

_TEN: Final = re.compile(r"(?<![\w+/.,£-])\d(?:[ ._/-]{0,3}\d){9}(?!\d|[,-]\d)")
_IN_THREES: Final = re.compile(r"\d{3}[ ._/-]?\d{3}[ ._/-]?\d{4}|\d(?: \d){9}")
_LENGTH: Final = 10
_SAID: Final = re.compile(
    r"\b(?:nhs|chi|h&c|hcn|health (?:and|&) (?:social )?care)\W{0,3}(?:number|num|nr\b|nbr\b|no\b|#|id\b)"
    r"|\bnumber\b.{0,12}\b(?:nhs|chi)\b|\bnhs #",
    _I,
)
_SOMETHING_ELSE: Final = re.compile(
    r"\b(?:call|ring|dial|tel\w*|phone|fax|text|charity|company|vat|order|invoice|isbn|budget|account"
    r"|barcode)\b.{0,25}$",
    _I,
)


def nhs_numbers(text: Text, own: Own) -> Iterator[Finding]:
    """Find NHS numbers: ten digits called so, or ten that pass its check and are not called something else.

    One random number in eleven passes; and one that was mistyped is still somebody's.
    """
    for match in _TEN.finditer(text.words):
        said = _SAID.search(text.around(match.start(), 80))
        if said or (_IN_THREES.fullmatch(match[0]) and _is_one(text, match)):
            yield Finding(match.start(), match.end(), "nhs_number")
    for start, end, digits in spelt(text.words):
        if len(digits) == _LENGTH and digits[0] != "0" and _SAID.search(text.around(start, 120)):
            yield Finding(start, end, "nhs_number")


def _is_one(text: Text, match: re.Match[str]) -> bool:
    """Whether digits that nobody calls so pass the check, and nobody calls them something else."""
    digits = re.sub(r"\D", "", match[0])
    return digits[0] in "345679" and is_valid(digits) and not _SOMETHING_ELSE.search(text.before(match.start(), 60))


_BRITISH: Final = r"(?:\(?0(?:[ ._()/-]{0,3}\d){9,10}|0(?:,? \d){9,10})"
_ABROAD: Final = r"(?:\+|\b00)\d(?:[ .()/-]{0,3}\d){7,13}"
_PHONE: Final = re.compile(rf"(?<![\w+/£.,])(?:{_ABROAD}|{_BRITISH})(?![\d])")
_NO_ZERO: Final = re.compile(r"(?<![\w+/£.,-])[127]\d{2,3}[ -]?\d{3}[ -]?\d{3,4}(?!\d)")
_DATE: Final = re.compile(r"\(?\d\d?[./-]\d\d?[./-]\d")
_CALLING: Final = re.compile(
    r"\b(?:call|ring|rang|phone|mobile|tel|telephone|text|whatsapp|word|message)\w*\b.{0,30}$", _I
)
_ORGANISATION: Final = re.compile(
    r"\b(?:switchboard|pals|patient advice and liaison(?: service)?|receptions?|help ?lines?|advice line"
    r"|information line|(?:its|our) (?:\w+ ){0,2}number|main (?:\w+ )?number"
    r"|(?:text|sms) (?:reminder|message|service)s?"
    r"|(?:appointments?|bookings?|enquir\w+|complaints?|information|press|out.of.hours)"
    r" (?:lines?|desk|office|team|number)"
    r"|(?:contact|call|ring|phone|telephone|reach|text|message) us"
    r"|(?:the|our) (?:[\w-]+ ){0,3}(?:hospital|clinic|centre|practice|surgery|pharmacy|service|department|unit|team"
    r"|ward|office|council|trust|hospice|charity|hub)(?: \w+){0,2} (?:on|at))\b",
    _I,
)
_PERSON: Final = re.compile(
    r"\b(?:mobile|direct(?:ly)?|home|me|my|her|his|personal|secretary|called us|rang us|your (?:\w+ )?number)\b", _I
)
_EVERYBODYS: Final = ("+443", "+4480", "+4484", "+4487", "+449")  # no one person has such a number


def phones(text: Text, own: Own) -> Iterator[Finding]:
    """Find telephone numbers, but those of the organisation: published, or a switchboard's by the words around it."""
    for match in [*_PHONE.finditer(text.words), *_NO_ZERO.finditer(text.words)]:
        start, end = match.span()
        if match.re is _NO_ZERO and not _CALLING.search(text.before(start, 50)):
            continue
        number = _dialled(match[0])
        if number and number not in own.phones and not _is_of_organisation(text, start, end, number):
            yield Finding(start, end, "phone")
    for start, end, digits in spelt(text.words):
        called = digits.startswith("7") and len(digits) == _LENGTH and _CALLING.search(text.before(start, 50))
        number = _dialled(digits) if digits.startswith("0") or called else ""
        if number and number not in own.phones and not number.startswith(_EVERYBODYS):
            yield Finding(start, end, "phone")


def _dialled(written: str) -> str:
    number = "" if _DATE.match(written) else plain_phone(written)
    short = number.startswith("+44") and len(number) < len("+441134960100")
    return "" if short and not phonenumbers.is_valid_number(phonenumbers.parse(number)) else number


def _is_of_organisation(text: Text, start: int, end: int, number: str) -> bool:
    if number.startswith(_EVERYBODYS):
        return True
    before, after = text.before(start, 120), text.after(end, 30)
    texts = re.search(r"\b(?:text|sms) (?:reminder|message|service)s?\b", before, _I)
    if (number.startswith("+447") and not texts) or _PERSON.search(before):
        return False
    return bool(_ORGANISATION.search(before) or re.match(rf"\W{{0,3}}{_ORGANISATION.pattern}", after, _I))


_LABEL: Final = (
    r"\b(?:MRN|UBRN|CRN|datix|"
    r"(?:(?:hosp(?:ital|\.)?|pathology|sample|specimen|patient|unit|district|case|file|chart|referral|complaints?"
    r"|incident|episode|admission"
    r"|(?:medical |health |care )?records?|datix|PALS)\s+"
    r"(?:number|num|no|id|ref(?:erence)?(?:\s+(?:number|no))?))|ref(?:erence)?|patient(?=\s[A-Z]{0,4}\d{5}))\b"
)
_BETWEEN: Final = r"[\s:#(.=,]{1,4}(?:(?:is|was|of|number|no|ref|reference)\b[\s:.#(]{1,3}){0,2}"
_CODE: Final = r"(?P<token>(?:(?-i:[A-Z]{2,5}) )?[A-Z0-9][A-Z0-9]*(?:[/-][A-Z0-9]+)*(?: \d{2,4}\b){0,4})"
_RECORD: Final = re.compile(_LABEL + _BETWEEN + _CODE + r"(?![A-Z0-9])", _I)
_FAR: Final = re.compile(
    _LABEL + r"(?! of\b)[a-z' ,]{1,40}?\b(?P<token>[A-Z]{0,4}[/-]?\d{5,}(?:[/-]?[A-Z0-9]+)*)(?![\w,.]\d|\w)", _I
)
# A code by its own shape: letters, a year, a number.
_SHAPED: Final = re.compile(
    r"\b(?:quot(?:e|ing)|mention|give|ref(?:erence)?|case|complaint|file|number|under)\b[^.!?\n]{0,25}?\b"
    r"(?P<token>(?-i:[A-Z]{1,6})[/-](?:(?:19|20)?\d\d[/-])?\d{3,7}(?:[/-][A-Z0-9]{1,4})?)(?![\w/-])",
    _I,
)
_FEWEST: Final = 3
_NO_CASE: Final = re.compile(
    r"\b(?:policy|guideline|guidance|leaflet|report|job|vacancy|document|order|invoice|charity|tender|product|poster"
    r"|standard|form|map|grid|room|page)s?\W{1,3}$",
    _I,
)


def records(text: Text, own: Own) -> Iterator[Finding]:
    """Find numbers of hospitals, records, cases and complaints: three digits or more that are called so."""
    for match in [one for pattern in (_RECORD, _FAR, _SHAPED) for one in pattern.finditer(text.words)]:
        token = match["token"]
        called = sum(sign.isdigit() for sign in token) >= _FEWEST and re.search(r"\d", token.split(" ")[-1])
        if called and not _NO_CASE.search(text.before(match.start(), 30)):
            yield Finding(*match.span("token"), "record")
