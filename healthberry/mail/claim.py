"""The mails about who acts for an organisation. Their buttons lead to pages that ask for a sign-in."""

from datetime import datetime
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

from healthberry.core.claim_mails import ClaimMail
from healthberry.mail import links
from healthberry.mail.headers import one_line
from healthberry.mail.messages import write

_LONDON = ZoneInfo("Europe/London")
_NAME_CHARACTERS, _REASON_CHARACTERS = 80, 1000


def write_claim(kind: str, claim: ClaimMail, message_id: str) -> EmailMessage:
    """Return the mail of this kind; what people called themselves is cut, and on one line."""
    context = {name: _plain(name, value) for name, value in claim.facts.items()}
    pages = {
        "prove_url": links.address("proving.index"),
        "people_url": links.address("people.index"),
        "operator_url": links.address("disputes.index"),
    }
    return write(claim.to, kind, {**context, **pages}, name=claim.name, message_id=message_id)


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        local = value.astimezone(_LONDON)
        return f"{local.day} {local:%B %Y}"
    if not isinstance(value, str):
        return value
    return one_line(value, _REASON_CHARACTERS if name == "reason" else _NAME_CHARACTERS)
