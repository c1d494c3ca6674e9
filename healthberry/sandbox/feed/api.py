"""The newspaper's website: a page for each place that names its feeds, and the feeds themselves."""

from hashlib import sha256

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from healthberry.sandbox import control_input, seed
from healthberry.sandbox import simple_store as kept
from healthberry.sandbox.gate import guard
from healthberry.sandbox.state import here
from healthberry.sandbox.telling import Unusable

from .documents import TYPES, Paper, written

HOST = "localnews.example"
PER_PAGE = 60
WAYS = ("ok", "gone", "missing", "moved", "forbidden", "page")

blueprint = Blueprint("feed", __name__, url_prefix=f"/websites/{HOST}")
guard(blueprint, "feed")
control = Blueprint("feed_control", __name__, url_prefix="/control")
control_input.refuse(control)


@blueprint.get("/<place>/", strict_slashes=False)
def home(place: str) -> ResponseReturnValue:
    """Show the page of a place, which names its feeds."""
    site, key = here().sites["feed"], _key(place)
    if not site.accepts(key):
        return Response("Nothing here.", 404, mimetype="text/plain")
    seed.ask(here(), "feed", key)
    root = request.host_url.rstrip("/")
    lines = site.newest(here(), key)
    return render_template("feed/home.html", name=_name(key), kinds=TYPES, lines=lines, root=root, place=key)


@blueprint.get("/<place>/<any('feed.xml', 'atom.xml', 'feed.json'):kind>")
def document(place: str, kind: str) -> ResponseReturnValue:
    """Serve the newest comments, 60 at a time, unless the reader has them already."""
    key = _key(place)
    if not here().sites["feed"].accepts(key):
        return Response("Nothing here.", 404, mimetype="text/plain")
    if (other := _otherwise(key, kind)) is not None:
        return other
    seed.ask(here(), "feed", key)
    page = max(request.args.get("page", 1, type=int), 1)
    rows = kept.visible_items(here().store, "feed", key, PER_PAGE + 1, (page - 1) * PER_PAGE)
    root, path = request.host_url.rstrip("/"), url_for("feed.document", place=key, kind=kind)
    older = f"{root}{path}?page={page + 1}" if len(rows) > PER_PAGE else ""
    home_page = root + url_for("feed.home", place=key)
    body = written(kind, Paper(_name(key), home_page, root + path, older, root), rows[:PER_PAGE])
    tag = f'"{sha256(body).hexdigest()[:20]}"'
    if request.headers.get("If-None-Match") == tag:
        return Response(status=304, headers={"ETag": tag})
    return Response(body, headers={"ETag": tag}, content_type=f"{TYPES[kind]}; charset=utf-8")


@control.post("/feeds")
def behave() -> ResponseReturnValue:
    """Let the feeds of a place behave otherwise than well, until the sandbox is reset or they are ok again."""
    given = control_input.body()
    place, way = str(given.get("place", "")), str(given.get("way", ""))
    if not here().sites["feed"].accepts(place) or way not in WAYS:
        raise Unusable(f"place is a town, and way one of {', '.join(WAYS)}.")
    here().store.run("INSERT OR REPLACE INTO feed_ways VALUES (?, ?)", _key(place), way)
    return {"place": _key(place), "way": way}, 200


def _otherwise(key: str, kind: str) -> ResponseReturnValue | None:
    way = here().store.value("SELECT way FROM feed_ways WHERE place = ?", key) or "ok"
    status = {"gone": 410, "missing": 404, "forbidden": 403}.get(way)
    if status:
        return Response("", status, mimetype="text/plain")
    if way == "page":
        return Response("<!doctype html><title>Our new site</title><p>Hello.</p>", mimetype="text/html")
    if way == "moved" and not request.args.get("moved"):
        return redirect(f"{kind}?moved=1", 301)
    return None


def _key(place: str) -> str:
    return here().sites["feed"].place_key(place)


def _name(key: str) -> str:
    return f"{key.replace('-', ' ').title()} Local News"
