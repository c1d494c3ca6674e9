"""Pages where one acts as a patient: choose an organisation, write, and see the answers."""

import secrets
from typing import Any
from urllib.parse import quote, unquote

from flask import Blueprint, Response, g, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from . import moments, places
from .site import Site
from .state import here
from .telling import Telling, Unusable

blueprint = Blueprint("pages", __name__)

LONGEST = 1_000_000
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
    return moments.day(moment)


@blueprint.app_errorhandler(404)
def nothing(_: Exception) -> ResponseReturnValue:
    """Say that a page does not exist, in the words of whoever asked."""
    apis = [path for site in here().sites.values() for path in site.api_paths]
    if request.path.startswith(("/control/", *apis)):
        return {"title": "Not Found", "status": 404, "detail": "There is nothing at this address."}, 404
    return render_template(
        "problem.html", title="There is nothing here", problem="It may have been deleted, or the address is wrong."
    ), 404


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Show what the sandbox is, and the organisations asked for so far."""
    sandbox = here()
    codes = dict.fromkeys(row["place"] for row in places.asked_for(sandbox.store, sandbox.by_code))
    known = [(site, site.known(sandbox)) for site in sandbox.sites.values()]
    by_handle = sandbox.known_by("handle")
    return render_template(
        "home.html", sites=sandbox.sites.values(), by_handle=by_handle, codes=list(codes)[:60], known=known
    )


@blueprint.post("/choose")
def choose() -> ResponseReturnValue:
    """Go to the organisation that was typed, on the site chosen.

    Without a choice a handle begins with @ and is one of the first site that knows handles; all else is an ODS code.
    """
    sandbox, typed = here(), request.form.get("organisation", "").strip()
    name = "handle" if typed.startswith("@") else "ods_code"
    chosen = sandbox.sites.get(request.form.get("channel", ""))
    site = chosen or sandbox.known_by(name)[0]
    if site.accepts(typed):
        site.visit(sandbox, typed)
        return redirect(site.page(typed), 303)
    return render_template(
        "problem.html",
        title="Which organisation?",
        problem=chosen.place_rule if chosen else "Type an ODS code such as RXX, or a handle such as @ExampleTrust.",
    ), 422


@blueprint.get("/organisations/<code>")
def organisation(code: str) -> ResponseReturnValue:
    """Show what was said about an organisation on the sites that know it by its code."""
    code, sandbox = places.code_key(code), here()
    if not places.CODE.fullmatch(code):
        return render_template("problem.html", title="Which organisation?", problem="That is not an ODS code."), 404
    found = [(site, site.newest(sandbox, code)) for site in sandbox.known_by("ods_code")]
    return render_template("organisation.html", code=code, name=places.service_name(sandbox.store, code), found=found)


@blueprint.get("/write")
def choose_site() -> ResponseReturnValue:
    """Show every site where one can write."""
    return render_template("sites.html", sites=here().sites.values())


@blueprint.get("/write/<channel>")
def write(channel: str) -> ResponseReturnValue:
    """Show the form for an item of a site: a post, a review, a story."""
    site = here().sites.get(channel)
    if site is None:
        return nothing(KeyError())
    typed = {
        "place": request.args.get("place", ""),
        "in_reply_to": request.args.get("in_reply_to", ""),
        "author": unquote(request.cookies.get("author", "")),
    }
    return _form(site, typed)


def _form(site: Site, typed: dict[str, Any], problem: str = "") -> ResponseReturnValue:
    return render_template("write.html", site=site, typed=typed, problem=problem), 422 if problem else 200


@blueprint.post("/write/<channel>")
def publish_item(channel: str) -> ResponseReturnValue:
    """Publish what a patient wrote, and show it on its site."""
    sandbox = here()
    site = sandbox.sites.get(channel)
    if site is None:
        return nothing(KeyError())
    typed = {name: request.form.get(name, "") for name in ("place", "author", "title", "text", "rating", "in_reply_to")}
    typed["text"] = typed["text"].replace("\r\n", "\n")
    problem = _incomplete(site, typed)
    if problem:
        return _form(site, typed, problem)
    try:
        with sandbox.store.writing():
            remote_id = site.tell(sandbox, _telling(site, typed))
    except Unusable as refused:
        return _form(site, typed, str(refused))
    answer = make_response(redirect(site.address(sandbox, remote_id), 303))
    answer.set_cookie("author", quote(typed["author"].strip())[:200], httponly=True, samesite="Lax")
    return answer


def _telling(site: Site, typed: dict[str, str]) -> Telling:
    return Telling(
        typed["place"].strip(),
        typed["author"].strip(),
        typed["text"],
        typed["title"].strip(),
        int(typed["rating"]) if site.takes_rating and typed["rating"].isdigit() else None,
        typed["in_reply_to"] or None,
    )


def _incomplete(site: Site, typed: dict[str, str]) -> str:
    if not typed["place"].strip():
        return "Say which organisation it is about."
    if not typed["text"].strip():
        return "Write something."
    if len(typed["text"]) > LONGEST:
        return "That is more than a million characters."
    if site.needs_title and not typed["title"].strip():
        return "Give it a title."
    if site.takes_rating and not typed["rating"].isdigit():
        return f"Choose a rating from 1 to {site.best_rating}."
    return ""


@blueprint.get("/mine")
def mine() -> ResponseReturnValue:
    """Show everything that a screen name wrote, with the answers that appeared."""
    author, sandbox = request.args.get("author", "").strip(), here()
    items = [
        {**(site.shown(sandbox, remote_id) or {}), "site": site.label, "url": site.address(sandbox, remote_id)}
        for site in sandbox.sites.values()
        for remote_id in (site.by_author(sandbox, author) if author else [])
    ]
    items.sort(key=lambda item: item["at"], reverse=True)
    return render_template("mine.html", author=author, items=items)
