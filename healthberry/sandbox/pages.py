"""Pages where one acts as a patient: choose an organisation, write, and see the answers."""

import re
import secrets
from typing import Any
from urllib.parse import quote, unquote

from flask import Blueprint, Response, g, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from . import careopinion_store, describe, nhsuk_store, publish, seed, x_store
from .publish import Telling, Unusable
from .state import here

blueprint = Blueprint("pages", __name__)

LONGEST = 1_000_000
CHANNELS = {"x": "X", "nhsuk": "NHS.UK", "careopinion": "Care Opinion"}
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action *; base-uri 'none'; frame-ancestors 'none'"
ONE_SCRIPT = "; connect-src 'self'; script-src 'nonce-{nonce}'"


@blueprint.after_app_request
def harden(response: Response) -> Response:
    """Forbid scripts on every page, whatever patients write, but the one that a page itself asked a nonce for."""
    if response.mimetype == "text/html":
        script = ONE_SCRIPT.format(nonce=g.nonce) if "nonce" in g else ""
        response.headers.setdefault("Content-Security-Policy", POLICY + script)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response


@blueprint.app_template_global("nonce")
def nonce() -> str:
    """Make what lets this answer's own script run."""
    g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


@blueprint.app_template_filter("day")
def day(moment: int) -> str:
    """Write UTC milliseconds as people do: 3 Feb 2026, 09:12."""
    return describe.day(moment)


