"""The mails that tell people that how they sign in was changed: what, when, from where, and what to do about it."""

from collections.abc import Iterable
from datetime import datetime
from email.message import EmailMessage
from zoneinfo import ZoneInfo

from healthberry.core.origin import Origin
from healthberry.core.sign_in_mails import Change
from healthberry.mail import links, send
from healthberry.mail.headers import one_line
from healthberry.mail.messages import write

_USEFUL_SECONDS = 24 * 3600
_LONDON = ZoneInfo("Europe/London")
_NAME_CHARACTERS = 80


def write_change(change: Change, kind: str, message_id: str) -> EmailMessage:
    """Return the mail; what people and browsers call themselves is cut, and on one line."""
    context = {
        "what": change.what,
        "name": one_line(change.name, _NAME_CHARACTERS),
        "by": one_line(change.by, _NAME_CHARACTERS * 2),
        "at": _in_words(change.at),
        "network": change.network,
        "browser": one_line(change.browser, _NAME_CHARACTERS),
        "organisation": one_line(change.organisation, _NAME_CHARACTERS),
        "sign_in_url": links.address("own_sign_in.index"),
    }
    return write(change.to, kind, context, name=change.member_name, message_id=message_id)


def tell_operators(addresses: Iterable[str], email: str, at: datetime, whence: Origin) -> None:
    """Tell everybody who runs the installation that one of them, or somebody with their mailbox, set up an app."""
    said = {
        "email": email,
        "at": _in_words(at),
        "network": whence.network,
        "browser": one_line(whence.browser, _NAME_CHARACTERS),
    }
    for address in addresses:
        send.post(address, "operator_app", said, useful_seconds=_USEFUL_SECONDS)


def _in_words(at: datetime) -> str:
    at = at.astimezone(_LONDON)
    return f"{at:%A} {at.day} {at:%B %Y, %H:%M}"
