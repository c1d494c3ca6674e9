"""The post office: mailboxes and their folders, what is put into them, what leaves them."""

from collections.abc import Sequence
from hashlib import sha256

from healthberry.sandbox.store import Row, Store

from .mails import Draft, compose, ids, new_id, packed, parse, unpacked

FOLDERS = ("INBOX", "Sent", "Drafts", "Trash")
PASSWORD = "simulated"  # noqa: S105 - every simulated mailbox has it, and every page says so


def files_copies(address: str) -> bool:
    """Say whether the server keeps a copy of what an address sends, as Microsoft's does and plain ones do not."""
    return not address.rpartition("@")[2].startswith("plain.")


def validity(store: Store, address: str, folder: str) -> int | None:
    """Return a folder's UIDVALIDITY, None where it is none; the usual folders are always there."""
    if folder in FOLDERS:
        make(store, address, folder)
    found = store.value("SELECT validity FROM email_folders WHERE address = ? AND folder = ?", address, folder)
    return None if found is None else int(found)


def make(store: Store, address: str, folder: str) -> None:
    """Make a folder, unless it is there."""
    value = store.now() % 2_000_000_000 + 1
    store.run("INSERT OR IGNORE INTO email_folders VALUES (?, ?, ?)", address, folder, value)


def folders(store: Store, address: str) -> list[str]:
    """Return the names of a mailbox's folders."""
    for name in FOLDERS:
        make(store, address, name)
    rows = store.rows("SELECT folder FROM email_folders WHERE address = ? ORDER BY folder", address)
    return [row["folder"] for row in rows]


def next_uid(store: Store) -> int:
    """Return the UID that the next e-mail gets."""
    return int(store.value("SELECT seq FROM sqlite_sequence WHERE name = 'email_mails'") or 0) + 1


def held(store: Store, address: str, folder: str) -> list[Row]:
    """Return serial, flags and arrival of what a folder holds, in order."""
    sql = (
        "SELECT serial, flags, arrived_at, message_id FROM email_mails WHERE address = ? AND folder = ? ORDER BY serial"
    )
    return store.rows(sql, address, folder)


def raw(store: Store, serial: int) -> bytes:
    """Return an e-mail's bytes."""
    return unpacked(str(store.value("SELECT raw FROM email_mails WHERE serial = ?", serial) or ""))


def put(store: Store, address: str, folder: str, mail: bytes, at: int, author: str = "", flags: str = "") -> str:
    """Put an e-mail into a folder; return what it is known as."""
    make(store, address, folder)
    message_id = next(iter(ids(parse(mail), "Message-ID")), "")
    known = known_as(mail)
    sql = "INSERT INTO email_mails (address, folder, message_id, raw, flags, arrived_at, author) VALUES (?,?,?,?,?,?,?)"
    store.run(sql, address, folder, message_id, packed(mail), flags, at, author)
    return known


def known_as(mail: bytes) -> str:
    """Return what an e-mail is known as: its Message-ID, "#", and 16 digits of the SHA-256 of From, Date and body."""
    parsed = parse(mail)
    facts = "\n".join(" ".join(str(parsed.get(name, "")).split()) for name in ("From", "Date"))
    digits = sha256(facts.encode("utf-8", "replace") + b"\n" + mail.partition(b"\r\n\r\n")[2]).hexdigest()
    return f"{next(iter(ids(parsed, 'Message-ID')), '')}#{digits[:16]}"


def found(store: Store, known: str) -> Row | None:
    """Return the e-mail of a patient that bears a Message-ID, or is known as `known_as` says."""
    message_id = known.partition("#")[0]
    sql = "SELECT * FROM email_mails WHERE message_id = ? AND folder NOT IN ('Sent', 'Drafts') ORDER BY serial LIMIT 1"
    return store.row(sql, message_id)


def sent_to(store: Store, known: str) -> list[Row]:
    """Return what was handed over in answer to an e-mail, oldest first."""
    message_id = known.partition("#")[0]
    return store.rows("SELECT * FROM email_outgoing WHERE names LIKE ? ORDER BY serial", f"% {message_id} %")


def take(store: Store, sender: str, recipients: Sequence[str], mail: bytes) -> None:
    """Take an e-mail for sending: keep it, file a copy, deliver it, and answer for addresses that play a part."""
    parsed = parse(mail)
    message_id, names = next(iter(ids(parsed, "Message-ID")), ""), ids(parsed, "References", "In-Reply-To")
    with store.writing():
        for recipient in recipients:
            values = (sender, recipient, message_id, f" {' '.join(names)} ", packed(mail), store.now())
            sql = "INSERT INTO email_outgoing (sender, recipient, message_id, names, raw, at) VALUES (?,?,?,?,?,?)"
            store.run(sql, *values)
        if files_copies(sender):
            put(store, sender, "Sent", mail, store.now(), flags="\\Seen")
        for recipient in recipients:
            _played(store, sender, recipient, message_id, mail)


def _played(store: Store, sender: str, recipient: str, message_id: str, mail: bytes) -> None:
    """`gone…@` does not exist, `away…@` is on holiday."""
    local = recipient.partition("@")[0]
    now, made = store.now(), new_id("mail.example")
    if local.startswith("gone"):
        put(store, sender, "INBOX", _report(recipient, sender, made, mail), now, "Mail Delivery System")
    elif local.startswith("away"):
        automatic = {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}
        draft = Draft(recipient, "Away", sender, "Out of office", "I am away.", now, [message_id], automatic)
        put(store, sender, "INBOX", compose(draft, made), now, "Away")


def _report(recipient: str, to: str, made: str, mail: bytes) -> bytes:
    head = mail.partition(b"\r\n\r\n")[0]
    return (
        (
            f"From: Mail Delivery System <mailer-daemon@mail.example>\r\nTo: {to}\r\nSubject: Undelivered Mail\r\n"
            f"Message-ID: <{made}>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="r"\r\n\r\n'
            "--r\r\nContent-Type: text/plain\r\n\r\nYour mail could not be delivered.\r\n"
            "--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.example\r\n\r\n"
            f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
            "--r\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        ).encode()
        + head
        + b"\r\n--r--\r\n"
    )
