"""The Graph API of Instagram: accounts, their posts, comments and answers, mentions and tags."""

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox import seed
from healthberry.sandbox import simple_store as kept
from healthberry.sandbox.facebook import api as facebook_api
from healthberry.sandbox.facebook import graph, login, write
from healthberry.sandbox.facebook.graph import GraphError, missing, page_token, version
from healthberry.sandbox.facebook.nodes import Field, asked_fields, listed, picked
from healthberry.sandbox.facebook.shapes import stamp
from healthberry.sandbox.gate import guard
from healthberry.sandbox.simple_store import NewReply
from healthberry.sandbox.state import here

from . import news
from .posts import KIND, Account, Thing, account, by_id, by_media, find

blueprint = Blueprint("instagram", __name__, url_prefix="/instagram")
guard(blueprint, "instagram")
graph.answer_errors(blueprint)
blueprint.after_request(graph.show_usage)

# The same app, the same tokens: these views are Facebook's own.
blueprint.get("/<version>/oauth/access_token")(login.access_token)
blueprint.get("/<version_>/me")(facebook_api.me)
blueprint.get("/<version_>/me/accounts")(facebook_api.accounts)
blueprint.get("/<version_>/<ident>/subscribed_apps")(write.following)
blueprint.post("/<version_>/<ident>/subscribed_apps")(write.subscribed_apps)
blueprint.delete("/<version_>/<ident>/subscribed_apps")(write.unsubscribe)

LONGEST = 2_200
_READ, _ANSWER = "instagram_basic", "instagram_manage_comments"
_MENTIONED = re.compile(r"mentioned_(comment|media)\.(?:comment_id|media_id)\((\w+)\)\{(.*)\}")


@blueprint.get("/<version_>/<ident>")
def node(version_: str, ident: str) -> ResponseReturnValue:
    """Answer GET /{id}: an account, with what mentions it elsewhere, or a comment."""
    version(version_)
    found = by_id(here().store, ident)
    asked = request.args.get("fields", "id")
    if found is None:
        around, thing = _seen(ident)
        return jsonify(picked(_comment(around, thing), asked_fields(asked)))
    page_token(found.page["page_id"], _READ)
    if mention := _MENTIONED.fullmatch(asked):
        return jsonify({f"mentioned_{mention[1]}": _mentioned(found, mention), "id": ident})
    shown = {"id": ident, "username": found.page["place"], "name": found.page["name"]}
    return jsonify(picked(shown, asked_fields(asked)))


def _mentioned(found: Account, asked: re.Match[str]) -> dict[str, Any]:
    kind, ident, fields = asked[1], asked[2], asked_fields(asked[3])
    thing = next((one for one in found.things if ident in (one.id, one.media)), None)
    wanted = ("mention",) if kind == "comment" else ("caption", "tag")
    if thing is None or thing.kind not in wanted or thing.state != "published":
        raise missing()
    return picked(_comment(found, thing) if kind == "comment" else _elsewhere(thing), fields)


@blueprint.get("/<version_>/<ident>/<edge>")
def edge(version_: str, ident: str, edge: str) -> ResponseReturnValue:
    """Answer GET /{id}/{edge}: media and tags of an account, comments of a post, replies of a comment."""
    version(version_)
    fields = asked_fields(request.args.get("fields", "id"))
    if edge in ("media", "tags") and (found := by_id(here().store, ident)):
        page_token(found.page["page_id"], _READ)
        seed.ask(here(), KIND, found.page["place"])
        found = account(here().store, found.page["place"])
        return jsonify(_media(found, fields) if edge == "media" else _tags(found, fields))
    if edge == "comments" and (found := by_media(here().store, ident)):
        page_token(found.page["page_id"], _READ)
        return jsonify(_comments(found, ident, "", Field("comments", request.args.to_dict(), fields)))
    if edge != "replies":
        raise missing()
    around, thing = _seen(ident)
    return jsonify(_comments(around, thing.media, thing.id, Field("replies", request.args.to_dict(), fields)))


@blueprint.post("/<version_>/<ident>/replies")
def replies(version_: str, ident: str) -> ResponseReturnValue:
    """Answer POST /{ig-comment-id}/replies: answer as the account. The same words twice show twice."""
    version(version_)
    around, thing = _seen(ident)
    page_token(around.page["page_id"], _ANSWER)
    if thing.parent:
        raise GraphError(100, "Invalid parameter: replies are to top level comments only")
    return jsonify(id=add_reply(around, thing, _message(), thing.id))


