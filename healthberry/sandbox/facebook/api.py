"""The Graph API of Pages, for reading: nodes, and lists of them."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox import seed
from healthberry.sandbox.gate import guard
from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row

from . import graph, login, shapes
from .graph import GraphError, missing, page_of, page_token, version
from .nodes import asked_fields, listed, picked
from .wall import Thing, Wall, find, wall

blueprint = Blueprint("facebook", __name__, url_prefix="/facebook")
guard(blueprint, "facebook")
graph.answer_errors(blueprint)
blueprint.after_request(graph.show_usage)

LAST_WITH_RATINGS = 21
PAGE_FIELDS = ("id", "name", "link", "username", "access_token", "tasks")
_EDGES: dict[str, tuple[str, ...]] = {
    "feed": ("own", "visitor"),
    "posts": ("own",),
    "published_posts": ("own",),
    "visitor_posts": ("visitor",),
    "tagged": ("tagged",),
}


@blueprint.get("/<version_>/me")
def me(version_: str) -> ResponseReturnValue:
    """Answer GET /me: the person, or the Page, whose token it is."""
    version(version_)
    who = graph.token()
    if who.kind == "page":
        page = here().store.sure("SELECT * FROM facebook_pages WHERE page_id = ?", who.pages[0])
        return jsonify(id=page["page_id"], name=page["name"])
    return jsonify(id="10158000000000001", name="Pat Lee")


@blueprint.get("/<version_>/me/accounts")
def accounts(version_: str) -> ResponseReturnValue:
    """Answer GET /me/accounts: the Pages that were ticked in the dialog, each with its token."""
    version(version_)
    who = graph.token()
    if who.kind not in ("short", "long"):
        raise GraphError(100, "Tried accessing nonexisting field (accounts) on node type (Page)")
    rows = [row for page_id in who.pages if (row := page_of(here().store, page_id))]
    fields = asked_fields(request.args.get("fields", "id,name,access_token,tasks"))

    def show(page: Row) -> dict[str, Any]:
        return picked(_page(page) | {"access_token": login.page_token(page["page_id"], who.scopes)}, fields)

    return jsonify(listed(rows, show, request.path, request.args, 25))


@blueprint.get("/<version_>/debug_token")
def debug_token(version_: str) -> ResponseReturnValue:
    """Answer GET /debug_token, for the app."""
    version(version_)
    if graph.token().kind != "app":
        raise GraphError(100, "You must provide an app access token")
    found = here().store.row("SELECT * FROM facebook_tokens WHERE token = ?", request.args.get("input_token", ""))
    valid = found is not None and not found["subcode"]
    data: dict[str, Any] = {"app_id": graph.app_id(), "is_valid": valid}
    if found:
        kind = "PAGE" if found["kind"] == "page" else "USER"
        data |= {"type": kind, "expires_at": found["expires_at"] // 1000, "scopes": found["scopes"].split(",")}
    return jsonify(data=data)


@blueprint.get("/<version_>/<ident>")
def node(version_: str, ident: str) -> ResponseReturnValue:
    """Answer GET /{id}: a Page, a post, a comment or a message."""
    version(version_)
    fields = asked_fields(request.args.get("fields", "id"))
    if page := page_of(here().store, ident):
        page_token(ident)
        return jsonify(picked(_page(page), fields))
    wall_, thing = seen(ident)
    return jsonify(picked(_shape(thing)(wall_, thing, here().store.now()), fields))


@blueprint.get("/<version_>/<ident>/<edge>")
def edge(version_: str, ident: str, edge: str) -> ResponseReturnValue:
    """Answer GET /{id}/{edge}: a list."""
    number = version(version_)
    fields = asked_fields(request.args.get("fields", "id,message,created_time"))
    page = page_of(here().store, ident)
    if page is None:
        wall_, thing = seen(ident)
        if edge != "comments" or thing.kind in ("message", "rating"):
            raise GraphError(100, f"Tried accessing nonexisting field ({edge})")
        return jsonify(shapes.comments(wall_, thing, here().store.now(), fields, request.args))
    page_token(ident, "pages_read_user_content")
    seed.ask(here(), "facebook", page["place"])
    if edge == "ratings" and number > LAST_WITH_RATINGS:
        raise GraphError(12, "(deprecate) Page ratings are deprecated for versions v22.0 and higher")
    if edge == "conversations":
        page_token(ident, "pages_messaging")
        return jsonify(_conversations(wall(here().store, page)))
    if edge not in (*_EDGES, "ratings"):
        raise GraphError(100, f"Tried accessing nonexisting field ({edge})")
    return jsonify(_posts(wall(here().store, page), _EDGES.get(edge, ("rating",))))


def seen(ident: str) -> tuple[Wall, Thing]:
    """Return what the caller's token lets them see. Raises: GraphError."""
    who, found = graph.token(), find(here().store, ident)
    if found is None or found[1].state not in ("published", "hidden"):
        raise missing()
    if who.kind != "page" or found[0].page["page_id"] not in who.pages:
        raise missing()
    graph.count_call(found[0].page["page_id"])
    return found


def _shape(thing: Thing) -> Callable[[Wall, Thing, int], dict[str, Any]]:
    if thing.kind == "message":
        return lambda wall_, one, now: shapes.message(wall_, one, one.author)
    if thing.kind == "rating":
        raise GraphError(12, "(deprecate) Recommendations are deprecated")
    return shapes.comment if thing.kind == "comment" else shapes.post


def _posts(wall_: Wall, kinds: tuple[str, ...]) -> dict[str, Any]:
    fields, now = asked_fields(request.args.get("fields", "id,message,created_time")), here().store.now()
    rows = [one for one in wall_.of(*kinds) if one.state != "waiting"]
    shape = shapes.rating if kinds == ("rating",) else shapes.post

    def show(one: Thing) -> dict[str, Any] | None:
        return picked(shape(wall_, one, now), fields) if one.state in ("published", "hidden") else None

    return listed(rows, show, request.path, request.args, 25)


def _conversations(wall_: Wall) -> dict[str, Any]:
    fields, now = asked_fields(request.args.get("fields", "id,updated_time")), here().store.now()
    if request.args.get("platform", "MESSENGER") != "MESSENGER":
        return {"data": []}
    wanted = request.args.get("user_id")
    people = [one for one in wall_.threads() if wanted in (None, one)]
    return listed(people, lambda one: picked(shapes.thread(wall_, one, now), fields), request.path, request.args, 25)


def _page(page: Row) -> dict[str, Any]:
    tasks = graph.flag("tasks", "MODERATE,MESSAGING,CREATE_CONTENT,ANALYZE")
    return {
        "id": page["page_id"],
        "name": page["name"],
        "link": shapes.address(page["page_id"]),
        "username": page["place"],
        "tasks": tasks.split(","),
        "access_token": None,
        "instagram_business_account": _instagram(page),
    }


def _instagram(page: Row) -> dict[str, str] | None:
    if graph.flag("instagram", "on") == "off":
        return None
    return {"id": graph.instagram_id_of(page["place"]), "username": page["place"]}
