"""Writing the e-mail that carries an answer: its words, its place in the thread, and an id chosen beforehand.

The Message-ID is made from the reply's key, so that the same reply handed over twice is one to mailbox software, and
can be looked for. It also names the thread: whoever answers with a program that keeps only `In-Reply-To` still lands
there. Source: RFC 5322 sections 2.1.1, 3.6.4; RFC 2047.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any, Final

from healthberry.connectors.errors import Rejected
from healthberry.connectors.text import line

_LONGEST_LINE: Final = 900  # RFC 5322 allows 998 bytes
_UNFOLDED: Final = frozenset({"message-id", "references", "in-reply-to"})
_OURS = re.compile(r"^hb\.([0-9a-f]{24})\.([0-9a-f]{12})\.[\w-]{1,80}@")
_MARK = re.compile("[0-9a-f]{24}")
_BLANK = re.compile(r"\s+")
# Overrides of the writing direction would turn what follows them in a list of mails.
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")


class _Policy(EmailPolicy):
    """Python's SMTP policy, except that ids stay whole: folded, they become encoded words that nobody reads."""

    def fold(self, name: str, value: Any) -> str:
        return f"{name}: {value}{self.linesep}" if name.lower() in _UNFOLDED else str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        return self.fold(name, value).encode("ascii") if name.lower() in _UNFOLDED else super().fold_binary(name, value)


_POLICY: Final = _Policy(linesep="\r\n")


@dataclass(frozen=True)
class Letter:
    """What is to be written; ids without angle brackets. `reply_to` is "" where answers may come to the sender."""

    sender: str
    sender_name: str
    recipient: str
    subject: str
    text: str
    message_id: str
    in_reply_to: str = ""
    references: Sequence[str] = ()
    reply_to: str = ""


def write(letter: Letter, now: datetime | None = None) -> EmailMessage:
    """Return the e-mail; written twice with the same moment it is the same. Raises: Rejected for a bad address."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = mailbox(letter.sender, letter.sender_name)
    message["To"] = mailbox(letter.recipient)
    if letter.reply_to:
        message["Reply-To"] = mailbox(letter.reply_to)
    message["Subject"] = one_line(letter.subject, 150) or "Your feedback"
    message["Date"] = format_datetime(now or datetime.now(UTC))
    message["Message-ID"] = f"<{letter.message_id}>"
    if letter.in_reply_to and is_id(letter.in_reply_to):
        message["In-Reply-To"] = f"<{letter.in_reply_to}>"
    if known := _kept(letter.references):
        message["References"] = " ".join(f"<{one}>" for one in known)
    # A person wrote this answer: no Auto-Submitted, no List-Unsubscribe.
    message.set_content(letter.text.replace("\r\n", "\n").replace("\x00", "") + "\n", cte="quoted-printable")
    return message


def is_id(text: str) -> bool:
    """Say whether `text` can stand between angle brackets in a header, on one line."""
    return bool(text) and text.isascii() and text.isprintable() and not re.search(r"[\s<>]", text) and len(text) <= 300


def _kept(references: Sequence[str]) -> list[str]:
    """Keep the first, which is the thread, and as many of the last ones as a line holds."""
    known = list(dict.fromkeys(filter(is_id, references)))
    kept, length = known[-1:], sum(map(len, known[:1] + known[-1:]))
    for one in reversed(known[1:-1]):
        length += len(one) + 3
        if length > _LONGEST_LINE:
            break
        kept.insert(0, one)
    return list(dict.fromkeys(known[:1] + kept))


def mailbox(address: str, name: str = "") -> Address:
    """Return a mailbox for a header. Raises: Rejected."""
    try:
        if not is_address(address):
            raise ValueError
        return Address(display_name=one_line(name, 100), addr_spec=address)
    except (MessageError, ValueError, IndexError, AttributeError) as error:  # the parser trips over some of them
        raise Rejected(f"{line(address, 100) or 'This'} is no e-mail address that can be written to.") from error


def is_address(text: str) -> bool:
    """Say whether `text` can stand as an address in a header and in SMTP: ASCII, one @, no blanks or brackets."""
    local, at, domain = text.rpartition("@")
    plain = text.isascii() and text.isprintable() and not re.search(r'[\s<>()",;:\\@]', local + domain)
    return bool(at and local and plain and 3 <= len(text) <= 254 and re.fullmatch(r"[\w.-]+", domain))


def one_line(text: str, limit: int) -> str:
    """Return `text` for a header: one line, no control characters, no override of the writing direction."""
    return line(_DIRECTION.sub("", text), limit)


def answer_subject(subject: str) -> str:
    """Return "Re: …", once, whatever the program of the writer called it."""
    bare = re.sub(r"(?i)^(\s*(re|aw|antw|sv|odp|fwd?|wg)\s*(\[\d+\])?\s*:)+", "", subject).strip()
    return f"Re: {bare}" if bare else ""


def own_id(key: str, thread_id: str, recipient: str, sender: str) -> str:
    """Return the Message-ID of a reply, the same for every attempt."""
    domain = re.sub(r"[^\w.-]", "", sender.rpartition("@")[2]) or "localhost"
    thread = thread_id if _MARK.fullmatch(thread_id) else mark(thread_id)
    return f"hb.{thread}.{mark(recipient.casefold())[:12]}.{re.sub(r'[^0-9A-Za-z_-]', '', key)[:80]}@{domain}"


def read_own_id(message_id: str) -> tuple[str, str] | None:
    """Return the marks of the thread and of the person written to, of an id that `own_id` made; None of others."""
    found = _OURS.match(message_id)
    return (found[1], found[2]) if found else None


def mark(text: str) -> str:
    """Return 24 hexadecimal digits that stand for `text`."""
    return hashlib.sha256(_BLANK.sub(" ", text.strip()).encode("utf-8", "replace")).hexdigest()[:24]
