"""What is invented on X: posts that mention an organisation, its answers, and what their authors say to those."""

from typing import Any

from healthberry.sandbox.invent import Inventor
from healthberry.sandbox.store import Row
from healthberry.sandbox.texts import Written

from . import store as x_store
from .write import reply_as


def past(inventor: Inventor, handle: str, number: int) -> None:
    """Invent the posts of the past, some of them answered, and a few announcements."""
    store, source = inventor.sandbox.store, inventor.source
    user = x_store.ensure_user(store, handle, organisation=True)
    for _ in range(4):
        text = inventor.sandbox.texts.announcement(source)
        x_store.add_post(store, x_store.NewPost(user["id"], text, inventor.past_moment()))
    for moment in inventor.moments(number):
        new, written = _post(inventor, user, moment)
        post = x_store.add_post(store, new)
        if written.tone != "spam" and source.random() < 0.35:
            _thread(inventor, user, post, written.tone)


def live(inventor: Inventor, handle: str) -> str:
    """Invent a post of now, now and then one that answers the organisation's; return its id."""
    store, source = inventor.sandbox.store, inventor.source
    user = x_store.ensure_user(store, handle, organisation=True)
    open_reply = _unanswered_reply(inventor, user) if source.random() < 0.25 else None
    if open_reply:
        parent = store.sure("SELECT * FROM x_posts WHERE id = ?", open_reply["in_reply_to"])
        return str(reply_as(store, parent["author_id"], inventor.sandbox.texts.follow_up(source), open_reply)["id"])
    new, _ = _post(inventor, user, store.now())
    return str(x_store.add_post(store, new)["id"])


def _post(inventor: Inventor, user: Row, moment: int) -> tuple[x_store.NewPost, Written]:
    written, source = inventor.words("x"), inventor.source
    author = x_store.ensure_user(inventor.sandbox.store, inventor.sandbox.texts.screen_name(source))
    lead = "" if f"@{user['username']}" in written.text else f"@{user['username']} "
    settings = "following" if source.random() < 0.02 else "everyone"
    post = x_store.NewPost(author["id"], lead + written.text, moment, len(lead), reply_settings=settings)
    return post, written


def _thread(inventor: Inventor, user: dict[str, Any], post: dict[str, Any], tone: str) -> None:
    """Let the organisation answer a past post, and some authors answer back."""
    store, source, texts = inventor.sandbox.store, inventor.source, inventor.sandbox.texts
    now = store.now()
    answered = post["created_at"] + source.randint(600, 90_000) * 1000
    if answered > now - 120_000:
        return
    reply = reply_as(store, user["id"], texts.reply(tone, source, short=True), post, answered)
    if source.random() < 0.3:
        later = min(now - 60_000, answered + source.randint(300, 40_000) * 1000)
        reply_as(store, post["author_id"], texts.follow_up(source), reply, later)


def _unanswered_reply(inventor: Inventor, user: Row) -> Row | None:
    """Find a reply of the last day by the organisation to which its author has not said anything yet."""
    sql = """SELECT p.* FROM x_posts p WHERE p.author_id = ? AND p.id > ? AND p.in_reply_to IS NOT NULL
             AND p.state = 'visible'
             AND NOT EXISTS (SELECT 1 FROM x_posts r WHERE r.in_reply_to = p.id) ORDER BY p.id DESC LIMIT 1"""
    found = inventor.sandbox.store.row(sql, user["id"], x_store.snowflake(inventor.sandbox.store.now() - 86_400_000))
    parent = x_store.visible_post(inventor.sandbox.store, found["in_reply_to"]) if found else None
    return found if parent and parent["author_id"] != user["id"] else None
