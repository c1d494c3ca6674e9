"""E-mail addresses and postcodes."""

import re
from collections.abc import Iterator
from typing import Final

from healthberry.core.guarding.finding import Finding, Own, plain_postcode
from healthberry.core.guarding.sentences import Text
from healthberry.core.mailboxes import SHARED

_I: Final = re.IGNORECASE

_MAIL: Final = re.compile(
    r"(?<![\w.+%-])[\w.+%'-]{1,64}(?:@|\s?[(\[]\s?at\s?[)\]]\s?)[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?![\w-])", _I
)
_SPELT: Final = re.compile(
    r"\b[\w-]{1,40}(?: dot [\w-]{1,40}){0,3} at [\w-]{1,40}(?: dot [\w-]{1,40}){0,3} dot (?:com|org|net|uk|me|eu)\b", _I
)
_DESK: Final = re.compile(
    r"pals|complaint|feedback|enquir|inquir|complain|experience|advice|switchboard|reception|communicat|appointment"
    r"|booking|helpdesk|customer|polic(?:y|ies)|library|research|volunteer|recruit|event|training|fundrais|safeguard|governance|equality"
    r"|outpatient|maternity|estate|parking|membership|pharmacy|imaging|radiology"
    r"|^(?:jobs|charity|web|website|dpo|trust|ward|clinic|info|contact|contactus|help|foi|comms|office|press|media|general|admin|support)$",
    _I,
)
_ANYBODYS: Final = frozenset(one for one in SHARED if not one.endswith(("nhs.net", "nhs.uk", "nhs.scot", "hscni.net")))


def emails(text: Text, own: Own) -> Iterator[Finding]:
    """Find e-mail addresses, but those that the organisation publishes and those of a desk (pals@, complaints@)."""
    for match in _MAIL.finditer(text.words):
        address = re.sub(r"\s?[(\[]\s?at\s?[)\]]\s?", "@", match[0].lower(), flags=_I)
        if address not in own.emails and not _is_desk(address):
            yield Finding(*match.span(), "email")
    for match in _SPELT.finditer(text.words):
        yield Finding(*match.span(), "email")


def _is_desk(address: str) -> bool:
    local, _, domain = address.rpartition("@")
    return domain not in _ANYBODYS and any(_DESK.search(part) for part in re.split(r"[._+-]", local))


_AREA: Final = (
    "AB|AL|B|BA|BB|BD|BF|BH|BL|BN|BR|BS|BT|BX|CA|CB|CF|CH|CM|CO|CR|CT|CV|CW|DA|DD|DE|DG|DH|DL|DN|DT|DY|E|EC|EH|EN|EX|FK"
    "|FY|G|GL|GU|GY|HA|HD|HG|HP|HR|HS|HU|HX|IG|IM|IP|IV|JE|KA|KT|KW|KY|L|LA|LD|LE|LL|LN|LS|LU|M|ME|MK|ML|N|NE|NG|NN|NP"
    "|NR|NW|OL|OX|PA|PE|PH|PL|PO|PR|RG|RH|RM|S|SA|SE|SG|SK|SL|SM|SN|SO|SP|SR|SS|ST|SW|SY|TA|TD|TF|TN|TQ|TR|TS|TW|UB|W"
    "|WA|WC|WD|WF|WN|WR|WS|WV|YO|ZE"
)
_POSTCODE: Final = re.compile(rf"(?<![\w@./-])(?:{_AREA})\d[\dA-Z]? ?\d(?P<end>[ABD-HJLNP-UW-Z]{{2}})(?![\w@])", _I)
_ORDINALS: Final = ("st", "nd", "rd", "th")


def postcodes(text: Text, own: Own) -> Iterator[Finding]:
    """Find whole postcodes, but the organisation's own; half of one names no street."""
    for match in _POSTCODE.finditer(text.words):
        if match["end"] not in _ORDINALS and plain_postcode(match[0]) not in own.postcodes:
            yield Finding(*match.span(), "postcode")
