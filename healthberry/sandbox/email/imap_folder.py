"""What IMAP does with the folder that is open: search, fetch, flag, copy, move, delete, wait.

Source: RFC 3501, 2177 (IDLE), 4315 (UIDPLUS), 6851 (MOVE).
"""

import re
import time
from datetime import UTC, datetime

from healthberry.sandbox.faults import Fault
from healthberry.sandbox.state import Sandbox
from healthberry.sandbox.store import Row

from . import post
from .imap_search import matching, numbers
from .wire import HungUp, Wire

_IDLE_LOOK_SECONDS = 0.1


class Refused(Exception):
    """The answer to a command is NO or BAD, with these words."""


class Folder:
    """The open folder of a mailbox; `fault` is what is to go wrong there."""

    def __init__(self, sandbox: Sandbox, wire: Wire) -> None:
        self.sandbox, self.store, self.wire = sandbox, sandbox.store, wire
        self.address = self.folder = ""
        self.fault: Fault | None = None

    def search(self, words: list[bytes]) -> str:
        """Find e-mails."""
        found = matching(self.held(), [text(word) for word in words])
        self.wire.say(" ".join(["* SEARCH", *map(str, found)]))
        return "OK SEARCH completed"

    def fetch(self, words: list[bytes]) -> str:
        """Hand over e-mails, or parts of them."""
        self.late()
        wanted = text(words[1]).upper()
        for number, row in self.chosen(words[0]):
            parts = [f"UID {row['serial']}".encode()]
            if "FLAGS" in wanted:
                parts.append(f"FLAGS ({row['flags']})".encode())
            if "INTERNALDATE" in wanted:
                parts.append(f'INTERNALDATE "{moment(row["arrived_at"])}"'.encode())
            if "RFC822.SIZE" in wanted or "BODY" in wanted:
                parts += self.body(post.raw(self.store, row["serial"]), wanted)
            self.send(f"* {number} FETCH (".encode() + b" ".join(parts) + b")\r\n")
        return "OK FETCH completed"

    def body(self, raw: bytes, wanted: str) -> list[bytes]:
        """Return the parts of an answer that hold the e-mail."""
        parts = [f"RFC822.SIZE {len(raw)}".encode()] if "RFC822.SIZE" in wanted else []
        if "[HEADER]" in wanted:
            head = raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            parts.append(f"BODY[HEADER] {{{len(head)}}}\r\n".encode() + head)
        elif "[]" in wanted:
            part = re.search(r"\[\]<(\d+)\.(\d+)>", wanted)
            begin, length = (int(part[1]), int(part[2])) if part else (0, len(raw))
            cut = raw[begin : begin + length]
            name = f"BODY[]<{begin}>" if part else "BODY[]"
            parts.append(f"{name} {{{len(cut)}}}\r\n".encode() + cut)
        return parts

    def send(self, data: bytes) -> None:
        """Send an answer, or half of it where that was ordered."""
        if self.fault and self.fault.kind in ("cut_connection", "truncated_body", "malformed_utf8"):
            self.fault = None
            self.wire.send(data[: len(data) // 2])
            raise HungUp
        self.wire.send(data)

    def late(self) -> None:
        """Fail late, where that was ordered."""
        if self.fault and self.fault.kind == "timeout_after":
            time.sleep(self.fault.wait_seconds)
            raise HungUp

    def change(self, words: list[bytes]) -> str:
        """Change flags."""
        how, flags = text(words[1]).upper(), text(b" ".join(words[2:])).replace("(", "").replace(")", "").split()
        for number, row in self.chosen(words[0]):
            known = row["flags"].split()
            kept = [flag for flag in known if flag not in flags] if how[0] in "+-" else []
            now = " ".join(kept + (flags if how[0] != "-" else []))
            self.store.run("UPDATE email_mails SET flags = ? WHERE serial = ?", now, row["serial"])
            if "SILENT" not in how:
                self.wire.say(f"* {number} FETCH (UID {row['serial']} FLAGS ({now}))")
        return "OK STORE completed"

    def copy(self, words: list[bytes]) -> str:
        """Copy e-mails to another folder."""
        folder = text(words[1])
        if post.validity(self.store, self.address, folder) is None:
            raise Refused("NO [TRYCREATE] There is no such folder")
        for _, row in self.chosen(words[0]):
            sql = """INSERT INTO email_mails (address, folder, message_id, raw, flags, arrived_at, author, state)
                     SELECT address, ?, message_id, raw, flags, arrived_at, author, state FROM email_mails
                     WHERE serial = ?"""
            self.store.run(sql, folder, row["serial"])
        return "OK COPY completed"

    def move(self, words: list[bytes]) -> str:
        """Move e-mails to another folder."""
        with self.store.writing():
            chosen = self.chosen(words[0])
            self.copy(words)
            self.drop(chosen)
        return "OK MOVE completed"

    def expunge(self, words: list[bytes]) -> str:
        """Delete what is marked so."""
        chosen = self.chosen(words[0]) if words else list(enumerate(self.held(), 1))
        self.drop([(number, row) for number, row in chosen if "\\Deleted" in row["flags"]])
        return "OK EXPUNGE completed"

    def drop(self, chosen: list[tuple[int, Row]]) -> None:
        """Delete e-mails, and say which."""
        for gone, (number, row) in enumerate(chosen):
            self.store.run("DELETE FROM email_mails WHERE serial = ?", row["serial"])
            self.wire.say(f"* {number - gone} EXPUNGE")

    def idle(self, words: list[bytes]) -> str:
        """Tell of news until the client has heard enough."""
        known = len(self.held())  # before the client may act on it: what comes then is news
        self.wire.say("+ idling")
        while True:
            line = self.wire.line(_IDLE_LOOK_SECONDS)
            if line is not None and line.upper() == b"DONE":
                return "OK IDLE completed"
            now = len(self.held())
            if now != known:
                self.wire.say(f"* {now} EXISTS")
                known = now

    def held(self) -> list[Row]:
        """Return what the folder holds."""
        return post.held(self.store, self.address, self.folder)

    def chosen(self, numbered: bytes) -> list[tuple[int, Row]]:
        """Return what a sequence set names, with its place in the folder."""
        rows = self.held()
        wanted = numbers(text(numbered), [row["serial"] for row in rows])
        return [(number, row) for number, row in enumerate(rows, 1) if row["serial"] in wanted]


def text(word: bytes) -> str:
    """Return a word of a command as text; a quoted one without its escapes."""
    return (
        re.sub(r"\\(.)", r"\1", word.decode("utf-8", "replace"))
        if b"\\" in word and word[:1] not in b"(\\"
        else (word.decode("utf-8", "replace"))
    )


def moment(milliseconds: int) -> str:
    """Write a time as IMAP does."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%d-%b-%Y %H:%M:%S +0000")