@blueprint.app_errorhandler(404)
def nothing(_: Exception) -> ResponseReturnValue:
    """Say that a page does not exist, in the words of whoever asked."""
    if re.match(r"/(x/2|x/oauth2|careopinion/api|nhsuk/(comments|moderation)|control)/", request.path):
        return {"title": "Not Found", "status": 404, "detail": "There is nothing at this address."}, 404
    return render_template(
        "problem.html", title="There is nothing here", problem="It may have been deleted, or the address is wrong."
    ), 404


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Show what the sandbox is, and the organisations asked for so far."""
    store = here().store
    codes = store.rows(
        """SELECT place AS code, MAX(asked_at) AS asked_at, GROUP_CONCAT(channel) AS channels FROM places
           WHERE channel != 'x'
           GROUP BY place ORDER BY asked_at DESC LIMIT 60"""
    )
    handles = store.rows("SELECT username FROM x_users WHERE organisation = 1 ORDER BY created_at DESC LIMIT 60")
    return render_template("home.html", codes=codes, handles=handles, name=careopinion_store.service_name)


@blueprint.post("/choose")
def choose() -> ResponseReturnValue:
    """Go to the organisation that was typed: a handle begins with @, everything else is an ODS code."""
    typed = request.form.get("organisation", "").strip()
    if typed.startswith("@") and x_store.HANDLE.fullmatch(typed[1:]):
        x_store.ensure_user(here().store, typed, organisation=True)
        return redirect(f"/x/{typed[1:]}", 303)
    if careopinion_store.CODE.fullmatch(typed):
        return redirect(f"/organisations/{quote(seed.place_key('nhsuk', typed))}", 303)
    return render_template(
        "problem.html",
        title="Which organisation?",
        problem="Type an ODS code such as RXX, or a handle such as @ExampleTrust.",
    ), 422


@blueprint.get("/organisations/<code>")
def organisation(code: str) -> ResponseReturnValue:
    """Show what was said about an organisation on NHS.UK and at Care Opinion."""
    code, store = seed.place_key("nhsuk", code), here().store
    if not careopinion_store.CODE.fullmatch(code):
        return render_template("problem.html", title="Which organisation?", problem="That is not an ODS code."), 404
    stories = store.rows(
        """SELECT s.id, s.title, s.author, s.published_at FROM co_places p JOIN co_stories s ON s.id = p.story_id
           WHERE p.nacs = ? AND p.published_at <= ? AND s.state = 'visible' ORDER BY p.published_at DESC LIMIT 25""",
        code,
        store.now(),
    )
    reviews = store.rows(
        """SELECT guid, title, screen_name, rating, submitted_at FROM nu_comments
           WHERE ods_code = ? AND status = 'Published'
           AND published_at <= ? AND publisher_id = 'nhsuk' ORDER BY submitted_at DESC LIMIT 25""",
        code,
        store.now(),
    )
    name = careopinion_store.service_name(store, code)
    return render_template("organisation.html", code=code, name=name, stories=stories, reviews=reviews)


@blueprint.get("/write/<channel>")
def write(channel: str) -> ResponseReturnValue:
    """Show the form for a post, a review or a story."""
    if channel not in CHANNELS:
        return nothing(KeyError())
    typed = {
        "place": request.args.get("place", ""),
        "in_reply_to": request.args.get("in_reply_to", ""),
        "author": unquote(request.cookies.get("author", "")),
    }
    return _form(channel, typed)


def _form(channel: str, typed: dict[str, Any], problem: str = "") -> ResponseReturnValue:
    return render_template(
        "write.html", channel=channel, site=CHANNELS[channel], typed=typed, problem=problem
    ), 422 if problem else 200


@blueprint.post("/write/<channel>")
def publish_item(channel: str) -> ResponseReturnValue:
    """Publish what a patient wrote, and show it on its site."""
    if channel not in CHANNELS:
        return nothing(KeyError())
    typed = {name: request.form.get(name, "") for name in ("place", "author", "title", "text", "rating", "in_reply_to")}
    typed["text"] = typed["text"].replace("\r\n", "\n")
    problem = _incomplete(channel, typed)
    if problem:
        return _form(channel, typed, problem)
    rating = int(typed["rating"]) if typed["rating"].isdigit() else None
    telling = Telling(
        typed["place"].strip(),
        typed["author"].strip(),
        typed["text"],
        typed["title"].strip(),
        rating,
        typed["in_reply_to"] or None,
    )
    try:
        remote_id = publish.tell(here(), channel, telling)
    except Unusable as refused:
        return _form(channel, typed, str(refused))
    answer = make_response(redirect(address(channel, remote_id), 303))
    answer.set_cookie("author", quote(typed["author"].strip())[:200], httponly=True, samesite="Lax")
    return answer


def _incomplete(channel: str, typed: dict[str, str]) -> str:
    if not typed["place"].strip():
        return "Say which organisation it is about."
    if not typed["text"].strip():
        return "Write something."
    if len(typed["text"]) > LONGEST:
        return "That is more than a million characters."
    if channel != "x" and not typed["title"].strip():
        return "Give it a title."
    if channel == "nhsuk" and not typed["rating"].isdigit():
        return "Choose a rating from 1 to 5."
    return ""


@blueprint.get("/mine")
def mine() -> ResponseReturnValue:
    """Show everything that a screen name wrote, with the answers that appeared."""
    author, store = request.args.get("author", "").strip(), here().store
    user = x_store.user_by_name(store, x_store.handle_of(author)) if author else None
    posts = (
        store.rows("SELECT id FROM x_posts WHERE author_id = ? AND newest = 1 ORDER BY id DESC LIMIT 50", user["id"])
        if user
        else []
    )
    stories = (
        store.rows("SELECT id FROM co_stories WHERE author = ? ORDER BY published_at DESC LIMIT 50", author)
        if author
        else []
    )
    reviews = (
        store.rows(
            "SELECT guid AS id FROM nu_comments WHERE screen_name = ? ORDER BY submitted_at DESC LIMIT 50", author
        )
        if author
        else []
    )
    found = [
        (channel, str(row["id"]))
        for channel, rows in (("x", posts), ("careopinion", stories), ("nhsuk", reviews))
        for row in rows
    ]
    items = [
        {**(describe.shown(here(), channel, ident) or {}), "site": CHANNELS[channel], "url": address(channel, ident)}
        for channel, ident in found
    ]
    items.sort(key=lambda item: item["at"], reverse=True)
    return render_template("mine.html", author=author, items=items)


def address(channel: str, remote_id: str) -> str:
    """Return the path of an item's public page."""
    store = here().store
    if channel == "careopinion":
        return f"/careopinion/{remote_id}"
    if channel == "x":
        post = x_store.post_by_id(store, int(remote_id))
        author = x_store.user_by_id(store, post["author_id"]) if post else None
        return f"/x/{author['username'] if author else 'i'}/status/{remote_id}"
    review = nhsuk_store.any_review(store, remote_id)
    return f"/nhsuk/services/{quote(review['ods_code'])}/reviews/{remote_id}" if review else "/"
