"""X's accounts and posts: what exists, who wrote it, whom it mentions."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from healthberry.sandbox.store import Row, Store

EPOCH_MS = 1288834974657
REACHABLE_MENTIONS = 800
HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")
MENTION = re.compile(r"(?<![A-Za-z0-9_@/])@([A-Za-z0-9_]{1,15})(?![A-Za-z0-9_@])")
_COLUMNS = (
    "id, author_id, text, lead, created_at, conversation_id, in_reply_to, quoted, first_id, reply_settings, dedupe"
)


@dataclass
class NewPost:
    """A post in the making; `lead` says how many characters at its start X itself put there.

    Times in UTC milliseconds.
    """

    author_id: int
    text: str
    created_at: int
    lead: int = 0
    in_reply_to: Row | None = None
    quoted: int | None = None
    reply_settings: str = "everyone"
    dedupe: str | None = None


def snowflake(moment: int, serial: int = 0) -> int:
    """Return the smallest id that X gives at a moment (UTC milliseconds), plus a serial below 4,194,304."""
    return (max(0, moment - EPOCH_MS) << 22) + serial


def handle_of(author: str) -> str:
    """Make a screen name of at most 15 letters, digits and underscores out of anything people type."""
    plain = unicodedata.normalize("NFKD", author).encode("ascii", "ignore").decode()
    words = re.sub(r"[^A-Za-z0-9_]+", "", plain)[:15]
    return words or "user" + sha256(author.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def user_by_name(store: Store, handle: str) -> Row | None:
    """Find an account by handle, in any case, with or without @."""
    return store.row("SELECT * FROM x_users WHERE username_key = ?", handle.lstrip("@").lower())


def user_by_id(store: Store, user_id: int) -> Row | None:
    """Find an account by its number."""
    return store.row("SELECT * FROM x_users WHERE id = ?", user_id)


def ensure_user(store: Store, handle: str, name: str | None = None, organisation: bool = False) -> Row:
    """Return the account with this handle, made now if there was none; an account once an organisation's stays so."""
    handle = handle.lstrip("@")
    key = handle.lower()
    # The number is derived from the handle, so that the same seed gives the same world.
    number = 10**9 + int.from_bytes(sha256(key.encode()).digest()[:6], "big")
    created = store.now() - (number % 4000 + 400) * 86_400_000
    sql = """INSERT INTO x_users (id, username, username_key, name, organisation, created_at) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT DO NOTHING"""
    with store.writing():
        store.run(sql, number, handle, key, name or handle, int(organisation), created)
        if organisation:
            store.run("UPDATE x_users SET organisation = 1 WHERE username_key = ?", key)
        return store.sure("SELECT * FROM x_users WHERE username_key = ?", key)


def post_by_id(store: Store, post_id: int) -> Row | None:
    """Find a post by its id or the id of an earlier version; the newest version answers, deleted or not."""
    found = store.row("SELECT * FROM x_posts WHERE id = ?", post_id)
    if found and not found["newest"]:
        found = store.row("SELECT * FROM x_posts WHERE first_id = ? AND newest = 1", found["first_id"])
    return found


def visible_post(store: Store, post_id: int) -> Row | None:
    """Find a post that readers can see: neither deleted nor of a suspended or protected account."""
    post = post_by_id(store, post_id)
    if post is None or post["state"] != "visible":
        return None
    author = user_by_id(store, post["author_id"])
    return post if author and author["state"] == "active" else None


def versions(store: Store, post: Row) -> list[int]:
    """Return the ids of all versions of a post, oldest first."""
    return [row["id"] for row in store.rows("SELECT id FROM x_posts WHERE first_id = ? ORDER BY id", post["first_id"])]


def mentioned_ids(store: Store, text: str) -> list[int]:
    """Return the numbers of the accounts that a text mentions and that exist."""
    handles = {handle.lower() for handle in MENTION.findall(text)}
    found = (store.value("SELECT id FROM x_users WHERE username_key = ?", handle) for handle in handles)
    return [number for number in found if number is not None]


def add_post(store: Store, new: NewPost) -> Row:
    """Store one post and its mentions; a post made now gets an id above every other one's."""
    with store.writing():
        number = _free_id(store, new.created_at)
        _insert(store, [_values(number, new)])
        mentions = mentioned_ids(store, new.text)
        store.many("INSERT OR IGNORE INTO x_mentions VALUES (?, ?)", [(user, number) for user in mentions])
    return store.sure("SELECT * FROM x_posts WHERE id = ?", number)


