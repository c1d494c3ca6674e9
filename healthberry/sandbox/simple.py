"""A site that keeps its items in the common tables: only its API and what is odd about it are left to write."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from . import simple_store as kept
from .config import chance
from .invent import DAY, Inventor, title_of
from .moments import stamp
from .simple_store import NewItem, NewReply
from .site import Json, Site
from .state import Sandbox
from .store import Row, Store
from .telling import Line, Telling, Unusable, first_words, rated, said


class SimpleSite(Site):
    """A site over `simple_items` and `simple_replies`, with the common pages below `/sites/`.

    A subclass says `kind`, `label`, `invitation`, `newest_heading`, keys and blueprints, and overrides what differs.
    """

    texts_like: ClassVar[str] = "nhsuk"  # the channel whose invented texts fit: x, nhsuk or careopinion
    answers_on_site: ClassVar[bool] = True  # the organisation's answers show there, and its page has a form for them
    threads: ClassVar[bool] = False  # patients may answer items and replies

    def item_id(self, serial: int, item: NewItem) -> str:
        """Make the id of a new item out of a number that no other item has."""
        return str(1_000_000 + serial)

    def reply_id(self, serial: int, reply: NewReply) -> str:
        """Make the id of a new reply out of a number that no other reply has."""
        return str(7_000_000 + serial)

    def delay_seconds(self, sandbox: Sandbox) -> float:
        """Return how long a reply takes to appear."""
        return 0.0

    def add(self, store: Store, items: Sequence[NewItem]) -> list[str]:
        """Store items; return their ids in the order given."""
        return kept.add_items(store, self.kind, items, self.item_id)

    def answer(self, sandbox: Sandbox, remote_id: str, text: str, author: str, **more: Any) -> str:
        """Answer an item as the organisation; return the reply's id.

        Raises: Unusable.
        """
        item = kept.visible_item(sandbox.store, self.kind, remote_id)
        if item is None or not text.strip():
            raise Unusable("The item is not there, or the answer is empty.")
        now = sandbox.store.now()
        shown = now + int(self.delay_seconds(sandbox) * 1000)
        more = {**self.of_reply(sandbox.store, item["place"]), **more}
        reply = NewReply(remote_id, author or "Patient Experience Team", text, now, shown, more)
        return kept.add_reply(sandbox.store, self.kind, reply, self.reply_id)

    def of_reply(self, store: Store, place: str) -> Json:
        """Return what `more` keeps of every reply of an organisation."""
        return {}

    def page(self, place: str) -> str:
        if self.knows_by == "ods_code":
            return super().page(place)
        return f"/sites/{self.kind}/places/{quote(self.place_key(place))}"

    def known(self, sandbox: Sandbox) -> list[tuple[str, str]]:
        if self.knows_by == "ods_code":
            return []
        sql = """SELECT place FROM (
                   SELECT place, asked_at AS at FROM places WHERE channel = ?
                   UNION ALL SELECT place, MAX(created_at) FROM simple_items WHERE channel = ? GROUP BY place)
                 GROUP BY place ORDER BY MAX(at) DESC LIMIT 60"""
        rows = sandbox.store.rows(sql, self.kind, self.kind)
        return [(row["place"], self.page(row["place"])) for row in rows]

    def tell(self, sandbox: Sandbox, telling: Telling) -> str:
        store, place = sandbox.store, self.checked(telling.place)
        self._check_parent(store, telling.in_reply_to)
        now = store.now() if telling.posted_at is None else telling.posted_at
        title = telling.title or (first_words(telling.text) if self.needs_title else "")
        shown, rating = now + int(telling.hidden_seconds * 1000), rated(telling, self.best_rating)
        author, more = telling.author or "Anonymous", self.kept_of(telling)
        item = NewItem(place, author, telling.text, now, shown, title, rating, telling.in_reply_to, more)
        return self.add(store, [item])[0]

    def kept_of(self, telling: Telling) -> Json:
        """Return what `more` keeps of what was told, beyond the common columns."""
        return {}

    def _check_parent(self, store: Store, parent: str | None) -> None:
        if not parent:
            return
        if not self.threads:
            raise Unusable(f"Nothing at {self.label} can answer another item.")
        if kept.visible_item(store, self.kind, parent) is None and kept.reply(store, self.kind, parent) is None:
            raise Unusable("The item to answer does not exist.")

    def shown(self, sandbox: Sandbox, remote_id: str) -> Json | None:
        store = sandbox.store
        item = kept.item(store, self.kind, remote_id)
        if item is None:
            return None
        replies = kept.replies(store, self.kind, remote_id, published_only=False)
        by = "ods_code" if self.knows_by == "ods_code" else "handle"
        return {
            **_described(store, item),
            "title": item["title"],
            "rating": item["rating"],
            "in_reply_to": item["in_reply_to"],
            by: item["place"],
            "replies": [_described(store, reply) for reply in replies],
        }

    def listed(self, sandbox: Sandbox, place: str, options: Mapping[str, str]) -> list[str]:
        return [row["id"] for row in kept.visible_items(sandbox.store, self.kind, self.place_key(place))]

    def edit(self, sandbox: Sandbox, found: Json, changes: Mapping[str, Any]) -> str:
        title = str(changes.get("title") or found["title"])
        kept.change_item(sandbox.store, self.kind, found["remote_id"], text=said(changes), title=title)
        return str(found["remote_id"])

    def withdraw(self, sandbox: Sandbox, found: Json, options: Mapping[str, str]) -> None:
        kept.change_item(sandbox.store, self.kind, found["remote_id"], state="withdrawn")

    def load(self, sandbox: Sandbox, place: str, texts: Sequence[str], moments: Sequence[int], salt: int) -> list[str]:
        key, source = self.checked(place), chance(sandbox.config.random_seed, "authors", salt)
        items = []
        for text, moment in zip(texts, moments, strict=True):
            title = first_words(text) if self.needs_title else ""
            rating = source.randint(1, self.best_rating) if self.takes_rating else None
            items.append(NewItem(key, sandbox.texts.screen_name(source), text, moment, moment, title, rating))
        return self.add(sandbox.store, items)

    def past(self, inventor: Inventor, key: str, number: int) -> None:
        invented = [self.invented(inventor, key, moment) for moment in inventor.moments(number)]
        invented.reverse()
        ids = self.add(inventor.sandbox.store, [item for item, _ in invented])
        if not self.answers_on_site:
            return
        for remote_id, (item, tone) in zip(ids, invented, strict=True):
            if tone != "spam" and inventor.source.random() < 0.5:
                self._answered(inventor, remote_id, item, tone)

    def _answered(self, inventor: Inventor, remote_id: str, item: NewItem, tone: str) -> None:
        """Answer an item of the past some days later; not where that day is still to come."""
        store, source = inventor.sandbox.store, inventor.source
        moment = item.published_at + int(source.uniform(0.2, 9) * DAY)
        text = inventor.sandbox.texts.reply(tone, source, short=self.texts_like == "x")
        if moment < store.now() - 120_000:
            more = self.of_reply(store, item.place)
            reply = NewReply(remote_id, inventor.staff(), text, moment, moment, more)
            kept.add_reply(store, self.kind, reply, self.reply_id)

    def invented(self, inventor: Inventor, key: str, moment: int) -> tuple[NewItem, str]:
        """Invent an item of a moment; return it with its tone."""
        written, source = inventor.words(self.texts_like), inventor.source
        author = inventor.sandbox.texts.screen_name(source)
        title = title_of(written) if self.needs_title else ""
        rating = (written.rating or source.randint(1, self.best_rating)) if self.takes_rating else None
        return NewItem(key, author, written.text, moment, moment, title, rating), written.tone

    def live(self, inventor: Inventor, key: str) -> str:
        store = inventor.sandbox.store
        return self.add(store, [self.invented(inventor, key, store.now())[0]])[0]

    def items(self, store: Store) -> int:
        return int(store.value("SELECT COUNT(*) AS n FROM simple_items WHERE channel = ?", self.kind))

    def by_author(self, sandbox: Sandbox, author: str) -> list[str]:
        sql = """SELECT id FROM simple_items WHERE channel = ? AND author = ?
                 ORDER BY created_at DESC, serial DESC LIMIT 50"""
        return [row["id"] for row in sandbox.store.rows(sql, self.kind, author)]

    def newest(self, sandbox: Sandbox, place: str) -> list[Line]:
        rows = kept.visible_items(sandbox.store, self.kind, self.place_key(place), 25)
        return [
            Line(
                self.address(sandbox, row["id"]),
                row["title"] or first_words(row["text"]),
                row["author"],
                row["published_at"],
                row["rating"],
            )
            for row in rows
        ]

    def address(self, sandbox: Sandbox, remote_id: str) -> str:
        return f"/sites/{self.kind}/items/{quote(remote_id)}"


def _described(store: Store, row: Row) -> Json:
    waiting = row["state"] == "published" and row["published_at"] > store.now()
    return {
        "remote_id": row["id"],
        "text": row["text"],
        "author": row["author"],
        "at": stamp(row["created_at"]),
        "state": "awaiting publication" if waiting else row["state"],
    }
