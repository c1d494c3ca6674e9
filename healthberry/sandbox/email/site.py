"""Mailboxes as a site: what the control API, the pages and the life of the sandbox do with e-mails."""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from healthberry.sandbox.config import chance
from healthberry.sandbox.invent import DAY, Inventor, title_of
from healthberry.sandbox.moments import stamp
from healthberry.sandbox.site import Json, Key, Site
from healthberry.sandbox.state import Sandbox
from healthberry.sandbox.store import Row, Store
from healthberry.sandbox.telling import Line, Telling, Unusable, first_words

from . import imap, post, smtp, web
from .mails import Draft, compose, ids, new_id, parse, unpacked, words
from .wire import MailServer

_ADDRESS = re.compile(r"[a-z0-9._%+-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+")


class Email(Site):
    """Mailboxes, known by their addresses; an id is a Message-ID, "#", and digits of what is in the e-mail."""

    kind = "email"
    label = "E-mail"
    knows_by = "handle"
    keys = (Key("MICROSOFT_CLIENT_ID"), Key("MICROSOFT_CLIENT_SECRET"))
    tables = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    blueprints = (web.blueprint, web.pages, web.control)
    api_paths = ("/email/directory", "/email/microsoft")
    tokens = frozenset({"token"})
    invitation = "Write an e-mail to an organisation"
    question = "What do you want to write?"
    newest_heading = "Newest e-mails"
    place_rule = "A mailbox is an address such as feedback@trust.example."

    def place_key(self, place: str) -> str:
        return place.strip().lower()

    def accepts(self, place: str) -> bool:
        return _ADDRESS.fullmatch(self.place_key(place)) is not None

    def page(self, place: str) -> str:
        return f"/email/mailboxes/{quote(self.place_key(place))}"

    def serve(self, sandbox: Sandbox, host: str) -> Callable[[], None]:
        servers = [
            MailServer(sandbox, "email_imap", host, imap.talk),
            MailServer(sandbox, "email_smtp", host, smtp.talk),
        ]

        def end() -> None:
            for server in servers:
                server.end()

        return end

    def known(self, sandbox: Sandbox) -> list[tuple[str, str]]:
        sql = "SELECT address FROM email_folders GROUP BY address ORDER BY MAX(validity) DESC LIMIT 60"
        return [(row["address"], self.page(row["address"])) for row in sandbox.store.rows(sql)]

    def visit(self, sandbox: Sandbox, place: str) -> None:
        post.make(sandbox.store, self.place_key(place), "INBOX")

    def tell(self, sandbox: Sandbox, telling: Telling) -> str:
        """Send an e-mail; `raw` (base64), `from`, `headers` of what control was told change how it looks."""
        store, place = sandbox.store, self.checked(telling.place)
        now = store.now() if telling.posted_at is None else telling.posted_at
        raw = telling.more.get("raw")
        if isinstance(raw, str):
            return post.put(store, place, "INBOX", _bytes(raw), now, telling.author)
        name = telling.author or "Anonymous"
        sender = str(telling.more.get("from") or _sender(name))
        answers, subject = self._answered(store, telling)
        subject = telling.title or subject or first_words(telling.text)
        headers = {str(key): str(value) for key, value in dict(telling.more.get("headers") or {}).items()}
        draft = Draft(sender, name, place, subject, telling.text, now, answers, headers)
        return post.put(store, place, "INBOX", compose(draft, new_id()), now, telling.author or "Anonymous")

    def _answered(self, store: Store, telling: Telling) -> tuple[list[str], str]:
        """Return the Message-IDs that an e-mail answers, the newest answer at their end, and its subject."""
        if not telling.in_reply_to:
            return [], ""
        row = post.found(store, telling.in_reply_to)
        if row is None:
            raise Unusable("The e-mail to answer does not exist.")
        mail, sent = parse(unpacked(row["raw"])), post.sent_to(store, telling.in_reply_to)
        chain = [*ids(mail, "References"), row["message_id"], *[one["message_id"] for one in sent[-1:]]]
        return list(dict.fromkeys(chain)), f"Re: {mail.get('Subject', '')}"

    def shown(self, sandbox: Sandbox, remote_id: str) -> Json | None:
        row = post.found(sandbox.store, remote_id)
        if row is None:
            return None
        mail = parse(unpacked(row["raw"]))
        return {
            "remote_id": remote_id,
            "text": words(mail),
            "title": str(mail.get("Subject", "")),
            "author": row["author"],
            "state": row["state"],
            "at": stamp(row["arrived_at"]),
            "handle": row["address"],
            "folder": row["folder"],
            "flags": row["flags"].split(),
            "rating": None,
            "in_reply_to": next(iter(ids(mail, "In-Reply-To")), None),
            "replies": [_reply(one) for one in post.sent_to(sandbox.store, remote_id)],
        }

    def listed(self, sandbox: Sandbox, place: str, options: Mapping[str, str]) -> list[str]:
        rows = post.held(sandbox.store, self.place_key(place), options.get("folder", "INBOX"))
        return [post.known_as(post.raw(sandbox.store, row["serial"])) for row in reversed(rows)]

    def edit(self, sandbox: Sandbox, found: Json, changes: Mapping[str, Any]) -> str:
        raise Unusable("An e-mail can't be changed once it was sent.")

    def withdraw(self, sandbox: Sandbox, found: Json, options: Mapping[str, str]) -> None:
        """Delete it from the mailbox, as whoever may use it does: its sender can't."""
        sandbox.store.run("DELETE FROM email_mails WHERE message_id = ?", found["remote_id"].partition("#")[0])

    def load(self, sandbox: Sandbox, place: str, texts: Sequence[str], moments: Sequence[int], salt: int) -> list[str]:
        key, source = self.checked(place), chance(sandbox.config.random_seed, "authors", salt)
        made = []
        with sandbox.store.writing():
            for text, moment in zip(texts, moments, strict=True):
                name = sandbox.texts.screen_name(source)
                made.append(_put(sandbox.store, key, name, first_words(text), text, moment))
        return made

    def past(self, inventor: Inventor, key: str, number: int) -> None:
        sandbox = inventor.sandbox
        for moment in sorted(inventor.moments(number)):
            written = inventor.words("nhsuk")
            name = sandbox.texts.screen_name(inventor.source)
            known = _put(sandbox.store, key, name, title_of(written), written.text, moment)
            later = moment + int(inventor.source.uniform(0.2, 9) * DAY)
            if inventor.source.random() < 0.5 and later < sandbox.store.now() - 120_000:
                text = sandbox.texts.reply(written.tone, inventor.source, short=False)
                draft = Draft(
                    key,
                    inventor.staff(),
                    _sender(name),
                    f"Re: {title_of(written)}",
                    text,
                    later,
                    [known.partition("#")[0]],
                )
                raw = compose(draft, new_id(key.rpartition("@")[2]))
                post.put(sandbox.store, key, "Sent", raw, later, flags="\\Seen")

    def live(self, inventor: Inventor, key: str) -> str:
        sandbox = inventor.sandbox
        written, name = inventor.words("nhsuk"), sandbox.texts.screen_name(inventor.source)
        return _put(sandbox.store, key, name, title_of(written), written.text, sandbox.store.now())

    def items(self, store: Store) -> int:
        return int(store.value("SELECT COUNT(*) AS n FROM email_mails WHERE folder NOT IN ('Sent', 'Drafts')"))

    def by_author(self, sandbox: Sandbox, author: str) -> list[str]:
        sql = """SELECT message_id FROM email_mails WHERE author = ? AND folder NOT IN ('Sent', 'Drafts')
                 ORDER BY serial DESC LIMIT 50"""
        return [row["message_id"] for row in sandbox.store.rows(sql, author)]

    def newest(self, sandbox: Sandbox, place: str) -> list[Line]:
        sql = """SELECT * FROM email_mails WHERE address = ? AND folder = 'INBOX' ORDER BY serial DESC LIMIT 25"""
        rows = sandbox.store.rows(sql, self.place_key(place))
        return [
            Line(
                self.address(sandbox, row["message_id"]),
                str(parse(unpacked(row["raw"])).get("Subject", "")),
                row["author"],
                row["arrived_at"],
            )
            for row in rows
        ]

    def address(self, sandbox: Sandbox, remote_id: str) -> str:
        return f"/email/messages/{quote(remote_id)}"


def _put(store: Store, address: str, name: str, subject: str, text: str, moment: int) -> str:
    raw = compose(Draft(_sender(name), name, address, subject, text, moment), new_id())
    return post.put(store, address, "INBOX", raw, moment, name)


def _sender(name: str) -> str:
    local = re.sub(r"[^a-z0-9]+", ".", name.lower()).strip(".") or "somebody"
    return f"{local[:60]}@patients.example"


def _reply(row: Row) -> Json:
    mail = parse(unpacked(row["raw"]))
    return {
        "remote_id": row["message_id"],
        "text": words(mail),
        "author": row["sender"],
        "to": row["recipient"],
        "at": stamp(row["at"]),
        "state": "published",
    }


def _bytes(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        raise Unusable("raw must be base64.") from None
