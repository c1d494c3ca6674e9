"""Handing mails to the mail server; `post` leaves that to a job.

A mail that the server did not say yes to may still have arrived (the line broke after its last byte): who sends it
again uses the same Message-ID.
"""

import contextlib
import json
import logging
import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from redis.exceptions import RedisError
from rq import Queue, Retry
from rq.serializers import JSONSerializer

from healthberry import logs
from healthberry.environment import MailServer
from healthberry.extensions import part
from healthberry.mail.messages import write
from healthberry.models.owned import now

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 20
# The job lives above this layer, so it is named and not imported.
_SEALED_JOB = "healthberry.jobs.alerts.send_sealed"


class NotSent(Exception):
    """The mail server did not take it; `reason` is for people, `for_good` says that trying again is useless."""

    def __init__(self, reason: str, *, for_good: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.for_good = for_good


class Courier:
    """One connection to the mail server, opened when the first mail needs it and used for all that follow."""

    def __init__(self, server: MailServer, own_name: str, timeout_seconds: float = _TIMEOUT_SECONDS) -> None:
        self._server = server
        self._own_name = own_name
        self._timeout = timeout_seconds
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._smtp is not None:
            with contextlib.suppress(OSError):
                self._smtp.quit()
        self._drop()

    def send(self, message: EmailMessage) -> None:
        """Hand over one mail. Raises: NotSent; the connection is opened anew for the next one then."""
        if self._smtp is None:
            self._smtp = self._open()
        try:
            self._smtp.send_message(message)
        except OSError as error:  # every SMTPException is one
            self._drop()
            raise _refusal(error) from error

    def _open(self) -> smtplib.SMTP:
        try:
            smtp = self._connect()
        except OSError as error:
            raise NotSent("The mail server can't be reached.") from error
        try:
            if self._server.security == "starttls":
                smtp.starttls(context=ssl.create_default_context())
            if self._server.username:
                smtp.login(self._server.username, self._server.password or "")
        except OSError as error:
            smtp.close()
            raise NotSent("The mail server does not let us in.") from error
        return smtp

    def _connect(self) -> smtplib.SMTP:
        host, port = self._server.host, self._server.port
        if self._server.security == "tls":
            trusted = ssl.create_default_context()
            return smtplib.SMTP_SSL(host, port, self._own_name, timeout=self._timeout, context=trusted)
        return smtplib.SMTP(host, port, self._own_name, timeout=self._timeout)

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
        self._smtp = None


def courier() -> Courier:
    """Return a courier to the mail server of the settings; use it as a context manager."""
    settings = part("settings")
    return Courier(settings.mail_server, urlsplit(settings.public_url).hostname or "localhost")


def send_template(
    to: str,
    template: str,
    *,
    context: Mapping[str, Any],
    message_id: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Write the mail `template` and hand it over now. Raises: NotSent, and what `messages.write` raises."""
    message = write(to, template, context, message_id=message_id, headers=headers)
    with courier() as opened:
        opened.send(message)


def post(to: str, template: str, context: Mapping[str, Any], *, useful_seconds: int = 600) -> None:
    """Have a job send the mail `template`; what it says (a code, an address) never stands in the queue in clear.

    One still waiting after `useful_seconds` is dropped. Where the queue can't be reached it is sent from here; a mail
    server that fails too is logged: whoever waits for a code asks for another.
    """
    letter = {
        "to": to,
        "template": template,
        "context": json.dumps(dict(context)),
        "until": str(now().timestamp() + useful_seconds),
    }
    sealed = part("vault").seal(letter).decode()
    try:
        queue = Queue("alerts", connection=part("valkey"), serializer=JSONSerializer)
        queue.enqueue_call(_SEALED_JOB, args=(sealed,), timeout=60, result_ttl=0, failure_ttl=3600, retry=Retry(max=2))
    except RedisError as error:
        logs.event(log, "mail.queue_unreachable", logging.WARNING, template=template, error=type(error).__name__)
        _send_quietly(to, template, context)


def _send_quietly(to: str, template: str, context: Mapping[str, Any]) -> None:
    try:
        send_template(to, template, context=context)
    except NotSent as error:
        logs.event(log, "mail.not_sent", logging.ERROR, template=template, reason=error.reason)


def _refusal(error: OSError) -> NotSent:
    """Say in words what the server answered; its own words are not ours to show."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = max((code for code, _ in error.recipients.values()), default=0)
        return NotSent(f"The mail server refused the address ({code}).", for_good=code >= 500)
    if isinstance(error, smtplib.SMTPDataError):
        return NotSent(f"The mail server refused the e-mail ({error.smtp_code}).", for_good=error.smtp_code >= 500)
    if isinstance(error, smtplib.SMTPSenderRefused):
        return NotSent(f"The mail server refused our sender ({error.smtp_code}).")
    if isinstance(error, TimeoutError):
        return NotSent("The mail server did not answer in time.")
    return NotSent("The connection to the mail server broke.")
