"""Signing in with Facebook: the dialog in which one chooses Pages, and the tokens that follow."""

import secrets
from urllib.parse import urlencode, urlsplit, urlunsplit

from flask import Blueprint, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox.gate import guard
from healthberry.sandbox.state import here

from . import graph
from .graph import GraphError

blueprint = Blueprint("facebook_login", __name__, url_prefix="/facebook")
guard(blueprint, "facebook")
graph.answer_errors(blueprint)

CODE_SECONDS = 600
SHORT_SECONDS = 3_600
LONG_SECONDS = 60 * 86_400
KNOWN_SCOPES = frozenset(
    (
        "pages_show_list",
        "pages_read_engagement",
        "pages_read_user_content",
        "pages_manage_engagement",
        "pages_manage_metadata",
        "pages_messaging",
        "instagram_basic",
        "instagram_manage_comments",
        "business_management",
    )
)
ASKED = ("client_id", "redirect_uri", "state", "scope", "response_type")


@blueprint.get("/<version>/dialog/oauth")
def dialog(version: str) -> ResponseReturnValue:
    """Show what the app asks for; nothing is granted before the button is pressed."""
    if problem := _asked_wrongly(request.args.to_dict()):
        return render_template("facebook/refused.html", problem=problem), 400
    pages = here().store.rows("SELECT * FROM facebook_pages ORDER BY created_at DESC, place LIMIT 40")
    asked = {name: request.args.get(name, "") for name in ASKED}
    return render_template("facebook/dialog.html", asked=asked, pages=pages, version=version)


@blueprint.post("/<version>/dialog/oauth")
def grant(version: str) -> ResponseReturnValue:
    """Send the browser back: with a code, or with an error where one said no."""
    asked, store = request.form.to_dict(), here().store
    if problem := _asked_wrongly(asked):
        return render_template("facebook/refused.html", problem=problem), 400
    if "cancel" in asked:
        why = {"error": "access_denied", "error_reason": "user_denied", "error_description": "Permissions error"}
        return redirect(_back(asked["redirect_uri"], state=asked["state"], **why), 303)
    ids = [page_id for page_id in request.form.getlist("page") if graph.page_of(store, page_id)]
    ids += [graph.pages_at(store, name)["page_id"] for name in asked.get("name", "").split(",") if name.strip()]
    code, expires = secrets.token_urlsafe(60), store.now() + CODE_SECONDS * 1000
    values = (code, asked["redirect_uri"], asked["scope"], ",".join(dict.fromkeys(ids)), expires)
    store.run("INSERT INTO facebook_codes VALUES (?, ?, ?, ?, ?)", *values)
    return redirect(_back(asked["redirect_uri"], state=asked["state"], code=code), 303)


@blueprint.get("/<version>/oauth/access_token")
def access_token(version: str) -> ResponseReturnValue:
    """Trade a code for a token of an hour, or such a token for one of sixty days."""
    graph.version(version)
    given = request.args
    if given.get("client_id") != graph.app_id() or given.get("client_secret") != graph.app_secret():
        raise GraphError(1, "Error validating client secret.", status=400)
    if given.get("grant_type") == "fb_exchange_token":
        return _exchanged(given.get("fb_exchange_token", ""))
    store = here().store
    found = store.row("SELECT * FROM facebook_codes WHERE code = ?", given.get("code", ""))
    if found is None or found["expires_at"] <= store.now():
        raise GraphError(100, "This authorization code has been used or has expired.", 36009)
    if found["redirect_uri"] != given.get("redirect_uri"):
        raise GraphError(100, "Error validating verification code. redirect_uri must be identical", 36008)
    store.run("DELETE FROM facebook_codes WHERE code = ?", found["code"])
    token = _made("short", found["scopes"], found["pages"], SHORT_SECONDS)
    return jsonify(access_token=token, token_type="bearer", expires_in=SHORT_SECONDS)  # noqa: S106


def _exchanged(short: str) -> ResponseReturnValue:
    found = here().store.row("SELECT * FROM facebook_tokens WHERE token = ? AND kind IN ('short', 'long')", short)
    if found is None or found["expires_at"] <= here().store.now():
        raise GraphError(190, "Error validating access token: Session has expired.", 463)
    token = _made("long", found["scopes"], found["pages"], LONG_SECONDS)
    return jsonify(access_token=token, token_type="bearer", expires_in=LONG_SECONDS)  # noqa: S106


def _made(kind: str, scopes: str, pages: str, seconds: int) -> str:
    store, token = here().store, f"EAAB{secrets.token_urlsafe(60)}"
    expires = store.now() + seconds * 1000 if seconds else 0
    store.run("INSERT INTO facebook_tokens VALUES (?, ?, ?, ?, ?, 0)", token, kind, scopes, pages, expires)
    return token


def page_token(page_id: str, scopes: frozenset[str]) -> str:
    """Return a Page's token, which does not run out: the same one for the same permissions."""
    words = ",".join(sorted(scopes))
    sql = "SELECT token FROM facebook_tokens WHERE kind = 'page' AND pages = ? AND scopes = ? AND subcode = 0"
    return here().store.value(sql, page_id, words) or _made("page", words, page_id, 0)


def _asked_wrongly(asked: dict[str, str]) -> str | None:
    if asked.get("client_id") != graph.app_id():
        return "Invalid app ID: the provided app ID does not look like a valid app ID."
    if asked.get("response_type", "code") != "code":
        return "response_type must be “code”."
    if urlsplit(asked.get("redirect_uri", "")).scheme not in ("http", "https"):
        return "The redirect_uri is not a web address."
    scopes = asked.get("scope", "").replace(" ", ",").split(",")
    if unknown := sorted(set(scopes) - KNOWN_SCOPES):
        return f"Invalid Scopes: {', '.join(unknown)}."
    return None if asked.get("state") else "state is missing."


def _back(redirect_uri: str, **answer: str) -> str:
    parts = urlsplit(redirect_uri)
    query = f"{parts.query}&{urlencode(answer)}" if parts.query else urlencode(answer)
    return urlunsplit(parts._replace(query=query))
