"""The Graph API of Pages, for writing: comments, messages, hiding and deleting, and asking to be told of news."""

import secrets
from typing import Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox import simple_store as kept
from healthberry.sandbox.simple_store import NewReply
from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row

from . import graph, news
from .api import blueprint, seen
from .graph import GraphError, missing, page_of, page_token, version
from .hooks import verify
from .shapes import WEEK
from .wall import KIND, Thing, Wall, part, wall

LONGEST_COMMENT = 8_000
LONGEST_MESSAGE = 2_000
WINDOW = 86_400_000


@blueprint.post("/<version_>/<ident>/comments")
def comment(version_: str, ident: str) -> ResponseReturnValue:
    """Answer POST /{id}/comments: comment as the Page. The same words twice show twice."""
    version(version_)
    wall_, thing = seen(ident)
    page_token(wall_.page["page_id"], "pages_manage_engagement")
    text = str(_given().get("message", ""))
    if not text.strip():
        raise GraphError(100, "Missing message or attachment")
    if len(text) > LONGEST_COMMENT or thing.kind in ("message", "rating"):
        raise GraphError(100, "Invalid parameter")
    return jsonify(id=add_comment(wall_.page, thing, text, by_app=True))


def add_comment(page: Row, thing: Thing, text: str, *, by_app: bool) -> str:
    """Let the Page comment under a post or a comment; return the comment's id."""
    store = here().store
    parent = (thing.parent or thing.id) if thing.kind == "comment" else ""
    more = {"page": page["page_id"], "post": thing.post, "parent": parent, "by_app": by_app}
    item = thing.id if not thing.by_page else (thing.answers or thing.parent)
    reply = NewReply(item or thing.id, page["name"], text, store.now(), store.now(), more)
    ident = kept.add_reply(store, KIND, reply, lambda serial, _: f"{part(thing.post)}_7{serial:09d}")
    news.comment(here(), page["page_id"], ident, "add")
    return ident


@blueprint.post("/<version_>/<ident>/messages")
def messages(version_: str, ident: str) -> ResponseReturnValue:
    """Answer POST /{page-id}/messages: within a private exchange, or once to the author of a comment."""
    version(version_)
    page = page_of(here().store, ident)
    if page is None:
        raise missing()
    page_token(ident, "pages_messaging")
    given = _given()
    recipient, message = _object(given.get("recipient")), _object(given.get("message"))
    text = str(message.get("text", ""))
    if not text.strip() or len(text) > LONGEST_MESSAGE:
        raise GraphError(100, "Param message[text] must be a string of 1 to 2000 characters")
    wall_, metadata = wall(here().store, page), str(message.get("metadata", ""))
    about = str(recipient.get("comment_id") or recipient.get("post_id") or "")
    target = _once(wall_, about) if about else _latest(wall_, str(recipient.get("id", "")))
    ident = add_message(page, target, text, once=bool(about), metadata=metadata)
    return jsonify(recipient_id=target.person, message_id=ident)


def add_message(page: Row, target: Thing, text: str, *, once: bool, metadata: str) -> str:
    """Let the Page write to the author of `target`; return the message's id."""
    store = here().store
    more = {"page": page["page_id"], "private": True, "once": once, "person": target.person, "metadata": metadata}
    reply = NewReply(target.id, page["name"], text, store.now(), store.now(), more)
    ident = kept.add_reply(store, KIND, reply, lambda serial, _: f"m_{secrets.token_urlsafe(9)}{serial}")
    news.echo(here(), page["page_id"], target.person, ident, text, metadata)
    return ident


def _once(wall_: Wall, ident: str) -> Thing:
    thing = wall_.find(ident)
    if thing is None or thing.state not in ("published", "hidden"):
        raise missing()
    if wall_.answered_privately(ident):
        raise GraphError(10900, "Activity already replied to")
    if thing.by_page or here().store.now() - thing.at > WEEK:
        raise GraphError(10903, "This user cant reply to this activity")
    return thing


def _latest(wall_: Wall, person: str) -> Thing:
    theirs = [one for one in wall_.messages(person) if not one.by_page]
    if not theirs:
        raise GraphError(100, "No matching user found", 2018001)
    if here().store.now() - theirs[0].at > WINDOW:
        raise GraphError(10, "This message is sent outside of allowed window.", 2018278)
    return theirs[0]


