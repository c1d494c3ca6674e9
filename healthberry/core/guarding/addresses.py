"""E-mail addresses and postcodes."""

import re
from collections.abc import Iterator
from typing import Final

from healthberry.core.guarding.finding import Finding, Own, plain_postcode
from healthberry.core.guarding.sentences import Text
from healthberry.core.mailboxes import SHARED

_I: Final = re.IGNORECASE

_AT: Final = r"(?:@|\s@\s?|@\s|\s?[(\[{<]\s?(?:at|@)\s?[)\]}>]\s?)"
_DOT: Final = r"(?:\.|\s\.\s?|\s?[(\[{<]\s?(?:dot|\.)\s?[)\]}>]\s?)"
_MAIL: Final = re.compile(
    rf"(?<![\w.+%-])(?P<local>[\w.+%'-]{{1,64}}){_AT}[a-z0-9-]+(?:{_DOT}[a-z0-9-]+)*{_DOT}[a-z]{{2,}}(?![\w-])", _I
)
_SPELT: Final = re.compile(
    r"\b[\w-]{1,40}(?:\.[\w-]{1,40}){0,3}(?: (?:dot|underscore|dash|hyphen) [\w-]{1,40}){0,3} at [\w-]{1,40}"
    r"(?: dot [\w-]{1,40}){0,3} dot (?:com|org|net|uk|me|eu|co|info)\b",
    _I,
)
_ANYBODYS_HOUSE: Final = (
    r"(?:gmail|googlemail|hotmail|outlook|yahoo|ymail|icloud|btinternet|sky|live|aol|proton(?:mail)?|msn|talktalk"
    r"|nhs)"
)
_SAID_AT: Final = re.compile(
    rf"\b[\w-]{{1,40}}(?:[._][\w-]{{1,40}}){{0,3}} at {_ANYBODYS_HOUSE}"
    r"(?:\.(?:com|co\.uk|net|me)\b| dot (?:com|co|net)\b)"
    r"|\b[a-z][\w-]{0,40}[._][\w.-]{1,40} at [\w-]{1,40}\.(?:com|org|net|uk|me|eu|(?:co|nhs|org|ac)\.uk)\b",
    _I,
)
_NO_PERSON: Final = frozenset(("us", "me", "here", "at", "find", "online", "live", "more", "website"))  # "find us @ …"
_DESK: Final = re.compile(
    r"pals|complaint|feedback|enquir|inquir|complain|experience|advice|switchboard|reception|communicat|appointment"
    r"|booking|helpdesk|customer|polic(?:y|ies)|library|research|volunteer|recruit|event|training|fundrais|safeguard"
    r"|governance|equality"
    r"|outpatient|maternity|estate|parking|membership|pharmacy|imaging|radiology"
    r"|^(?:jobs|charity|web|website|dpo|trust|ward|clinic|info|contact|contactus|help|foi|comms|office|press|media"
    r"|general|admin|support)$",
    _I,
)
_ANYBODYS: Final = frozenset(one for one in SHARED if not one.endswith(("nhs.net", "nhs.uk", "nhs.scot", "hscni.net")))


def emails(text: Text, own: Own) -> Iterator[Finding]:
    """Find e-mail addresses, but those that the organisation publishes and those of a desk (pals@, complaints@)."""
    for match in _MAIL.finditer(text.words):
        address = re.sub(_DOT, ".", re.sub(_AT, "@", match[0].lower(), flags=_I), flags=_I)
        spaced = " @" in match[0] and match["local"].lower() in _NO_PERSON
        if address not in own.emails and not _is_desk(address) and not spaced:
            yield Finding(*match.span(), "email")
    for match in [*_SPELT.finditer(text.words), *_SAID_AT.finditer(text.words)]:
        address = _WORDS.sub(lambda word: _SIGNS[word[1].lower()], match[0].lower())
        if address not in own.emails and not _is_desk(address):
            yield Finding(*match.span(), "email")


_SIGNS: Final = {"at": "@", "dot": ".", "underscore": "_", "dash": "-", "hyphen": "-"}
_WORDS: Final = re.compile(r" (at|dot|underscore|dash|hyphen) ", _I)


def _is_desk(address: str) -> bool:
    local, _, domain = address.rpartition("@")
    return domain not in _ANYBODYS and any(_DESK.search(part) for part in re.split(r"[._+-]", local))


_AREA: Final = (
    "AB|AL|B|BA|BB|BD|BF|BH|BL|BN|BR|BS|BT|BX|CA|CB|CF|CH|CM|CO|CR|CT|CV|CW|DA|DD|DE|DG|DH|DL|DN|DT|DY|E|EC|EH|EN|EX|FK"
    "|FY|G|GL|GU|GY|HA|HD|HG|HP|HR|HS|HU|HX|IG|IM|IP|IV|JE|KA|KT|KW|KY|L|LA|LD|LE|LL|LN|LS|LU|M|ME|MK|ML|N|NE|NG|NN|NP"
    "|NR|NW|OL|OX|PA|PE|PH|PL|PO|PR|RG|RH|RM|S|SA|SE|SG|SK|SL|SM|SN|SO|SP|SR|SS|ST|SW|SY|TA|TD|TF|TN|TQ|TR|TS|TW|UB|W"
    "|WA|WC|WD|WF|WN|WR|WS|WV|YO|ZE"
)
_POSTCODE: Final = re.compile(rf"(?<![\w@./-])(?:{_AREA})\d[\dA-Z]?[ -]?\d(?P<end>[ABD-HJLNP-UW-Z]{{2}})(?![\w@])", _I)
_LETTER_BY_LETTER: Final = re.compile(r"(?<!\w)[A-Z](?: [A-Z])? \d(?: [\dA-Z])? \d [A-Z] [A-Z](?!\w)")
_ORDINALS: Final = ("st", "nd", "rd", "th")


def postcodes(text: Text, own: Own) -> Iterator[Finding]:
    """Find whole postcodes, but the organisation's own; half of one names no street."""
    for match in _LETTER_BY_LETTER.finditer(text.words):
        if _POSTCODE.fullmatch(plain_postcode(match[0])) and plain_postcode(match[0]) not in own.postcodes:
            yield Finding(*match.span(), "postcode")
    for match in _POSTCODE.finditer(text.words):
        if match["end"] not in _ORDINALS and plain_postcode(match[0]) not in own.postcodes:
            yield Finding(*match.span(), "postcode")
