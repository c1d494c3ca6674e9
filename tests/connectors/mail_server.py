"""A mail server for sending that behaves as it is told, over real TCP."""

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern


class SmtpServer:
    """Answers each command as `answers` says ("rcpt": "550 no"); "hang up" breaks the line instead."""

    def __init__(self, answers: Mapping[str, str] | None = None) -> None:
        self.answers = {"ehlo": "250-localhost\r\n250 AUTH PLAIN LOGIN XOAUTH2", "data": "354 go on"} | dict(
            answers or {}
        )
        self.received: list[EmailMessage] = []
        self.commands: list[str] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.url = f"smtp://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take no further connection."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                opened, _ = self._listening.accept()
            except OSError:
                return
            with opened, opened.makefile("rb") as lines, suppress(OSError):
                self._talk(opened, lines)

    def _talk(self, opened: socket.socket, lines: "object") -> None:
        opened.sendall(self.answers.get("greeting", "220 here").encode() + b"\r\n")
        for raw in lines:  # type: ignore[attr-defined]
            self.commands.append(raw.decode().strip())
            command = raw.decode().split(" ")[0].split(":")[0].strip().lower()
            if not self._answer(opened, self.answers.get(command, "250 fine")):
                return
            if command == "quit":
                return
            if command == "data" and self.answers["data"].startswith("354"):
                self._take(lines)
                if not self._answer(opened, self.answers.get("dot", "250 taken")):
                    return

    def _answer(self, opened: socket.socket, words: str) -> bool:
        if words == "hang up":
            opened.shutdown(socket.SHUT_RDWR)
            return False
        opened.sendall(words.encode() + b"\r\n")
        return True

    def _take(self, lines: "object") -> None:
        raw = b""
        for line in lines:  # type: ignore[attr-defined]
            if line == b".\r\n":
                break
            raw += line[1:] if line.startswith(b".") else line
        self.received.append(message_from_bytes(raw, EmailMessage, policy=modern))
