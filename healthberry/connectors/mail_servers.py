"""Mail servers that somebody named: how to sign in, and a connection that cannot be led astray.

Whoever links a mailbox may type any host: the connection goes to an address that public_addresses.py has checked, under
the name that the certificate has to bear. The servers of this installation and those of the sandbox are `trusted`: they
may be anywhere.
"""

import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from healthberry.connectors.public_addresses import (
    MOST_ADDRESSES,
    LeadsInside,
    NoAddress,
    Resolve,
    addresses,
    public_addresses,
    system_resolve,
)
from healthberry.setting_values import mail_server

Security = Literal["none", "starttls", "tls"]

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 30.0


class NotPublic(OSError):
    """This host leads into a private network: nobody is connected there."""


@dataclass(frozen=True)
class MailHost:
    """Where a mail server listens; `security` is how the connection is encrypted. `trusted`: any address will do."""

    host: str
    port: int
    security: Security
    trusted: bool = False


@dataclass(frozen=True)
class SignIn:
    """How to sign in: with a password, or with an access token where there is one (XOAUTH2)."""

    user: str
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    def xoauth2(self) -> str:
        """Return the first answer of XOAUTH2. Source: Google and Microsoft both document these very bytes."""
        return f"user={self.user}\x01auth=Bearer {self.token}\x01\x01"


def installed(url: str) -> tuple[MailHost, SignIn | None]:
    """Return this installation's own mail server, as its settings name it, and how it is signed in there."""
    known = mail_server(url)
    security: Security = "tls" if known.tls else "starttls" if known.starttls else "none"
    sign_in = SignIn(known.username, known.password or "") if known.username else None
    return MailHost(known.host, known.port, security, trusted=True), sign_in


def connect(server: MailHost, timeout: float | None = None, resolve: Resolve = system_resolve) -> socket.socket:
    """Return an open connection, encrypted already where the server wants that from the first byte.

    Raises: OSError, of which NotPublic and ssl.SSLError are some.
    """
    opened = _opened(server, resolve)
    try:
        opened.settimeout(READ_SECONDS if timeout is None else timeout)
        return context().wrap_socket(opened, server_hostname=server.host) if server.security == "tls" else opened
    except BaseException:
        opened.close()
        raise


def context() -> ssl.SSLContext:
    """Return the rules for encryption: the certificate must be valid and bear the name."""
    return ssl.create_default_context()


def _opened(server: MailHost, resolve: Resolve) -> socket.socket:
    for address in _addresses(server, resolve)[:MOST_ADDRESSES]:
        try:
            return socket.create_connection((address, server.port), CONNECT_SECONDS)
        except OSError as error:
            failed = error
    raise failed


def _addresses(server: MailHost, resolve: Resolve) -> Sequence[str]:
    try:
        return (addresses if server.trusted else public_addresses)(server.host, server.port, resolve)
    except LeadsInside as inside:
        raise NotPublic(server.host) from inside
    except NoAddress as none:
        raise OSError(str(none)) from none
