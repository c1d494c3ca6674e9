"""The mails that say that a channel is not read, and that it is read again: of the channel, never of what was said."""

from datetime import datetime
from email.message import EmailMessage

from healthberry.core import staleness
from healthberry.core.alerts import mail_domain
from healthberry.core.silences import BEGUN, OVER, Outage
from healthberry.extensions import part
from healthberry.mail import links
from healthberry.mail.alert import when
from healthberry.mail.headers import one_line
from healthberry.mail.messages import write
from healthberry.models.owned import now

_NAME_CHARACTERS = 80


def write_outage(outage: Outage, message_id: str, *, clock: datetime | None = None) -> EmailMessage:
    """Return the mail of an outage to its member. Both of one outage name the same root: mail programs fold them."""
    at = clock or now()
    root = f"<outage.{outage.channel_id}.{outage.since.timestamp():.0f}@{mail_domain()}>"
    context = {
        "place": part("connectors").get(outage.kind).capabilities.name,
        "channel": one_line(outage.label, _NAME_CHARACTERS),
        "organisation": one_line(outage.organisation_name, _NAME_CHARACTERS),
        "since": when(outage.since, at),
        "lasted": staleness.in_words((outage.until or at) - outage.since),
        "trouble": outage.trouble,
        "channel_url": links.address("channels.show", channel_id=str(outage.channel_id)),
    }
    return write(
        outage.member.email,
        BEGUN if outage.until is None else OVER,
        context,
        name=outage.member.name,
        message_id=message_id,
        headers={"In-Reply-To": root, "References": root},
        clock=at,
    )
