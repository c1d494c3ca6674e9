"""The mail server of a chaos run: takes every mail, and writes down when it took it and when it had said so.

`python -m tests.chaos.sink --port 2500 --log FILE`. Between the end of a mail and the answer it waits a moment, so that
some of its deaths fall there. Each line of the file is JSON: `event` is "data" or "answered".
"""

import argparse
import asyncio
import email
import json
import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

_LONGEST_PAUSE = 0.02


@dataclass
class Mail:
    """A mail that came in: its Message-ID and the person; when, and whether its sender heard that it did."""

    message_id: str
    to: str
    at: float
    answered: bool = False


class Book:
    """Where the server writes down what happens; what is written survives the death of its writer."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(self, event: str, number: str, **fields: Any) -> None:
        """Add a line."""
        line = {"event": event, "number": number, "at": time.time(), **fields}
        os.write(self._file, json.dumps(line).encode() + b"\n")


class Server(SMTP):
    """Notes each answer to a mail once it has left."""

    def __init__(self, book: Book) -> None:
        super().__init__(self, enable_SMTPUTF8=True)
        self._book, self._taken = book, ""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take one mail; the name is aiosmtpd's."""
        content = envelope.content or b""
        parsed = email.message_from_bytes(content if isinstance(content, bytes) else content.encode())
        self._taken = f"{os.getpid()}-{time.monotonic_ns()}"
        self._book.note("data", self._taken, id=str(parsed["Message-ID"]), to=list(envelope.rcpt_tos))
        await asyncio.sleep(random.uniform(0, _LONGEST_PAUSE))
        return "250 Taken"

    async def push(self, status: Any) -> None:
        """Answer, and note it where a mail was taken."""
        await super().push(status)
        if self._taken:
            self._book.note("answered", self._taken)
            self._taken = ""


def mails(path: Path) -> Iterator[Mail]:
    """Return every mail that was taken, once for each person it was for, oldest first."""
    if not path.exists():
        return
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    answered = {line["number"] for line in lines if line["event"] == "answered"}
    for line in lines:
        if line["event"] == "data":
            yield from (Mail(line["id"], to, line["at"], line["number"] in answered) for to in line["to"])


async def _serve(port: int, book: Book) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Server(book), "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log", type=Path, required=True)
    options = parser.parse_args()
    asyncio.run(_serve(options.port, Book(options.log)))


if __name__ == "__main__":
    main()