@blueprint.post("/<version_>/<ident>/mentions")
def mentions(version_: str, ident: str) -> ResponseReturnValue:
    """Answer POST /{ig-user-id}/mentions: answer what mentions the account elsewhere."""
    version(version_)
    found = by_id(here().store, ident)
    if found is None:
        raise missing()
    page_token(found.page["page_id"], _ANSWER)
    wanted = request.values.get("comment_id")
    about = [one for one in found.things if one.kind in ("mention", "caption") and one.state == "published"]
    media = request.values.get("media_id")
    thing = next((one for one in about if one.media == media and wanted in (None, one.id)), None)
    if thing is None:
        raise GraphError(100, "The account is not mentioned there")
    return jsonify(id=add_reply(found, thing, _message(), ""))


@blueprint.delete("/<version_>/<ident>")
def delete(version_: str, ident: str) -> ResponseReturnValue:
    """Answer DELETE /{ig-comment-id}."""
    version(version_)
    around, thing = _seen(ident)
    page_token(around.page["page_id"], _ANSWER)
    change = kept.change_reply if thing.ours else kept.change_item
    change(here().store, KIND, ident, state="withdrawn")
    return jsonify(success=True)


def add_reply(around: Account, thing: Thing, text: str, parent: str) -> str:
    """Let the account answer; return the answer's id."""
    store = here().store
    more = {"account": around.ig_id, "media": thing.media, "parent": parent}
    reply = NewReply(thing.id, around.page["place"], text, store.now(), store.now(), more)
    ident = kept.add_reply(store, KIND, reply, lambda serial, _: f"17867{serial:012d}")
    if parent:
        news.told(here(), ident)
    return ident


def _message() -> str:
    text = str(request.values.get("message", ""))
    if not text.strip() or len(text) > LONGEST:
        raise GraphError(100, "The comment is empty or too long")
    return text


def _seen(ident: str) -> tuple[Account, Thing]:
    """Return a comment below the account's own posts: nobody else's are served by their id alone."""
    who, found = graph.token(), find(here().store, ident)
    if found is None or found[1].kind != "comment" or found[1].state not in ("published", "hidden"):
        raise missing()
    if who.kind != "page" or found[0].page["page_id"] not in who.pages or _READ not in who.scopes:
        raise missing()
    graph.count_call(found[0].page["page_id"])
    return found


def _media(found: Account, fields: list[Field]) -> dict[str, Any]:
    def show(known: tuple[str, int]) -> dict[str, Any]:
        media, at = known
        node = {
            "id": media,
            "permalink": permalink(media),
            "timestamp": stamp(at),
            "username": found.page["place"],
            "caption": "News from us",
            "media_type": "IMAGE",
            "comments": _edge(found, media, ""),
        }
        return picked(node, fields)

    return listed(found.media(), show, request.path, request.args, 25)


def _tags(found: Account, fields: list[Field]) -> dict[str, Any]:
    rows = [one for one in found.things if one.kind in ("tag", "caption") and one.state != "waiting"]

    def show(one: Thing) -> dict[str, Any] | None:
        return picked(_elsewhere(one), fields) if one.state == "published" else None

    return listed(rows, show, request.path, request.args, 25)


def _elsewhere(thing: Thing) -> dict[str, Any]:
    return {
        "id": thing.media,
        "caption": thing.text,
        "permalink": permalink(thing.id),
        "timestamp": stamp(thing.at),
        "username": thing.username,
        "media_type": "IMAGE",
    }


def _comment(found: Account, thing: Thing) -> dict[str, Any]:
    writer = found.ig_id if thing.ours else str(int(sha256(thing.username.encode()).hexdigest()[:12], 16))
    return {
        "id": thing.id,
        "text": thing.text,
        "timestamp": stamp(thing.at),
        "username": thing.username,
        "from": {"id": writer, "username": thing.username} if graph.flag("hide_authors") != "on" else None,
        "parent_id": thing.parent or None,
        "hidden": thing.state == "hidden",
        "like_count": 0,
        "media": {"id": thing.media, "permalink": permalink(thing.id)},
        "replies": _edge(found, thing.media, thing.id),
    }


def _edge(found: Account, media: str, parent: str) -> Callable[[Field], dict[str, Any] | None]:
    def shown(one: Field) -> dict[str, Any] | None:
        return _comments(found, media, parent, one) if found.comments(media, parent) else None

    return shown


def _comments(found: Account, media: str, parent: str, one: Field) -> dict[str, Any]:
    rows = found.comments(media, parent)
    # Comments come newest first, answers below one of them oldest first.
    rows = rows[::-1] if parent else rows

    def show(thing: Thing) -> dict[str, Any] | None:
        return picked(_comment(found, thing), one.inner) if thing.state in ("published", "hidden") else None

    asked: Mapping[str, str] = one.arguments
    return listed(rows, show, f"{request.path}/{parent or media}/{one.name}", asked, 25)


def permalink(ident: str) -> str:
    """Return the public address of a post or of where a comment stands."""
    return f"{request.host_url.rstrip('/')}/sites/instagram/items/{ident}"
