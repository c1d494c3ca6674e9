"""Composing e-mails as patients' programs do, and looking into those that come."""

import base64
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import Header
from email.message import Message
from email.utils import format_datetime, formataddr

_ID = re.compile(r"<([^<>\s]+)>")


@dataclass(frozen=True)
class Draft:
    """An e-mail to compose; `at` in UTC milliseconds, `headers` come on top or replace."""

    sender: str
    name: str
    to: str
    subject: str
    text: str
    at: int
    answers: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def new_id(domain: str = "patients.example") -> str:
    """Make a Message-ID."""
    return f"{secrets.token_hex(12)}@{domain}"


def compose(draft: Draft, message_id: str) -> bytes:
    """Return the e-mail as it goes over the wire."""
    moment = datetime.fromtimestamp(draft.at / 1000, UTC)
    head = {
        "From": formataddr((_word(draft.name), draft.sender)),
        "To": draft.to,
        "Subject": _word(draft.subject),
        "Date": format_datetime(moment),
        "Message-ID": f"<{message_id}>",
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "base64",
    }
    if draft.answers:
        head["In-Reply-To"] = f"<{draft.answers[-1]}>"
        head["References"] = " ".join(f"<{one}>" for one in draft.answers)
    head |= draft.headers
    body = base64.encodebytes(draft.text.encode("utf-8", "surrogatepass"))
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return lines.encode("utf-8", "replace") + b"\r\n" + body.replace(b"\n", b"\r\n")


def parse(raw: bytes) -> Message:
    """Return the e-mail in these bytes."""
    return message_from_bytes(raw, policy=policy.compat32)


def ids(mail: Message, *names: str) -> list[str]:
    """Return the Message-IDs in these headers, in order."""
    return list(dict.fromkeys(_ID.findall(" ".join(str(mail.get(name, "")) for name in names))))


def words(mail: Message) -> str:
    """Return the first plain text in an e-mail."""
    for part in mail.walk():
        if part.get_content_type() == "text/plain":
            raw = part.get_payload(decode=True)
            return raw.decode("utf-8", "surrogatepass" if _valid(raw) else "replace") if isinstance(raw, bytes) else ""
    return ""


def packed(raw: bytes) -> str:
    """Return bytes as the store keeps them."""
    return raw.decode("latin-1")


def unpacked(text: str) -> bytes:
    """Return bytes that the store kept."""
    return text.encode("latin-1")


def _valid(raw: bytes) -> bool:
    try:
        raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def _word(text: str) -> str:
    plain = " ".join(text.split())
    return plain if plain.isascii() else Header(plain.encode("utf-8", "replace").decode(), "utf-8", 10_000).encode()
