"""Handing mails to the mail server; `post` leaves that to a job.

A mail that the server did not say yes to may still have arrived (the line broke after its last byte): who sends it
again uses the same Message-ID.
"""

import contextlib
import json
import logging
import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from flask_mail import Connection
from redis.exceptions import RedisError
from rq import Retry

from healthberry import logs
from healthberry.extensions import part
from healthberry.mail.messages import write
from healthberry.models.owned import now
from healthberry.queues import queue
from healthberry.setting_values import MailServer

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 20
_NO_SUCH_MAILBOX = (550, 551, 553)  # others refuse the sender, the route or the mail
_under_way: ContextVar["Courier | None"] = ContextVar("courier under way", default=None)
# The job lives above this layer, so it is named and not imported.
_SEALED_JOB = "healthberry.jobs.alerts.send_sealed"


def mail_config(server: MailServer) -> dict[str, object]:
    """Return Flask-Mail's configuration for this server."""
    return {
        "MAIL_SERVER": server.host,
        "MAIL_PORT": server.port,
        "MAIL_USERNAME": server.username,
        "MAIL_PASSWORD": server.password,
        "MAIL_USE_TLS": server.security == "starttls",
        "MAIL_USE_SSL": server.security == "tls",
    }


class NotSent(Exception):
    """The mail server did not take it; `reason` is for people, `for_good` says that trying again is useless.

    `mailbox_refused` says that it is so for good because of this mailbox, not of this mail.
    """

    def __init__(self, reason: str, *, for_good: bool = False, mailbox_refused: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.for_good = for_good
        self.mailbox_refused = mailbox_refused


class Courier(Connection):
    """Flask-Mail's connection, opened when the first mail needs it and used for all that follow.

    Its own `configure_host` waits without end and believes any certificate; this one does neither.
    """

    def __init__(self, mail: Any, own_name: str, timeout_seconds: float = _TIMEOUT_SECONDS) -> None:
        super().__init__(mail)
        self._own_name = own_name
        self._timeout = timeout_seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.host is not None:
            with contextlib.suppress(OSError):
                self.host.quit()
        self._drop()

    def send(self, message: EmailMessage) -> None:  # type: ignore[override]  # our messages carry headers that its cannot
        """Hand over one mail. Raises: NotSent; the connection is opened anew for the next one then."""
        if self.mail.suppress:
            return
        if self.host is None:
            self.host = self.configure_host()
        try:
            self.host.send_message(message)
        except OSError as error:  # every SMTPException is one
            self._drop()
            raise _refusal(error) from error
        except BaseException:  # a time limit, say: the answer that is still to come is not the next mail's
            self._drop()
            raise

    def configure_host(self) -> smtplib.SMTP:
        """Open the connection. Raises: NotSent."""
        try:
            smtp = self._connect()
        except OSError as error:
            raise NotSent("The mail server can't be reached.") from error
        try:
            if self.mail.use_tls:
                smtp.starttls(context=ssl.create_default_context())
            if self.mail.username:
                smtp.login(self.mail.username, self.mail.password or "")
        except OSError as error:
            smtp.close()
            raise NotSent("The mail server does not let us in.") from error
        return smtp

    def _connect(self) -> smtplib.SMTP:
        host, port = self.mail.server, self.mail.port
        if self.mail.use_ssl:
            trusted = ssl.create_default_context()
            return smtplib.SMTP_SSL(host, port, self._own_name, timeout=self._timeout, context=trusted)
        return smtplib.SMTP(host, port, self._own_name, timeout=self._timeout)

    def _drop(self) -> None:
        if self.host is not None:
            self.host.close()
        self.host = None


@contextlib.contextmanager
def courier() -> Iterator[Courier]:
    """Give a courier to the mail server of the settings: within `one_courier` the one that is under way."""
    if (under_way := _under_way.get()) is not None:
        yield under_way
        return
    with Courier(part("mail"), urlsplit(part("settings").public_url).hostname or "localhost") as opened:
        yield opened


@contextlib.contextmanager
def one_courier() -> Iterator[None]:
    """Let all that is sent within go over one connection, whichever organisation's it is."""
    with courier() as opened:
        mark = _under_way.set(opened)
        try:
            yield
        finally:
            _under_way.reset(mark)


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
        waiting = queue("alerts", part("valkey"))
        waiting.enqueue_call(
            _SEALED_JOB, args=(sealed,), timeout=60, result_ttl=0, failure_ttl=3600, retry=Retry(max=2)
        )
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
        said = f"The mail server refused the address ({code})."
        return NotSent(said, for_good=code >= 500, mailbox_refused=code in _NO_SUCH_MAILBOX)
    if isinstance(error, smtplib.SMTPDataError):
        return NotSent(f"The mail server refused the e-mail ({error.smtp_code}).", for_good=error.smtp_code >= 500)
    if isinstance(error, smtplib.SMTPSenderRefused):
        return NotSent(f"The mail server refused our sender ({error.smtp_code}).")
    if isinstance(error, TimeoutError):
        return NotSent("The mail server did not answer in time.")
    return NotSent("The connection to the mail server broke.")
