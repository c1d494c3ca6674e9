"""New items that arrive by themselves while the sandbox runs."""

import logging
import threading

from . import careopinion_store, nhsuk_store, seed, x_store
from .config import chance
from .invent import Inventor
from .state import Sandbox
from .store import Row
from .x_write import reply_as

log = logging.getLogger(__name__)

# How many of Care Opinion's stories also appear at NHS.UK.
COPIED = 0.15


def run(sandbox: Sandbox, stop: threading.Event) -> None:
    """Let life happen until told to stop; does nothing while `life_seconds` is 0."""
    while not stop.wait(0.5):
        try:
            tick(sandbox)
        except Exception:
            log.exception("an item could not be invented")


def tick(sandbox: Sandbox) -> list[tuple[str, str]]:
    """Give each organisation that is due one new item; return the new ones as (channel, remote id)."""
    if not sandbox.settings.life_seconds:
        return []
    due = sandbox.store.rows("SELECT * FROM living WHERE next_at <= ? ORDER BY next_at LIMIT 50", sandbox.store.now())
    made = []
    for row in due:
        with sandbox.store.writing():
            _plan_next(sandbox, row["root"])
            item = _live(sandbox, row["root"])
        made.extend([item] if item else [])
    return made


def restart(sandbox: Sandbox) -> None:
    """Plan the next item of every organisation anew, after `life_seconds` was changed."""
    with sandbox.store.writing():
        for row in sandbox.store.rows("SELECT root FROM living"):
            _plan_next(sandbox, row["root"], soon=True)


def _plan_next(sandbox: Sandbox, root: str, soon: bool = False) -> None:
    # A code stands for two channels, a handle for one: together one item for every `life_seconds`.
    share = 3.0 if root.startswith("x:") else 1.5
    source = chance(sandbox.config.random_seed, root, sandbox.store.now())
    wait = sandbox.settings.life_seconds * share * (source.random() if soon else source.uniform(0.5, 1.5))
    sandbox.store.run("UPDATE living SET next_at = ? WHERE root = ?", sandbox.store.now() + int(wait * 1000), root)


def _live(sandbox: Sandbox, root: str) -> tuple[str, str] | None:
    source = chance(sandbox.config.random_seed, root, sandbox.store.now(), "item")
    code = root.split(":", 1)[1]
    inventor = Inventor(sandbox, root, code, source)
    if inventor.is_handle:
        item: tuple[str, str] | None = ("x", _live_x(inventor))
    else:
        item = _live_elsewhere(inventor, code)
    inventor.save()
    return item


def _live_x(inventor: Inventor) -> str:
    store, source = inventor.sandbox.store, inventor.source
    user = x_store.ensure_user(store, inventor.code, organisation=True)
    open_reply = _unanswered_reply(inventor, user) if source.random() < 0.25 else None
    if open_reply:
        parent = store.sure("SELECT * FROM x_posts WHERE id = ?", open_reply["in_reply_to"])
        return str(reply_as(store, parent["author_id"], inventor.sandbox.texts.follow_up(source), open_reply)["id"])
    new, _ = inventor.post(user, store.now())
    return str(x_store.add_post(store, new)["id"])


def _unanswered_reply(inventor: Inventor, user: Row) -> Row | None:
    """Find a reply of the last day by the organisation to which its author has not said anything yet."""
    sql = """SELECT p.* FROM x_posts p WHERE p.author_id = ? AND p.id > ? AND p.in_reply_to IS NOT NULL
             AND p.state = 'visible'
             AND NOT EXISTS (SELECT 1 FROM x_posts r WHERE r.in_reply_to = p.id) ORDER BY p.id DESC LIMIT 1"""
    found = inventor.sandbox.store.row(sql, user["id"], x_store.snowflake(inventor.sandbox.store.now() - 86_400_000))
    parent = x_store.visible_post(inventor.sandbox.store, found["in_reply_to"]) if found else None
    return found if parent and parent["author_id"] != user["id"] else None


def _live_elsewhere(inventor: Inventor, code: str) -> tuple[str, str] | None:
    store, source = inventor.sandbox.store, inventor.source
    places = store.rows(
        "SELECT channel, place FROM places WHERE channel != 'x' AND place >= ? AND place < ?", code, code + "\uffff"
    )
    places = [row for row in places if seed.living_root(row["channel"], row["place"]) == inventor.root]
    if not places:
        return None
    channel = source.choice(sorted({row["channel"] for row in places}))
    codes = [row["place"] for row in places if row["channel"] == channel]
    # Most is said about the organisation itself, the rest about its sites.
    place = code if code in codes and source.random() < 0.6 else source.choice(codes)
    now = store.now()
    if channel == "nhsuk":
        return channel, nhsuk_store.add_reviews(store, [inventor.review(place, now)[0]])[0]
    number = careopinion_store.add_stories(store, [inventor.story(place, now)[0]])[0]
    if source.random() < COPIED and ("nhsuk", place) in {(row["channel"], row["place"]) for row in places}:
        nhsuk_store.add_reviews(store, [seed.copy_of(store.sure("SELECT * FROM co_stories WHERE id = ?", number))])
    return channel, str(number)
