"""The mail that tells a member that how they sign in was changed: what, when, from where, and what to do about it."""

from email.message import EmailMessage
from zoneinfo import ZoneInfo

from healthberry.core.sign_in_mails import Change
from healthberry.mail import links
from healthberry.mail.headers import one_line
from healthberry.mail.messages import write

_LONDON = ZoneInfo("Europe/London")
_NAME_CHARACTERS = 80


def write_change(change: Change, kind: str, message_id: str) -> EmailMessage:
    """Return the mail; what people and browsers call themselves is cut, and on one line."""
    at = change.at.astimezone(_LONDON)
    context = {
        "what": change.what,
        "name": one_line(change.name, _NAME_CHARACTERS),
        "by": one_line(change.by, _NAME_CHARACTERS * 2),
        "at": f"{at:%A} {at.day} {at:%B %Y, %H:%M}",
        "network": change.network,
        "browser": one_line(change.browser, _NAME_CHARACTERS),
        "organisation": one_line(change.organisation, _NAME_CHARACTERS),
        "sign_in_url": links.address("own_sign_in.index"),
    }
    return write(change.to, kind, context, name=change.member_name, message_id=message_id)
