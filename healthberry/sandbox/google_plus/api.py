"""The API v1 of Google+, reading only, and a Takeout archive of any page.

Source: discovery document of plus v1, revision 20190616; keys of Takeout archives as Plexodus-Tools lists them. That a
list ends with an empty page which still carries a token is from memory.
"""

import base64
import io
import json
import zipfile
from collections.abc import Iterable

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox import seed
from healthberry.sandbox.gate import guard
from healthberry.sandbox.site import Json
from healthberry.sandbox.state import here

from . import shapes

blueprint = Blueprint("google_plus", __name__, url_prefix="/google_plus")
guard(blueprint, "google_plus")
_V1 = "/plus/v1"


@blueprint.get(f"{_V1}/people/<page>")
def person(page: str) -> ResponseReturnValue:
    """Describe a page."""
    key = _key(page)
    return jsonify(shapes.person(key)) if key else error(404, "notFound", "unable to map id to user")


@blueprint.get(f"{_V1}/people/<page>/activities/public")
def activities(page: str) -> ResponseReturnValue:
    """List a page's posts, the newest first."""
    key = _key(page)
    if not key:
        return error(404, "notFound", "unable to map id to user")
    seed.ask(here(), "google_plus", key)
    size = min(max(request.args.get("maxResults", 20, type=int), 1), 100)
    start = _start()
    if start is None:
        return error(400, "invalidParameter", "Invalid value for pageToken")
    posts = shapes.posts(here().store, key)
    items = [shapes.activity(key, post, rows, _root()) for post, rows in posts[start : start + size]]
    # The last page is an empty one, to which a token leads all the same.
    token = _token(start + size) if items else _token(start)
    return jsonify({"kind": "plus#activityFeed", "title": "Activities", "items": items, "nextPageToken": token})


@blueprint.get(f"{_V1}/activities/<activity>/comments")
def comments(activity: str) -> ResponseReturnValue:
    """List the comments on a post with the page's answers, the oldest first."""
    key, _, month = activity.removeprefix("z12").rpartition(".")
    found = dict(shapes.posts(here().store, key)).get(month)
    start, size = _start(), min(max(request.args.get("maxResults", 20, type=int), 0), 500)
    if found is None or start is None:
        return error(404, "notFound", "Not Found")
    said = shapes.said(here().store, found)
    items = [shapes.comment(key, activity, one, _root()) for one in said[start : start + size]]
    answer: Json = {"kind": "plus#commentFeed", "title": "Plus Comments Feed for Activity", "items": items}
    if start + size < len(said):
        answer["nextPageToken"] = _token(start + size)
    return jsonify(answer)


@blueprint.get("/takeout/<page>.zip")
def takeout(page: str) -> ResponseReturnValue:
    """Give out a page's archive, as Takeout did; with `?format=html` only as pages for people."""
    key = _key(page)
    if not key:
        return error(404, "notFound", "Not Found")
    seed.ask(here(), "google_plus", key)
    written = shapes.html_file if request.args.get("format") == "html" else shapes.json_file
    files = (written(here().store, key, post, rows) for post, rows in shapes.posts(here().store, key))
    headers = {"Content-Disposition": f'attachment; filename="takeout-{key}.zip"'}
    return Response(_zipped(files), mimetype="application/zip", headers=headers)


def error(status: int, reason: str, message: str) -> Response:
    """Answer as Google's APIs of that time refused."""
    listed = [{"domain": "global", "reason": reason, "message": message}]
    body = {"error": {"errors": listed, "code": status, "message": message}}
    return Response(json.dumps(body), status, mimetype="application/json")


def _zipped(files: Iterable[tuple[str, str]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Takeout/Google+ Stream/ActivityLog/Comments.json", "[]")
        for name, text in files:
            archive.writestr(f"Takeout/Google+ Stream/Posts/{name}", text)
    return out.getvalue()


def _key(page: str) -> str:
    site = here().sites["google_plus"]
    return site.place_key(page) if site.accepts(page) else ""


def _root() -> str:
    return request.host_url.rstrip("/")


def _token(start: int) -> str:
    return base64.urlsafe_b64encode(f"at:{start}".encode()).decode()


def _start() -> int | None:
    token = request.args.get("pageToken", "")
    if not token:
        return 0
    try:
        text = base64.urlsafe_b64decode(token.encode()).decode()
        return int(text.removeprefix("at:")) if text.startswith("at:") else None
    except ValueError:
        return None
