"""What X is to control, pages, faults and life."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flask import Response

from healthberry.sandbox.config import chance
from healthberry.sandbox.invent import Inventor
from healthberry.sandbox.moments import stamp
from healthberry.sandbox.site import Json, Key, Site
from healthberry.sandbox.state import Sandbox
from healthberry.sandbox.store import Row, Store
from healthberry.sandbox.telling import Line, Telling, Unusable, said

from . import activity, api, control, oauth, pages, past
from . import store as x_store
from .write import reply_as

_TITLES = {429: "Too Many Requests", 500: "Internal Server Error", 401: "Unauthorized"}


class X(Site):
    """X: organisations are accounts, and what is said about them mentions their handle."""

    kind = "x"
    label = "X"
    knows_by = "handle"
    keys = (Key("X_BEARER_TOKEN"), Key("X_CLIENT_ID"), Key("X_CLIENT_SECRET"), Key("X_CONSUMER_SECRET"))
    tables = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    # What writes, and what sends, adds its views to the blueprint of what reads.
    blueprints = (api.blueprint, oauth.blueprint, pages.blueprint, control.blueprint)
    api_paths = ("/x/2/", "/x/oauth2/")
    replying = frozenset({"create_post"})
    tokens = frozenset({"token", "app_token", "revoke", "invalidate_token"})
    lists = frozenset({"mentions", "user_posts", "search_recent", "lookup_posts", "quotes"})
    list_key = "data"
    strays = ({"text": "no id"}, None)
    invitation = "Post on X"
    question = "What is happening?"
    rows = 4
    needs_author = True
    newest_heading = "Newest posts on X"
    place_rule = "A handle has 1 to 15 letters, digits or underscores."

    def accepts(self, place: str) -> bool:
        return x_store.HANDLE.fullmatch(place.lstrip("@")) is not None

    def page(self, place: str) -> str:
        return f"/x/{place.lstrip('@')}"

    def known(self, sandbox: Sandbox) -> list[tuple[str, str]]:
        sql = "SELECT username FROM x_users WHERE organisation = 1 ORDER BY created_at DESC LIMIT 60"
        return [(f"@{row['username']}", self.page(row["username"])) for row in sandbox.store.rows(sql)]

    def visit(self, sandbox: Sandbox, place: str) -> None:
        x_store.ensure_user(sandbox.store, place, organisation=True)

    def tell(self, sandbox: Sandbox, telling: Telling) -> str:
        store, handle = sandbox.store, telling.place.lstrip("@")
        self.checked(handle)
        user = x_store.ensure_user(store, handle, organisation=True)
        name = telling.author or "somepatient"
        author = user if telling.more.get("own") else x_store.ensure_user(store, x_store.handle_of(name), name=name)
        post = self._added(sandbox, telling, user, author)
        activity.posted(sandbox, post)
        return str(post["id"])

    def _added(self, sandbox: Sandbox, telling: Telling, user: Row, author: Row) -> Row:
        store = sandbox.store
        quoted = _parent(store, str(telling.more.get("quotes") or "") or None)
        parent = _parent(store, telling.in_reply_to)
        mentions = telling.more.get("mentions", not quoted and author["id"] != user["id"])
        if mentions and parent and parent["author_id"] == user["id"]:
            return reply_as(store, author["id"], telling.text, parent, telling.posted_at)
        names = {name.lower() for name in x_store.MENTION.findall(telling.text)}
        lead = f"@{user['username']} " if mentions and user["username"].lower() not in names else ""
        moment = store.now() if telling.posted_at is None else telling.posted_at
        quoted_id = quoted["id"] if quoted else None
        return x_store.add_post(
            store, x_store.NewPost(author["id"], lead + telling.text, moment, len(lead), parent, quoted_id)
        )

    def shown(self, sandbox: Sandbox, remote_id: str) -> Json | None:
        store = sandbox.store
        post = x_store.post_by_id(store, int(remote_id)) if remote_id.isdigit() and len(remote_id) < 20 else None
        if post is None:
            return None
        replies = [_described(store, reply) for reply in x_store.replies_to(store, post)]
        return {**_described(store, post), "title": "", "replies": replies}

    def listed(self, sandbox: Sandbox, place: str, options: Mapping[str, str]) -> list[str]:
        user = x_store.user_by_name(sandbox.store, place)
        return [str(number) for number in x_store.reachable_mentions(sandbox.store, user["id"])] if user else []

    def edit(self, sandbox: Sandbox, found: Json, changes: Mapping[str, Any]) -> str:
        text, post = said(changes), _stored(sandbox.store, found)
        return str(x_store.edit_post(sandbox.store, post, post["text"][: post["lead"]] + text)["id"])

    def withdraw(self, sandbox: Sandbox, found: Json, options: Mapping[str, str]) -> None:
        post = _stored(sandbox.store, found)
        x_store.delete_post(sandbox.store, post)
        activity.deleted(sandbox, post)

    def load(self, sandbox: Sandbox, place: str, texts: Sequence[str], moments: Sequence[int], salt: int) -> list[str]:
        store, handle = sandbox.store, place.lstrip("@")
        self.checked(handle)
        user = x_store.ensure_user(store, handle, organisation=True)
        source = chance(sandbox.config.random_seed, "authors", salt)
        names = (sandbox.texts.screen_name(source) for _ in range(min(400, len(texts))))
        authors = [x_store.ensure_user(store, name) for name in names]
        posts = []
        for text, moment in zip(texts, moments, strict=True):
            lead = "" if f"@{handle.lower()}" in text.lower() else f"@{user['username']} "
            posts.append(x_store.NewPost(source.choice(authors)["id"], lead + text, moment, len(lead)))
        return [str(number) for number in x_store.add_past_mentions(store, user["id"], posts)]

    def past(self, inventor: Inventor, key: str, number: int) -> None:
        past.past(inventor, key, number)

    def live(self, inventor: Inventor, key: str) -> str:
        remote_id = past.live(inventor, key)
        store = inventor.sandbox.store
        activity.posted(inventor.sandbox, store.sure("SELECT * FROM x_posts WHERE id = ?", int(remote_id)))
        return remote_id

    def items(self, store: Store) -> int:
        return int(store.value("SELECT COUNT(*) AS n FROM x_posts"))

    def by_author(self, sandbox: Sandbox, author: str) -> list[str]:
        user = x_store.user_by_name(sandbox.store, x_store.handle_of(author))
        sql = "SELECT id FROM x_posts WHERE author_id = ? AND newest = 1 ORDER BY id DESC LIMIT 50"
        return [str(row["id"]) for row in sandbox.store.rows(sql, user["id"])] if user else []

    def newest(self, sandbox: Sandbox, place: str) -> list[Line]:
        return [self._line(sandbox, remote_id) for remote_id in self.listed(sandbox, place, {})[:25]]

    def _line(self, sandbox: Sandbox, remote_id: str) -> Line:
        post = sandbox.store.sure("SELECT * FROM x_posts WHERE id = ?", int(remote_id))
        author = x_store.user_by_id(sandbox.store, post["author_id"]) or {"username": ""}
        return Line(self.address(sandbox, remote_id), post["text"], author["username"], post["created_at"])

    def address(self, sandbox: Sandbox, remote_id: str) -> str:
        post = x_store.post_by_id(sandbox.store, int(remote_id))
        author = x_store.user_by_id(sandbox.store, post["author_id"]) if post else None
        return f"/x/{author['username'] if author else 'i'}/status/{remote_id}"

    def refusal(self, sandbox: Sandbox, status: int, seconds: int) -> Response:
        title = _TITLES[status]
        body = f'{{"title":"{title}","detail":"{title}","type":"about:blank","status":{status}}}'
        answer = Response(body, status, mimetype="application/problem+json")
        if status == 429:
            reset = sandbox.store.now() // 1000 + seconds
            answer.headers.update(
                {"x-rate-limit-limit": "450", "x-rate-limit-remaining": "0", "x-rate-limit-reset": str(reset)}
            )
        return answer


def _parent(store: Store, remote_id: str | None) -> Row | None:
    if not remote_id:
        return None
    parent = x_store.visible_post(store, int(remote_id)) if remote_id.isdigit() else None
    if parent is None:
        raise Unusable("The post to answer does not exist.")
    return parent


def _stored(store: Store, found: Json) -> Row:
    return store.sure("SELECT * FROM x_posts WHERE id = ?", int(found["remote_id"]))


def _described(store: Store, post: Row) -> Json:
    author = x_store.user_by_id(store, post["author_id"]) or {"name": "", "username": "", "state": "missing"}
    state = {"active": "published"}.get(author["state"], author["state"])
    return {
        "remote_id": str(post["id"]),
        "text": post["text"][post["lead"] :],
        "full_text": post["text"],
        "author": author["name"],
        "username": author["username"],
        "state": post["state"] if post["state"] != "visible" else state,
        "at": stamp(post["created_at"]),
        "in_reply_to": str(post["in_reply_to"]) if post["in_reply_to"] else None,
    }
