"""Items and the organisation's replies of sites that keep no tables of their own."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .store import Row, Store

PUBLISHED = "state = 'published' AND published_at <= ?"


@dataclass
class NewItem:
    """An item in the making; `place` as `Site.place_key` writes it, times in UTC milliseconds."""

    place: str
    author: str
    text: str
    created_at: int
    published_at: int
    title: str = ""
    rating: int | None = None
    in_reply_to: str | None = None
    more: dict[str, Any] = field(default_factory=dict)


@dataclass
class NewReply:
    """A reply of the organisation in the making; times in UTC milliseconds."""

    item_id: str
    author: str
    text: str
    created_at: int
    published_at: int
    more: dict[str, Any] = field(default_factory=dict)


def add_items(store: Store, channel: str, items: Sequence[NewItem], name: Callable[[int, NewItem], str]) -> list[str]:
    """Store items; return their ids in the order given. `name` makes an id of a number that no other item has."""
    with store.writing():
        first = (store.value("SELECT MAX(serial) AS top FROM simple_items") or 0) + 1
        ids = [name(serial, item) for serial, item in enumerate(items, first)]
        sql = """INSERT INTO simple_items (serial, channel, id, place, author, title, text, rating, created_at,
                 published_at, updated_at, in_reply_to, more) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"""
        rows = zip(range(first, first + len(items)), ids, items, strict=True)
        store.many(sql, (_values(serial, channel, ident, item) for serial, ident, item in rows))
    return ids


def _values(serial: int, channel: str, ident: str, item: NewItem) -> tuple[object, ...]:
    words = (item.place, item.author, item.title, item.text, item.rating)
    times = (item.created_at, item.published_at, item.published_at)
    return (serial, channel, ident, *words, *times, item.in_reply_to, json.dumps(item.more))


def add_reply(store: Store, channel: str, reply: NewReply, name: Callable[[int, NewReply], str]) -> str:
    """Store a reply; return its id."""
    with store.writing():
        serial = (store.value("SELECT MAX(serial) AS top FROM simple_replies") or 0) + 1
        ident = name(serial, reply)
        given = asdict(reply)
        sql = """INSERT INTO simple_replies (serial, channel, id, item_id, author, text, created_at, published_at,
                 updated_at, more) VALUES (?,?,?,?,?,?,?,?,?,?)"""
        words = (given["item_id"], given["author"], given["text"], given["created_at"])
        times = (reply.published_at, reply.published_at)
        store.run(sql, serial, channel, ident, *words, *times, json.dumps(reply.more))
    return ident


def item(store: Store, channel: str, ident: str) -> Row | None:
    """Find an item in whatever state; `more` is JSON text."""
    return store.row("SELECT * FROM simple_items WHERE channel = ? AND id = ?", channel, ident)


def visible_item(store: Store, channel: str, ident: str) -> Row | None:
    """Find an item that readers can see."""
    sql = f"SELECT * FROM simple_items WHERE channel = ? AND id = ? AND {PUBLISHED}"  # noqa: S608
    return store.row(sql, channel, ident, store.now())


def visible_items(store: Store, channel: str, place: str, limit: int = -1, offset: int = 0) -> list[Row]:
    """Return what readers see of an organisation, newest first; a limit of -1 is none."""
    sql = f"""SELECT * FROM simple_items WHERE channel = ? AND place = ? AND {PUBLISHED}
              ORDER BY published_at DESC, serial DESC LIMIT ? OFFSET ?"""  # noqa: S608
    return store.rows(sql, channel, place, store.now(), limit, offset)


def change_item(store: Store, channel: str, ident: str, **columns: object) -> None:
    """Change columns of an item, which was updated now."""
    names = ", ".join(f"{name} = ?" for name in columns)
    sql = f"UPDATE simple_items SET {names}, updated_at = ? WHERE channel = ? AND id = ?"  # noqa: S608 - our own names
    store.run(sql, *columns.values(), store.now(), channel, ident)


def replies(store: Store, channel: str, item_id: str, published_only: bool = True) -> list[Row]:
    """Return the replies to an item that were not deleted, oldest first."""
    until = store.now() if published_only else 2**62
    sql = f"""SELECT * FROM simple_replies WHERE channel = ? AND item_id = ? AND {PUBLISHED}
              ORDER BY published_at, serial"""  # noqa: S608
    return store.rows(sql, channel, item_id, until)


def reply(store: Store, channel: str, ident: str) -> Row | None:
    """Find a reply in whatever state."""
    return store.row("SELECT * FROM simple_replies WHERE channel = ? AND id = ?", channel, ident)


def change_reply(store: Store, channel: str, ident: str, **columns: object) -> None:
    """Change columns of a reply (`state` to anything but `published` deletes it), which was updated now."""
    names = ", ".join(f"{name} = ?" for name in columns)
    sql = f"UPDATE simple_replies SET {names}, updated_at = ? WHERE channel = ? AND id = ?"  # noqa: S608 - our own names
    store.run(sql, *columns.values(), store.now(), channel, ident)
