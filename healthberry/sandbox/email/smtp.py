"""SMTP submission: sign in, hand over. Source: RFC 5321, 4954, 6409; the codes of refusals are RFC 3463's."""

import base64
import re
import time

from healthberry.sandbox.state import Sandbox

from . import post, tokens
from .wire import HungUp, Wire, is_early, struck

_ADDRESS = re.compile(r"<([^<>]*)>")
_REFUSALS = {
    "rate_limit": "450 4.7.0 Too many messages, slow down",
    "server_error": "451 4.3.0 Internal error",
    "expired_token": "535 5.7.3 Authentication unsuccessful",
    "html_page": "500 <!doctype html>",
}


def talk(sandbox: Sandbox, wire: Wire) -> None:
    """Serve one connection."""
    _Session(sandbox, wire).run()


class _Session:
    def __init__(self, sandbox: Sandbox, wire: Wire) -> None:
        self.sandbox, self.wire = sandbox, wire
        self.user = self.sender = ""
        self.recipients: list[str] = []

    def run(self) -> None:
        self.wire.say("220 sandbox ESMTP")
        while True:
            line = self.wire.line()
            if line is None:
                raise HungUp
            text = line.decode("utf-8", "replace")
            name = text.split(" ")[0].upper()
            said = self.answer(name, text)
            self.sandbox.statuses[(f"email.smtp {name.lower()[:10]}", int(said[:3]))] += 1
            self.wire.say(said)
            if name == "QUIT":
                return

    def answer(self, name: str, text: str) -> str:
        if name == "EHLO":
            return "250-sandbox\r\n250-AUTH PLAIN LOGIN XOAUTH2\r\n250 8BITMIME"
        if name == "AUTH":
            return self.authenticate(text.split())
        if name in ("MAIL", "RCPT", "DATA"):
            return {"MAIL": self.mail, "RCPT": self.rcpt, "DATA": self.data}[name](text)
        if name == "QUIT":
            return "221 until next time"
        return "250 fine" if name in ("HELO", "NOOP", "RSET") else "502 not known"

    def authenticate(self, words: list[str]) -> str:
        kind = words[1].upper() if len(words) > 1 else ""
        if kind == "LOGIN":
            given = [words[2]] if len(words) > 2 else []
            while len(given) < 2:
                self.wire.say("334 " + base64.b64encode((b"Username:", b"Password:")[len(given)]).decode())
                given.append((self.wire.line() or b"").decode("latin-1"))
            user, password = (_plain(one) for one in given)
            right = password == post.PASSWORD
        else:
            if len(words) < 3:
                self.wire.say("334 ")
            first = words[2].encode() if len(words) > 2 else self.wire.line() or b""
            user, right = tokens.signed_in(self.sandbox.store, kind, first)
        if not right:
            return "535 5.7.3 Authentication unsuccessful"
        self.user = user.lower()
        return "235 signed in"

    def mail(self, text: str) -> str:
        if not self.user:
            return "530 5.7.57 Client not authenticated"
        found = _ADDRESS.search(text)
        self.sender, self.recipients = (found[1].lower() if found else ""), []
        if self.sender != self.user:
            return "550 5.7.60 Client does not have permissions to send as this sender"
        return "250 fine"

    def rcpt(self, text: str) -> str:
        found = _ADDRESS.search(text)
        if not found or "@" not in found[1]:
            return "501 5.1.3 Bad recipient address"
        self.recipients.append(found[1].lower())
        return "250 fine"

    def data(self, text: str) -> str:
        if not self.recipients:
            return "503 recipients first"
        fault = struck(self.sandbox, "reply", f"smtp {self.user}")
        if fault is not None and is_early(fault):
            if fault.kind == "timeout_before":
                time.sleep(fault.wait_seconds)
                raise HungUp
            return _REFUSALS[fault.kind]
        self.wire.say("354 go on")
        raw = self.message()
        post.take(self.sandbox.store, self.sender, self.recipients, raw)
        self.recipients = []
        if fault is not None:
            # Taken, and the answer never arrives.
            time.sleep(fault.wait_seconds if fault.kind == "timeout_after" else 0)
            raise HungUp
        return "250 2.0.0 taken"

    def message(self) -> bytes:
        lines: list[bytes] = []
        while True:
            line = self.wire.line()
            if line is None:
                raise HungUp
            if line == b".":
                return b"".join(one + b"\r\n" for one in lines)
            lines.append(line.removeprefix(b"."))


def _plain(word: str) -> str:
    try:
        return base64.b64decode(word).decode("utf-8", "replace")
    except ValueError:
        return ""
