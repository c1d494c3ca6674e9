"""The alert mail: that something new was said, where and when; what was said only where the organisation wants that."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any, Final
from zoneinfo import ZoneInfo

from healthberry.connectors.base import Capabilities
from healthberry.core.alerts import Alert, mail_domain
from healthberry.extensions import part
from healthberry.mail import links
from healthberry.mail.headers import one_line
from healthberry.mail.messages import write
from healthberry.models.conversations import Conversation
from healthberry.models.owned import now

_LONDON: Final = ZoneInfo("Europe/London")
_NAME_CHARACTERS = 80
_TITLE_CHARACTERS = 120
_EXCERPT_CHARACTERS = 200
_MOST_LISTED = 30  # what follows in a mail about many stands in the inbox; some programs cut a mail at 100 KB


def write_alert(alert: Alert, message_id: str, *, clock: datetime | None = None) -> EmailMessage:
    """Return the mail of an alert to its member.

    Mails about one conversation name the same root, so that mail programs fold them together.
    """
    at = clock or now()
    unsubscribe = links.unsubscribe_link(links.UnsubscribeLink(alert.organisation.id, alert.member.id))
    headers = _headers(unsubscribe)
    context = {"organisation": _name(alert.organisation.name), "unsubscribe_url": unsubscribe}
    if len(alert.conversations) > 1:
        template, about = "many_new", _many(alert, at)
    else:
        template, about = "new_conversation", _one(alert, alert.conversations[0], at)
        root = f"<conversation.{alert.conversations[0].id}@{mail_domain()}>"
        headers |= {"In-Reply-To": root, "References": root}
    return write(
        alert.member.email,
        template,
        {**context, **about},
        name=alert.member.name,
        message_id=message_id,
        headers=headers,
        clock=at,
    )


def when(then: datetime, at: datetime) -> str:
    """Say when it was, in London, and how long ago: "today at 15:42, 3 minutes ago", "on 21 November 2025".

    Midnight exactly is a source that tells the day only.
    """
    local, today = then.astimezone(_LONDON), at.astimezone(_LONDON).date()
    days = (today - local.date()).days
    day = {0: "today", 1: "yesterday"}.get(days, f"on {local.day} {local:%B %Y}")
    if days > 1 or days < 0 or (local.hour, local.minute, local.second) == (0, 0, 0):
        return day
    return f"{day} at {local:%H:%M}{_ago(at - then) if days == 0 else ''}"


def _ago(passed: timedelta) -> str:
    minutes = int(passed.total_seconds() // 60)
    if minutes < 1:
        return ", just now"
    count, unit = (minutes, "minute") if minutes < 60 else (minutes // 60, "hour")
    return f", {count} {unit}{'' if count == 1 else 's'} ago"


def _one(alert: Alert, conversation: Conversation, at: datetime) -> Mapping[str, Any]:
    return {
        **_item(alert, conversation, at),
        "channel": _capabilities(conversation.channel_kind).label,
        "excerpt": _excerpt(conversation) if alert.excerpt else None,
        "reply_days": links.REPLY_DAYS,
    }


def _many(alert: Alert, at: datetime) -> Mapping[str, Any]:
    listed = alert.conversations[:_MOST_LISTED]
    kinds = sorted({one.channel_kind for one in alert.conversations})
    return {
        "count": len(alert.conversations),
        "places": " and ".join(_capabilities(kind).name for kind in kinds),
        "items": [_item(alert, one, at) for one in listed],
        "more": len(alert.conversations) - len(listed),
        "reply_days": links.REPLY_DAYS,
        "inbox_url": links.address("inbox.index"),
    }


def _item(alert: Alert, conversation: Conversation, at: datetime) -> Mapping[str, Any]:
    """What a mail says of one conversation: `site` may stand in a subject, `service` may not."""
    channel = _capabilities(conversation.channel_kind)
    link = links.ReplyLink(alert.organisation.id, alert.member.id, conversation.id)
    return {
        "thing": channel.thing,
        "site": _name(alert.site(conversation)),
        "service": _name(conversation.service_name or alert.organisation.name),
        "written": when(conversation.started_at, at),
        "rating": _rating(conversation),
        "closed": conversation.status == "closed",
        "reply_url": links.reply_link(link, clock=at),
    }


def _capabilities(kind: str) -> Capabilities:
    found: Capabilities = part("connectors").get(kind).capabilities
    return found


def _headers(unsubscribe: str) -> dict[str, str]:
    return {
        "List-Id": f"HealthBerry alerts <alerts.{mail_domain()}>",
        "List-Unsubscribe": f"<{unsubscribe}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _excerpt(conversation: Conversation) -> Mapping[str, str]:
    return {
        "title": one_line(conversation.title, _TITLE_CHARACTERS),
        "words": one_line(conversation.first_words, _EXCERPT_CHARACTERS),
    }


def _rating(conversation: Conversation) -> str:
    if conversation.rating is None:
        return ""
    return f"{conversation.rating:g} out of {conversation.rating_out_of or 5:g}"


def _name(text: str) -> str:
    return one_line(text, _NAME_CHARACTERS)
