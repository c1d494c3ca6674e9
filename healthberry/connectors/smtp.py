"""Handing one e-mail to a mail server, and knowing afterwards what is certain.

| what happened | means | ours |
|---|---|---|
| no connection, a broken one before the last byte, any 4xx | certainly not taken: safe to try again | RateLimited |
| 534, 535, 538 to the sign-in | somebody has to sign in again | NotAuthorised |
| 5xx to the sender, the recipient or the words | it will never be taken | Rejected |
| the line broke after the last byte, before the answer | nobody knows | Unavailable |

Source: RFC 5321 section 4.2.5 and 4.5.3.2 (the server has the mail once it has said 250 to the final dot), RFC 4954.
"""

import contextlib
import smtplib
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any, Final

from healthberry.connectors import mail_servers
from healthberry.connectors.errors import NotAuthorised, RateLimited, Rejected, Unavailable
from healthberry.connectors.mail_servers import MailHost, SignIn
from healthberry.connectors.public_addresses import Resolve, system_resolve

_AGAIN_SECONDS: Final = 60.0
_SIGN_IN_REFUSED: Final = (534, 535, 538)


def hand_over(
    message: EmailMessage,
    sender: str,
    recipient: str,
    server: MailHost,
    sign_in: SignIn | None = None,
    *,
    timeout: float | None = None,
    resolve: Resolve = system_resolve,
) -> None:
    """Give `message` to `server` for one recipient; returning means that the server answers for it from now on.

    Raises: RateLimited, NotAuthorised, Rejected (all: certainly not taken); Unavailable (nobody knows).
    """
    with _opened(server, sender.rpartition("@")[2] or "localhost", timeout, resolve) as smtp:
        _begin(smtp, server, sign_in)
        _envelope(smtp, sender, recipient)
        _words(smtp, message)


def check(
    server: MailHost, sign_in: SignIn, *, timeout: float | None = None, resolve: Resolve = system_resolve
) -> None:
    """Sign in and send nothing. Raises: as `hand_over`."""
    with _opened(server, "localhost", timeout, resolve) as smtp:
        _begin(smtp, server, sign_in)


class _Smtp(smtplib.SMTP):
    """An SMTP connection that goes to a checked address."""

    def __init__(self, server: MailHost, own_name: str, timeout: float | None, resolve: Resolve) -> None:
        self._server, self._wait, self._resolve = server, timeout, resolve
        super().__init__(server.host, server.port, own_name)

    def _get_socket(self, host: str, port: int, timeout: Any) -> socket.socket:
        return mail_servers.connect(self._server, self._wait, self._resolve)


@contextlib.contextmanager
def _opened(server: MailHost, own_name: str, timeout: float | None, resolve: Resolve) -> Iterator[smtplib.SMTP]:
    try:
        smtp = _Smtp(server, own_name, timeout, resolve)
    except mail_servers.NotPublic as error:
        raise Rejected(f"{server.host} leads into a private network: nobody is connected there.") from error
    except OSError as error:  # every SMTPException is one
        raise _not_taken(f"The mail server {server.host} can't be reached.") from error
    try:
        yield smtp
    finally:
        with contextlib.suppress(OSError):
            smtp.quit()
        smtp.close()


def _begin(smtp: smtplib.SMTP, server: MailHost, sign_in: SignIn | None) -> None:
    try:
        smtp.ehlo_or_helo_if_needed()
        if server.security == "starttls":
            smtp.starttls(context=mail_servers.context())
        if sign_in and sign_in.token:
            smtp.ehlo_or_helo_if_needed()  # again, where encryption began meanwhile
            smtp.auth("XOAUTH2", lambda challenge=None: "" if challenge else sign_in.xoauth2())
        elif sign_in and sign_in.user:
            smtp.login(sign_in.user, sign_in.password)
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code in _SIGN_IN_REFUSED:
            raise NotAuthorised("The mail server for sending refused the user name and password.") from error
        raise _not_taken("The mail server for sending does not let us in just now.") from error
    except smtplib.SMTPNotSupportedError as error:
        raise Rejected("The mail server for sending does not offer the way to sign in, or to encrypt.") from error
    except OSError as error:
        raise _not_taken("The mail server for sending does not let us in.") from error


def _envelope(smtp: smtplib.SMTP, sender: str, recipient: str) -> None:
    try:
        for command, argument in (("mail", f"FROM:<{sender}>"), ("rcpt", f"TO:<{recipient}>")):
            code, _ = smtp.docmd(command, argument)
            if code >= 500:
                what = f"the address {recipient}" if command == "rcpt" else f"our address {sender}"
                raise Rejected(f"The mail server refused {what} ({code}).")
            if code >= 300:
                raise _not_taken(f"The mail server asks us to try again later ({code}).")
    except OSError as error:
        raise _not_taken("The connection to the mail server broke.") from error


def _words(smtp: smtplib.SMTP, message: EmailMessage) -> None:
    """Send the words; from the last byte on, silence means that nobody knows."""
    raw = message.as_bytes()
    try:
        code, _ = smtp.docmd("data")
        if code != 354:
            raise _refused(code)
    except OSError as error:
        raise _not_taken("The connection to the mail server broke.") from error
    try:
        smtp.send(_stuffed(raw))
        code, _ = smtp.getreply()
    except OSError as error:
        # Which byte the server saw last is not known here: sendall gives up anywhere.
        raise Unavailable("The mail server broke off after it had the e-mail.") from error
    if code < 0:
        raise Unavailable("The mail server broke off after it had the e-mail.")
    if code >= 300:
        raise _refused(code)


def _refused(code: int) -> Rejected | RateLimited:
    if code >= 500:
        return Rejected(f"The mail server refused the e-mail ({code}).")
    return _not_taken(f"The mail server asks us to try again later ({code}).")


def _not_taken(reason: str) -> RateLimited:
    # The only error that lets the same reply be sent again without a look: nothing can have gone out.
    return RateLimited(reason, _AGAIN_SECONDS)


def _stuffed(raw: bytes) -> bytes:
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    lines = [b"." + line if line.startswith(b".") else line for line in lines]
    if lines and lines[-1] == b"":
        lines.pop()
    return b"\r\n".join(lines) + b"\r\n.\r\n"