def add_past_mentions(store: Store, user_id: int, posts: Sequence[NewPost]) -> list[int]:
    """Store many posts that each mention one account; return their ids in the order given.

    Times must lie in the past.
    """
    with store.writing():
        numbers = [_free_id(store, post.created_at) for post in posts] if len(posts) < 500 else _many_ids(store, posts)
        _insert(store, [_values(number, post) for number, post in zip(numbers, posts, strict=True)])
        store.many("INSERT OR IGNORE INTO x_mentions VALUES (?, ?)", [(user_id, number) for number in numbers])
    return numbers


def edit_post(store: Store, post: Row, text: str) -> Row:
    """Replace a post's text as X does it: a new version with an id of its own."""
    with store.writing():
        store.run("UPDATE x_posts SET newest = 0 WHERE first_id = ?", post["first_id"])
        number = _free_id(store, store.now())
        sql = f"""INSERT INTO x_posts ({_COLUMNS}) SELECT ?, author_id, ?, ?, created_at, conversation_id, in_reply_to,
                  quoted,
                  first_id, reply_settings, dedupe FROM x_posts WHERE id = ?"""  # noqa: S608
        lead = post["lead"] if text.startswith(post["text"][: post["lead"]]) else 0
        store.run(sql, number, text, lead, post["id"])
        store.many(
            "INSERT OR IGNORE INTO x_mentions VALUES (?, ?)", [(user, number) for user in mentioned_ids(store, text)]
        )
    return store.sure("SELECT * FROM x_posts WHERE id = ?", number)


def delete_post(store: Store, post: Row) -> None:
    """Delete every version of a post."""
    store.run("UPDATE x_posts SET state = 'deleted' WHERE first_id = ?", post["first_id"])


def replies_to(store: Store, post: Row) -> list[Row]:
    """Return the newest versions of the direct replies to any version of a post, oldest first, deleted ones too."""
    marks = versions(store, post)
    sql = f"SELECT * FROM x_posts WHERE newest = 1 AND in_reply_to IN ({','.join('?' * len(marks))}) ORDER BY id"  # noqa: S608
    return store.rows(sql, *marks)


def reachable_mentions(store: Store, user_id: int) -> list[int]:
    """Return the ids of the mentions that the API lists.

    Newest versions, visible, among the newest 800, newest first.
    """
    sql = f"""SELECT p.id FROM
              (SELECT post_id FROM x_mentions WHERE user_id = ? ORDER BY post_id DESC LIMIT {REACHABLE_MENTIONS}) m
              JOIN x_posts p ON p.id = m.post_id JOIN x_users u ON u.id = p.author_id
              WHERE p.newest = 1 AND p.state = 'visible' AND u.state = 'active' ORDER BY p.id DESC"""  # noqa: S608
    return [row["id"] for row in store.rows(sql, user_id)]


def _free_id(store: Store, moment: int) -> int:
    wanted = snowflake(moment)
    newest = store.value(
        "SELECT MAX(id) AS newest FROM x_posts WHERE id BETWEEN ? AND ?", wanted, wanted + (1 << 22) - 1
    )
    if newest is not None:
        return int(newest) + 1
    # A clock that was set back must not give a new post an id below one already served.
    last = store.value("SELECT MAX(id) AS last FROM x_posts") or 0
    return int(last) + 1 if moment >= store.now() - 1000 and last > wanted else wanted


def _many_ids(store: Store, posts: Sequence[NewPost]) -> list[int]:
    start = int(store.value("SELECT COUNT(*) AS n FROM x_posts")) % (1 << 20)
    return [snowflake(post.created_at, (start + serial) % (1 << 22)) for serial, post in enumerate(posts)]


def _values(number: int, new: NewPost) -> tuple[object, ...]:
    parent = new.in_reply_to
    conversation = parent["conversation_id"] if parent else number
    reply_to = parent["id"] if parent else None
    return (
        number,
        new.author_id,
        new.text,
        new.lead,
        new.created_at,
        conversation,
        reply_to,
        new.quoted,
        number,
        new.reply_settings,
        new.dedupe,
    )


def _insert(store: Store, rows: Iterable[Sequence[object]]) -> None:
    store.many(f"INSERT INTO x_posts ({_COLUMNS}) VALUES ({','.join('?' * 11)})", rows)  # noqa: S608
