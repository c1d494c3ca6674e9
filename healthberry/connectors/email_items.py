"""E-mails become items: which conversation each belongs to, who wrote it, what they said.

A conversation is the chain of `References` and `In-Reply-To`; our own Message-IDs name it themselves. The subject never
decides: people answer old mails with new matters. Source: RFC 5322 section 3.6.4, RFC 8601.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from healthberry.connectors import email_automatic, letters
from healthberry.connectors.base import Author, InboundItem
from healthberry.connectors.email_box import Stored
from healthberry.connectors.email_parts import (
    Content,
    Mailbox,
    Parsed,
    content,
    dated,
    header,
    ids,
    mailboxes,
    parse,
    undecoded,
)
from healthberry.connectors.email_words import parted
from healthberry.connectors.letters import mark, read_own_id
from healthberry.connectors.reading import Unreadable, identifier
from healthberry.connectors.text import clean, line

SET_ASIDE: Final = "Set aside: "
_MOST_LOOKUPS: Final = 30
_HIGHEST_CLIMB: Final = 10
_LONGEST_QUOTE: Final = 5_000
_OLDEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
_ENCRYPTED: Final = "(This e-mail is encrypted. It can be read in the mailbox itself.)"
_UNDELIVERED: Final = "Your e-mail did not arrive{whom}. The mail system says so{status}."
_BAD_ADDRESS: Final = "Your last e-mail did not arrive: the address takes none."

Head = Callable[[str], Parsed | None]


@dataclass
class Parents:
    """E-mails by their Message-ID: those of the page at hand, and `look` into the mailbox for others, not too often."""

    look: Head
    known: dict[str, Parsed | None] = field(default_factory=dict)
    _looks: int = 0

    def add(self, mail: Parsed) -> None:
        """Remember an e-mail of the page."""
        for message_id in ids(mail, "Message-ID")[:1]:
            self.known.setdefault(message_id, mail)

    def find(self, message_id: str) -> Parsed | None:
        """Return the e-mail, of which at least the headers are there."""
        if message_id not in self.known and self._looks < _MOST_LOOKUPS:
            self._looks += 1
            self.known[message_id] = self.look(message_id)
        return self.known.get(message_id)


@dataclass(frozen=True)
class _Thread:
    """A conversation's id, and the mark of whom it is with where that is known."""

    id: str
    person: str = ""


def received(stored: Stored, own: frozenset[str], parents: Parents) -> InboundItem:
    """Return the item of an e-mail that came in. Raises: Unreadable, also for what is set aside."""
    mail = parse(stored.raw)
    if bounced := email_automatic.bounce(mail, stored.raw):
        return _undelivered(stored, mail, bounced)
    if why := email_automatic.reason(mail, own):
        raise Unreadable(f"{SET_ASIDE}{why}.")
    writer = _writer(mail, own)
    thread = _thread(mail, stored, own, parents)
    person = mark(writer.address)[:12] if writer.address else ""
    return _item(stored, mail, thread, _Shown(writer, other=bool(thread.person) and thread.person != person))


def sent(stored: Stored, own: frozenset[str], parents: Parents) -> InboundItem | None:
    """Return the item of an e-mail that the organisation sent in a conversation; None where it began one."""
    mail = parse(stored.raw)
    message_id = next(iter(ids(mail, "Message-ID")), "")
    if not (ids(mail, "References") or ids(mail, "In-Reply-To")) or not identifier(message_id):
        return None
    found, quoted = _words(content(mail), answers=True)
    writer = next(iter(mailboxes(mail, "From")), Mailbox("", ""))
    return InboundItem(
        remote_id=message_id,
        thread_id=_thread(mail, stored, own, parents).id,
        direction="outbound",
        author=Author(None, writer.name or writer.address or "We"),
        text=found,
        title=_subject(mail),
        posted_at=_posted_at(mail, stored),
        source={"private": True, **({"quoted": quoted} if quoted else {})},
    )


def key(stored: Stored, mail: Parsed) -> str:
    """Return the id under which an e-mail is kept: its Message-ID, "#", and 16 hexadecimal digits of what is in it.

    Message-IDs alone are missing, or used twice, by broken programs. The digits are the beginning of the SHA-256 of
    From and Date as they came, with one space between words, and the body, each on a line of its own.
    """
    body = stored.raw.partition(b"\r\n\r\n")[2]
    facts = "\n".join(" ".join(undecoded(mail, name).split()) for name in ("From", "Date"))
    digits = hashlib.sha256(facts.encode("utf-8", "replace") + b"\n" + body).hexdigest()
    named = next(iter(ids(mail, "Message-ID")), "")
    return f"{named}#{digits[:16]}" if identifier(f"{named}#{digits[:16]}") else digits[:40]


@dataclass(frozen=True)
class _Shown:
    writer: Mailbox
    other: bool


