"""What the text of a setting may be: each function makes the value, or raises `ValueError("must be …")`."""

import ipaddress
import re
from collections.abc import Callable
from email.utils import parseaddr
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from cryptography.fernet import Fernet

Parse = Callable[[str], Any]
_HOST = re.compile(r"[a-z0-9.-]+|[0-9a-f:.]+")


class MailServer(NamedTuple):
    """Where mail is handed over: `security` is "none", "starttls" or "tls"."""

    host: str
    port: int
    username: str | None
    password: str | None
    security: str

    @property
    def starttls(self) -> bool:
        """Whether the connection is encrypted after a greeting in the clear."""
        return self.security == "starttls"

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted from the first byte."""
        return self.security == "tls"

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port}, {self.security})"


def text(value: str) -> str:
    """Take any text without control characters."""
    if not value.isprintable():
        raise ValueError("must not contain control characters")
    return value


def one_of(*choices: str) -> Parse:
    """Take one of `choices`, in any case."""

    def parse(value: str) -> str:
        if value.upper() not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value.upper()

    return parse


def switch(value: str) -> bool:
    """Take on or off, in any case."""
    if value.lower() not in ("on", "off"):
        raise ValueError("must be on or off")
    return value.lower() == "on"


def whole(lowest: int, highest: int) -> Parse:
    """Take a whole number between `lowest` and `highest`, both included."""

    def parse(value: str) -> int:
        if not value.isascii() or not value.isdigit() or not lowest <= int(value) <= highest:
            raise ValueError(f"must be a whole number from {lowest} to {highest}")
        return int(value)

    return parse


def web_url(value: str) -> str:
    """Take an absolute http or https address; a closing slash is dropped."""
    parts = _split(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an address such as https://feedback.example.org")
    return value.rstrip("/")


def bind(value: str) -> str:
    """Take an address and a port to listen on: 127.0.0.1:8600, [::1]:8600 or localhost:8600."""
    parts = _split(f"//{value}")
    if parts.netloc != value or "@" in value or not parts.port or not _HOST.fullmatch(parts.hostname or ""):
        raise ValueError("must be an address and a port such as 127.0.0.1:8600 or [::1]:8600")
    return value


def postgres_url(value: str) -> str:
    """Take a PostgreSQL address with a database name; the result begins with `postgresql://`."""
    parts = _split(value)
    if parts.scheme not in ("postgresql", "postgres", "postgresql+psycopg") or len(parts.path) < 2:
        raise ValueError("must be an address such as postgresql://user:password@host:5432/database")
    rest = value.partition("://")[2]
    return f"postgresql://{rest}"


def for_sqlalchemy(url: str) -> str:
    """Name the psycopg 3 driver in an address that `postgres_url` gave."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def redis_url(value: str) -> str:
    """Take the address of a Redis or Valkey server, by TCP, TLS or Unix socket."""
    parts = _split(value)
    place = parts.path if parts.scheme == "unix" else parts.hostname
    if parts.scheme not in ("redis", "rediss", "unix") or not place:
        raise ValueError("must be an address such as redis://host:6379/0 or unix:///path/to/socket")
    return value


def mail_url(value: str) -> str:
    """Take the address of a mail server; a password goes to another machine by an encrypted connection alone."""
    server = mail_server(value)
    if server.password and server.security == "none" and not _is_this_machine(server.host):
        raise ValueError("must begin with smtp+starttls:// or smtps://, as it holds a password for another machine")
    return value


def mail_from(value: str) -> str:
    """Take a sender such as `HealthBerry <feedback@example.org>`."""
    if "@" not in parseaddr(text(value))[1]:
        raise ValueError("must be an e-mail address, with or without a name")
    return value


def addresses(value: str) -> tuple[str, ...]:
    """Take e-mail addresses, separated by commas."""
    found = tuple(one.strip() for one in text(value).split(",") if one.strip())
    if not found or any(parseaddr(one)[1] != one or "@" not in one for one in found):
        raise ValueError("must be e-mail addresses, separated by commas")
    return found


def long_secret(value: str) -> str:
    """Take a secret of at least 32 characters."""
    if len(value) < 32:
        raise ValueError("must be at least 32 characters long")
    return value


def fernet_keys(value: str) -> tuple[str, ...]:
    """Take comma-separated Fernet keys (32 bytes in URL-safe base64 each), newest first."""
    keys = tuple(key.strip() for key in value.split(",") if key.strip())
    try:
        for key in keys:
            Fernet(key)
    except ValueError:
        keys = ()
    if not keys:
        raise ValueError("must be keys of 32 bytes in URL-safe base64, separated by commas")
    return keys


def mail_server(url: str) -> MailServer:
    """Split a mail server's address: smtp://, smtp+starttls:// or smtps://user:password@host:port.

    Ports default to 25, 587 and 465.

    Raises: ValueError when it is not such an address.
    """
    parts = _split(url)
    known = {"smtp": ("none", 25), "smtp+starttls": ("starttls", 587), "smtps": ("tls", 465)}
    if parts.scheme not in known or not parts.hostname:
        raise ValueError("must be an address such as smtp+starttls://user:password@host:587")
    security, port = known[parts.scheme]
    return MailServer(
        host=parts.hostname,
        port=parts.port or port,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        security=security,
    )


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _split(value: str) -> SplitResult:
    """Split an address; an unreadable port or host is a `ValueError` here and not later."""
    try:
        parts = urlsplit(text(value))
        _ = parts.port, parts.hostname
    except ValueError as error:
        raise ValueError("must be a readable address") from error
    return parts
