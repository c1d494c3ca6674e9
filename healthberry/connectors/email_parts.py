"""Taking an e-mail apart: its headers, its words, the names of what is attached. Anything may be missing or broken.

Source: RFC 2045 to 2047, 5322. Read with Python's older policy: the newer one trips over what real mail holds.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from healthberry.connectors.email_words import decoded, from_html, unflowed
from healthberry.connectors.letters import is_address
from healthberry.connectors.text import clean, line

_MOST_PARTS: Final = 200
_DEEPEST: Final = 30
_MOST_FILES: Final = 20
_MOST_IDS: Final = 100
_ID = re.compile(r"<\s*([^<>\s]{1,300})\s*>")
_ENCRYPTED: Final = frozenset({"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"})

if TYPE_CHECKING:
    Parsed = Message[str, str]
else:
    Parsed = Message  # the class knows nothing of brackets at run time


@dataclass(frozen=True)
class Mailbox:
    """A name and an address; either may be ""."""

    name: str
    address: str


@dataclass
class Content:
    """The words of an e-mail, and what is attached to it, by name only."""

    text: str = ""
    files: list[dict[str, str]] = field(default_factory=list)
    encrypted: bool = False
    _parts: int = 0

    def another(self) -> bool:
        """Count a part; say whether it is still read."""
        self._parts += 1
        return self._parts <= _MOST_PARTS


def parse(raw: bytes) -> Parsed:
    """Return the e-mail in these bytes, whatever they are."""
    return message_from_bytes(raw, policy=compat32)


def header(mail: Parsed, name: str, longest: int = 300) -> str:
    """Return a header decoded, on one line; "" where it is missing."""
    return next((line(_decoded_words(value), longest) for value in _raw(mail, name)), "")


def undecoded(mail: Parsed, name: str) -> str:
    """Return a header as it came; "" where it is missing."""
    return next(iter(_raw(mail, name)), "")


def ids(mail: Parsed, name: str) -> list[str]:
    """Return the message ids in a header, without brackets; at most 100."""
    found = dict.fromkeys(one for value in _raw(mail, name) for one in _ID.findall(clean(value)))
    return [*list(found)[:1], *list(found)[1:][-_MOST_IDS:]]


def mailboxes(mail: Parsed, name: str) -> list[Mailbox]:
    """Return who stands in a header; the address is in small letters, "" where it is none that can be written to."""
    found = []
    for said, address in getaddresses(_raw(mail, name)[:5]):
        whole = address.strip().lower()
        found.append(Mailbox(line(_decoded_words(said), 200), whole if is_address(whole) else ""))
    return found[:20]


def dated(mail: Parsed) -> datetime | None:
    """Return the time that the writer's program claims."""
    with suppress(ValueError, TypeError, IndexError, OverflowError, AttributeError):
        at = parsedate_to_datetime(str(mail.get("Date", "")))
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    return None


def content(mail: Parsed) -> Content:
    """Return the words, plain text before HTML, and the names of what is attached."""
    found = Content()
    text = _words(mail, found, 0)
    found.text = clean(re.sub(r"\n{4,}", "\n\n\n", text))
    return found


def _words(part: Parsed, found: Content, depth: int) -> str:
    if depth > _DEEPEST or not found.another():
        return ""
    kind = part.get_content_type()
    found.encrypted = found.encrypted or kind in _ENCRYPTED
    if kind == "message/rfc822" or _is_file(part, kind):
        _add_file(part, kind, found)
        return ""
    if kind == "multipart/alternative":
        return _best([(one.get_content_type(), _words(one, found, depth + 1)) for one in _children(part)])
    if part.is_multipart():
        texts = [_words(one, found, depth + 1) for one in _children(part)]
        return "\n\n".join(text for text in texts if text.strip())
    return _leaf(part, kind)


def _best(alternatives: list[tuple[str, str]]) -> str:
    told = [(kind, text) for kind, text in alternatives if text.strip()]
    plain = [text for kind, text in told if kind == "text/plain"]
    return plain[0] if plain else told[-1][1] if told else ""


def _leaf(part: Parsed, kind: str) -> str:
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    text = decoded(raw, _parameter(part, "charset"))
    if kind == "text/html":
        return from_html(text)
    if _parameter(part, "format").lower() == "flowed":
        text = unflowed(text, delete_space=_parameter(part, "delsp").lower() == "yes")
    return text.strip("\r\n")


def _is_file(part: Parsed, kind: str) -> bool:
    if part.is_multipart():
        return False
    wanted = kind in ("text/plain", "text/html") or (kind.startswith("text/") and not _name(part))
    return _disposition(part) == "attachment" or not wanted or (bool(_name(part)) and _disposition(part) != "inline")


def _add_file(part: Parsed, kind: str, found: Content) -> None:
    if len(found.files) >= _MOST_FILES:
        return
    name = _name(part)
    if not name and kind == "message/rfc822":
        name = next((header(one, "Subject", 150) for one in _children(part)), "") or "E-mail"
    size = len(part.get_payload(decode=True) or b"") if not part.is_multipart() else 0
    found.files.append({"name": name or "Without a name", "type": line(kind, 100), "size": str(size)})


def _children(part: Parsed) -> Iterator[Parsed]:
    payload: Any = part.get_payload()
    return (one for one in payload if isinstance(one, Message)) if isinstance(payload, list) else iter(())


def _name(part: Parsed) -> str:
    with suppress(LookupError, ValueError, TypeError, HeaderParseError):
        name = _decoded_words(part.get_filename("") or "")
        return line(re.split(r"[\\/]", name)[-1], 150)
    return "Unreadable name"


def _disposition(part: Parsed) -> str:
    with suppress(LookupError, ValueError, TypeError, AttributeError):
        return str(part.get_content_disposition() or "")
    return ""


def _parameter(part: Parsed, name: str) -> str:
    with suppress(LookupError, ValueError, TypeError):
        value = part.get_param(name, "")
        return str(value[2] if isinstance(value, tuple) else value or "").strip()
    return ""


def _raw(mail: Parsed, name: str) -> list[str]:
    """Return the values of a header as they came; bytes beyond ASCII are surrogates still."""
    return [str(value) for key, value in mail.raw_items() if key.lower() == name.lower()]


def _decoded_words(value: str) -> str:
    """Decode RFC 2047 words; raw bytes beyond ASCII are read as UTF-8 or as what they look like."""
    plain = decoded(value.encode("utf-8", "surrogateescape"), "utf-8") if not value.isascii() else value
    plain = re.sub(r"\s*\n\s*", " ", plain.strip())  # unfolded first: a blank at a fold is a blank
    try:
        parts = decode_header(plain)
    except (HeaderParseError, ValueError, LookupError):
        return plain
    return "".join(decoded(said, charset or "utf-8") if isinstance(said, bytes) else said for said, charset in parts)
