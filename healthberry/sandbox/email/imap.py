"""IMAP4rev1 as far as mail programs need it: sign in, look into folders, fetch, flag, move, put in, wait for news.

Source: RFC 3501, 2177 (IDLE), 4315 (UIDPLUS), 5530 (response codes), 6154 (special folders), 6851 (MOVE).
"""

import base64
import re
import time
from collections.abc import Callable

from healthberry.sandbox import seed
from healthberry.sandbox.state import Sandbox

from . import post, tokens
from .imap_folder import Folder, Refused, text
from .wire import HungUp, Wire, is_early, struck

_CAPABILITIES = "IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR IDLE UIDPLUS MOVE SPECIAL-USE LITERAL+"
_SPECIAL = {"Sent": "\\Sent", "Drafts": "\\Drafts", "Trash": "\\Trash"}
_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)"|(\([^()]*(?:\([^()]*\)[^()]*)*\))|([^\s]+)')
_LITERAL = re.compile(rb"\{(\d+)(\+?)\}$")
_REFUSALS = {
    "rate_limit": "NO [LIMIT] Too many requests, slow down",
    "server_error": "NO [UNAVAILABLE] Internal error",
    "expired_token": "NO [AUTHENTICATIONFAILED] Credentials have expired",
    "html_page": "BAD <!doctype html>",
}


def talk(sandbox: Sandbox, wire: Wire) -> None:
    """Serve one connection."""
    _Session(sandbox, wire).run()


class _Session(Folder):
    def __init__(self, sandbox: Sandbox, wire: Wire) -> None:
        super().__init__(sandbox, wire)
        self.commands: dict[str, Callable[[list[bytes]], str]] = {
            "LOGIN": self.login,
            "AUTHENTICATE": self.authenticate,
            "LIST": self.list_folders,
            "LSUB": self.list_folders,
            "SELECT": self.select,
            "EXAMINE": self.select,
            "CREATE": self.create,
            "APPEND": self.append,
            "UID": self.uid,
            "EXPUNGE": self.expunge,
            "IDLE": self.idle,
        }

    def run(self) -> None:
        self.wire.say(f"* OK [CAPABILITY {_CAPABILITIES}] sandbox ready")
        while True:
            tag, name, words = self.command()
            if name == "LOGOUT":
                self.wire.say("* BYE until next time")
                self.wire.say(f"{tag} OK LOGOUT completed")
                return
            try:
                said = self.answer(name, words)
            except Refused as refused:
                said = str(refused)
            self.sandbox.statuses[(f"email.imap {name.lower()}", 200 if said.startswith("OK") else 400)] += 1
            self.wire.say(f"{tag} {said}")

    def command(self) -> tuple[str, str, list[bytes]]:
        """Read a command with the literals in it."""
        words: list[bytes] = []
        while True:
            line = self.wire.line()
            if line is None:
                raise HungUp
            literal = _LITERAL.search(line)
            words += [a or b or c for a, b, c in _TOKEN.findall(line[: literal.start()] if literal else line)]
            if not literal:
                break
            if not literal[2]:
                self.wire.say("+ go on")
            words.append(self.wire.exactly(int(literal[1])))
        if len(words) < 2:
            return (words[0].decode("latin-1") if words else "*"), "NOOP", []
        return words[0].decode("latin-1"), words[1].decode("latin-1").upper(), words[2:]

    def answer(self, name: str, words: list[bytes]) -> str:
        if name == "CAPABILITY":
            self.wire.say(f"* CAPABILITY {_CAPABILITIES}")
            return "OK CAPABILITY completed"
        if name in ("NOOP", "ID", "CLOSE", "UNSELECT", "CHECK", "SUBSCRIBE"):
            return f"OK {name} completed"
        if name not in self.commands:
            return f"BAD {name} is not known"
        if not self.address and name not in ("LOGIN", "AUTHENTICATE"):
            return "BAD sign in first"
        return self.commands[name](words)

    def login(self, words: list[bytes]) -> str:
        user, password = (text(word) for word in words[:2])
        return self.signed_in(user, password == post.PASSWORD)

    def authenticate(self, words: list[bytes]) -> str:
        kind = text(words[0]).upper() if words else ""
        if len(words) < 2:
            self.wire.say("+ ")
        given = words[1] if len(words) > 1 else self.wire.line() or b""
        user, right = tokens.signed_in(self.store, kind, given)
        if not right and kind == "XOAUTH2":
            self.wire.say("+ " + base64.b64encode(b'{"status":"401","schemes":"Bearer"}').decode())
            self.wire.line()
        return self.signed_in(user, right)

    def signed_in(self, user: str, right: bool) -> str:
        fault = struck(self.sandbox, "read", f"imap {user}")
        if fault is not None and is_early(fault):
            if fault.kind == "timeout_before":
                time.sleep(fault.wait_seconds)
                raise HungUp
            return _REFUSALS[fault.kind]
        address = user.lower()
        if not right or not self.sandbox.sites["email"].accepts(address):
            return "NO [AUTHENTICATIONFAILED] Invalid credentials"
        self.fault, self.address = fault, address
        seed.ask(self.sandbox, "email", address)
        return "OK [CAPABILITY " + _CAPABILITIES + "] signed in"

    def list_folders(self, words: list[bytes]) -> str:
        wanted = text(words[1]) if len(words) > 1 else "*"
        for name in post.folders(self.store, self.address):
            if wanted in ("*", "%", name):
                flags = " ".join(filter(None, ("\\HasNoChildren", _SPECIAL.get(name, ""))))
                self.wire.say(f'* LIST ({flags}) "/" "{name}"')
        return "OK LIST completed"

    def select(self, words: list[bytes]) -> str:
        self.late()
        folder = text(words[0])
        folder = "INBOX" if folder.upper() == "INBOX" else folder
        validity = post.validity(self.store, self.address, folder)
        if validity is None:
            raise Refused("NO [NONEXISTENT] There is no such folder")
        self.folder = folder
        self.wire.say(f"* {len(self.held())} EXISTS")
        self.wire.say("* 0 RECENT")
        self.wire.say("* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft)")
        self.wire.say(f"* OK [UIDVALIDITY {validity}] valid")
        self.wire.say(f"* OK [UIDNEXT {post.next_uid(self.store)}] next")
        return "OK [READ-WRITE] SELECT completed"

    def create(self, words: list[bytes]) -> str:
        post.make(self.store, self.address, text(words[0]))
        return "OK CREATE completed"

    def append(self, words: list[bytes]) -> str:
        folder = text(words[0])
        if post.validity(self.store, self.address, folder) is None:
            raise Refused("NO [TRYCREATE] There is no such folder")
        flags = " ".join(text(word).strip("()") for word in words[1:-1] if word.startswith(b"("))
        post.put(self.store, self.address, folder, words[-1], self.store.now(), flags=flags)
        return "OK APPEND completed"

    def uid(self, words: list[bytes]) -> str:
        name, rest = text(words[0]).upper(), words[1:]
        commands = {
            "SEARCH": self.search,
            "FETCH": self.fetch,
            "STORE": self.change,
            "COPY": self.copy,
            "MOVE": self.move,
            "EXPUNGE": self.expunge,
        }
        if name not in commands:
            raise Refused(f"BAD UID {name} is not known")
        return commands[name](rest)