def _item(stored: Stored, mail: Parsed, thread: _Thread, who: _Shown) -> InboundItem:
    references = ids(mail, "References") or ids(mail, "In-Reply-To")
    told = content(mail)
    text, quoted = _words(told, answers=bool(references))
    return InboundItem(
        remote_id=key(stored, mail),
        thread_id=thread.id,
        direction="inbound",
        author=Author(mark(who.writer.address), _screen_name(mail, who)),
        text=text,
        title=_subject(mail),
        posted_at=_posted_at(mail, stored),
        attachments=tuple(told.files),
        may_not_reply=None if who.writer.address else "This e-mail does not say whom to answer.",
        source=_source(mail, who, quoted, references),
    )


def _source(mail: Parsed, who: _Shown, quoted: str, references: list[str]) -> dict[str, Any]:
    facts: Mapping[str, Any] = {
        "private": True,
        "email": who.writer.address,
        "message_id": next(iter(ids(mail, "Message-ID")), ""),
        "references": " ".join([*references[:1], *references[1:][-8:]]),
        "subject": _subject(mail),
        "quoted": quoted,
        "other_sender": who.other,
    }
    return {name: value for name, value in facts.items() if value}


def _words(told: Content, *, answers: bool) -> tuple[str, str]:
    if told.encrypted and not told.text.strip():
        return _ENCRYPTED, ""
    # Whoever begins a conversation may forward the whole story: only answers repeat what is known here.
    text, quoted = parted(told.text) if answers else (told.text, "")
    return clean(text), clean(quoted, _LONGEST_QUOTE)


def _writer(mail: Parsed, own: frozenset[str]) -> Mailbox:
    """Return whom to answer: `Reply-To` where it names somebody else than us, as forms on websites use it."""
    writers = mailboxes(mail, "From")
    for one in mailboxes(mail, "Reply-To"):
        if one.address and one.address not in own:
            name = one.name or next((two.name for two in writers if two.address == one.address), "")
            return Mailbox(name, one.address)
    return next((one for one in writers if one.address), next(iter(writers), Mailbox("", "")))


def _screen_name(mail: Parsed, who: _Shown) -> str:
    name = who.writer.name or who.writer.address or "Somebody"
    if who.other:
        return f"{name} ({who.writer.address}: not who began this)"
    results = header(mail, "Authentication-Results", 2_000).lower()
    return f"{name} (sender not verified)" if "dmarc=fail" in results else name


def _subject(mail: Parsed) -> str:
    return letters.answer_subject(header(mail, "Subject", 200)).removeprefix("Re: ")


def _posted_at(mail: Parsed, stored: Stored) -> datetime:
    """Return the writer's time, unless it is later than its arrival by more than a day, or before there was e-mail."""
    arrived = stored.arrived_at.astimezone(UTC) if stored.arrived_at else datetime.now(UTC)
    claimed = dated(mail)
    if claimed is None or claimed < _OLDEST or claimed > arrived + timedelta(days=1):
        return arrived
    return claimed


def _thread(mail: Parsed, stored: Stored, own: frozenset[str], parents: Parents) -> _Thread:
    root = _root(mail, parents)
    if isinstance(root, _Thread):
        return root
    if not root:
        message_id = next(iter(ids(mail, "Message-ID")), "")
        return _Thread(mark(message_id or key(stored, mail)))
    first = parents.find(root)
    person = _writer(first, own).address if first is not None else ""
    return _Thread(mark(root), mark(person)[:12] if person and person not in own else "")


def _root(mail: Parsed, parents: Parents) -> str | _Thread:
    """Return the thread that an id of ours names, else the Message-ID that the conversation began with; "" for none."""
    root = ""
    for _ in range(_HIGHEST_CLIMB):
        references, answered = ids(mail, "References"), ids(mail, "In-Reply-To")
        for one in reversed([*references, *answered]):
            if named := read_own_id(one):
                return _Thread(*named)
        if references or not answered:
            return references[0] if references else root
        root = answered[0]
        parent = parents.find(root)
        if parent is None:
            return root
        mail = parent
    return root


def _undelivered(stored: Stored, mail: Parsed, bounced: email_automatic.Bounce) -> InboundItem:
    named = read_own_id(bounced.message_id)
    whom = f" at {bounced.recipient}" if bounced.recipient else ""
    status = f" ({bounced.status})" if bounced.status else ""
    return InboundItem(
        remote_id=key(stored, mail),
        thread_id=named[0] if named else mark(bounced.message_id),
        direction="inbound",
        author=Author(None, "Mail system"),
        text=_UNDELIVERED.format(whom=whom, status=status),
        title="Not delivered",
        posted_at=_posted_at(mail, stored),
        may_not_reply=_BAD_ADDRESS if bounced.status.startswith("5.1.") else None,
        source={"private": True, "email": line(bounced.recipient, 254), "message_id": bounced.message_id},
    )