@blueprint.post("/<version_>/<ident>/subscribed_apps")
def subscribed_apps(version_: str, ident: str) -> ResponseReturnValue:
    """Answer POST /{page-id}/subscribed_apps: tell the app what is new on this Page."""
    version(version_)
    if page_of(here().store, ident) is None:
        raise missing()
    page_token(ident, "pages_manage_metadata")
    fields = str(_given().get("subscribed_fields", ""))
    if not fields:
        raise GraphError(100, "The parameter subscribed_fields is required.")
    here().store.run("INSERT OR REPLACE INTO facebook_subscribed VALUES (?, ?)", ident, fields)
    return jsonify(success=True)


@blueprint.get("/<version_>/<ident>/subscribed_apps")
def following(version_: str, ident: str) -> ResponseReturnValue:
    """Answer GET /{page-id}/subscribed_apps: whether the app follows this Page, and for what."""
    version(version_)
    page_token(ident, "pages_manage_metadata")
    fields = here().store.value("SELECT fields FROM facebook_subscribed WHERE page_id = ?", ident)
    return jsonify(data=[{"id": graph.app_id(), "subscribed_fields": fields.split(",")}] if fields else [])


@blueprint.delete("/<version_>/<ident>/subscribed_apps")
def unsubscribe(version_: str, ident: str) -> ResponseReturnValue:
    """Answer DELETE /{page-id}/subscribed_apps: tell the app no more of this Page."""
    version(version_)
    page_token(ident, "pages_manage_metadata")
    here().store.run("DELETE FROM facebook_subscribed WHERE page_id = ?", ident)
    return jsonify(success=True)


@blueprint.post("/<version_>/<ident>/subscriptions")
def subscriptions(version_: str, ident: str) -> ResponseReturnValue:
    """Answer POST /{app-id}/subscriptions: where the app is told, once the callback has answered the challenge."""
    version(version_)
    if graph.token().kind != "app" or ident != graph.app_id():
        raise missing()
    given = {name: str(_given().get(name, "")) for name in ("object", "callback_url", "verify_token", "fields")}
    if given["object"] not in ("page", "instagram"):
        raise GraphError(100, "Param object must be one of {page, instagram}")
    verify(given["callback_url"], given["verify_token"])
    sql = "INSERT OR REPLACE INTO facebook_hooks VALUES (?, ?, ?)"
    here().store.run(sql, given["object"], given["callback_url"], given["fields"])
    return jsonify(success=True)


@blueprint.post("/<version_>/<ident>")
def change(version_: str, ident: str) -> ResponseReturnValue:
    """Answer POST /{comment-id}: hide, show again, or give the Page's own comment other words."""
    version(version_)
    wall_, thing = seen(ident)
    page_token(wall_.page["page_id"], "pages_manage_engagement")
    given = _given()
    if "is_hidden" in given and not thing.by_page:
        hidden = str(given["is_hidden"]).lower() in ("true", "1")
        kept.change_item(here().store, KIND, ident, state="hidden" if hidden else "published")
        news.comment(here(), wall_.page["page_id"], ident, "hide" if hidden else "unhide")
    if "message" in given:
        if not thing.by_page:
            raise GraphError(200, "Permissions error", status=403)
        kept.change_reply(here().store, KIND, ident, text=str(given["message"]))
        news.comment(here(), wall_.page["page_id"], ident, "edited")
    return jsonify(success=True)


@blueprint.delete("/<version_>/<ident>")
def delete(version_: str, ident: str) -> ResponseReturnValue:
    """Answer DELETE /{comment-id}."""
    version(version_)
    wall_, thing = seen(ident)
    page_token(wall_.page["page_id"], "pages_manage_engagement")
    change = kept.change_reply if thing.by_page else kept.change_item
    change(here().store, KIND, ident, state="withdrawn")
    news.comment(here(), wall_.page["page_id"], ident, "remove")
    return jsonify(success=True)


def _given() -> dict[str, Any]:
    body = request.get_json(silent=True)
    return body if isinstance(body, dict) else request.values.to_dict()


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
