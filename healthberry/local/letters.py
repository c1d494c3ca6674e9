"""The letters that the local mailbox received: kept as files, read back as plain values."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Letter:
    """One received mail; `to` are the addresses it was delivered to, `number` grows from 1 and is never used again."""

    number: int
    to: list[str]
    sender: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    received_at: str


class Letters:
    """All letters of one folder, one file each; safe to use from several threads of one process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._changed = threading.Condition()
        self._letters = [_read(path) for path in sorted(folder.glob("*.eml"))]
        self._last = self._letters[-1].number if self._letters else 0

    def add(self, raw: bytes, recipients: list[str]) -> Letter:
        """Keep one mail as it came over SMTP, and wake whoever waits."""
        with self._changed:
            self._last += 1
            path = self.folder / f"{self._last:08}.eml"
            unfinished = path.with_suffix(".new")
            unfinished.write_bytes(b"X-Delivered-To: " + ", ".join(recipients).encode() + b"\r\n" + raw)
            unfinished.rename(path)
            letter = _read(path)
            self._letters.append(letter)
            self._changed.notify_all()
        return letter

    def messages(self) -> list[Letter]:
        """Give all letters, newest first."""
        with self._changed:
            return self._letters[::-1]

    def find(self, number: int) -> Letter | None:
        """Give one letter, None if there is none of that number."""
        return next((letter for letter in self.messages() if letter.number == number), None)

    def wait_for(self, predicate: Callable[[Letter], Any], timeout: float = 10) -> Letter:
        """Give the newest letter for which `predicate` is true, waiting up to `timeout` seconds for one to arrive.

        Raises: TimeoutError, naming what is there instead.
        """

        def found() -> Letter | None:
            return next((letter for letter in reversed(self._letters) if predicate(letter)), None)

        with self._changed:
            letter = self._changed.wait_for(found, timeout)
            if letter is None:
                there = [f"{letter.to}: {letter.subject}" for letter in self._letters]
                raise TimeoutError(f"no such mail within {timeout} s; there are {there}")
            return letter

    def clear(self) -> None:
        """Throw all letters away."""
        with self._changed:
            for path in self.folder.glob("*.eml"):
                path.unlink()
            self._letters.clear()


def _read(path: Path) -> Letter:
    message = message_from_bytes(path.read_bytes(), EmailMessage, policy=modern)
    headers: dict[str, str] = {}
    for name, value in message.items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else str(value)
    to = headers.pop("X-Delivered-To", "")
    return Letter(
        number=int(path.stem),
        to=[address for address in to.split(", ") if address],
        sender=headers.get("From", ""),
        subject=headers.get("Subject", ""),
        text=_body(message, "plain"),
        html=_body(message, "html"),
        headers=headers,
        received_at=datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds"),
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    if part is None:
        return ""
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode(part.get_content_charset("utf-8"), "replace").replace("\r\n", "\n")
    except LookupError:
        return content.decode("utf-8", "replace")
