"""Mails out of templates: `mail/<name>/subject.txt`, `body.txt` and `body.html` become one message in two shapes.

What templates are given is escaped in HTML; both shapes are cleaned of control characters; headers are one line each.
"""

from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from uuid import uuid4

from flask import current_app
from jinja2 import Environment, StrictUndefined

from healthberry.core.alerts import mail_domain
from healthberry.extensions import part
from healthberry.mail.headers import POLICY, clean, mailbox, one_line, sender
from healthberry.models.owned import now

_SUBJECT_CHARACTERS = 150
_TEMPLATES = "mail_templates"


def write(
    to: str,
    template: str,
    context: Mapping[str, Any],
    *,
    name: str = "",
    message_id: str | None = None,
    headers: Mapping[str, str] | None = None,
    clock: datetime | None = None,
) -> EmailMessage:
    """Return the mail `template` for one mailbox, with its display name, ready to be sent.

    `message_id` has its angle brackets; without one the mail gets its own. `headers` may add, never replace.

    Raises: BadAddress, jinja2.TemplateNotFound, jinja2.UndefinedError.
    """
    settings = part("settings")
    given = {**context, "home": settings.public_url, "simulated": bool(settings.sandbox_url)}
    message = EmailMessage(policy=POLICY)
    message["From"] = sender(settings.mail_from)
    message["To"] = mailbox(to, name)
    message["Subject"] = one_line(_rendered(template, "subject.txt", given), _SUBJECT_CHARACTERS)
    message["Date"] = format_datetime(clock or now())
    message["Message-ID"] = message_id or f"<mail.{uuid4()}@{mail_domain()}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    for header, value in (headers or {}).items():
        message[header] = value
    # Quoted-printable: no server on the way has to know 8-bit mail, and no line is too long.
    message.set_content(_rendered(template, "body.txt", given), cte="quoted-printable")
    message.add_alternative(_rendered(template, "body.html", given), subtype="html", cte="quoted-printable")
    return message


def _rendered(template: str, shape: str, context: Mapping[str, Any]) -> str:
    text = clean(_templates().get_template(f"mail/{template}/{shape}").render(context))
    return f"{text.strip()}\n"


def _templates() -> Environment:
    """The application's templates without what pages are given (request, session): a mail has neither."""
    found: Environment | None = current_app.extensions.get(_TEMPLATES)
    if found is None:
        found = current_app.jinja_env.overlay(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        current_app.extensions[_TEMPLATES] = found
    return found
