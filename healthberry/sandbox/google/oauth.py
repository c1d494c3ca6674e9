"""Google's OAuth 2.0: the page where somebody agrees, and the tokens that follow. YouTube shares it."""

import base64
import json
import secrets
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import urlencode, urlsplit, urlunsplit

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox.gate import guard
from healthberry.sandbox.kinds import root
from healthberry.sandbox.places import code_key
from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row

blueprint = Blueprint("google_oauth", __name__, url_prefix="/google")
guard(blueprint, "google")

CODE_SECONDS = 600
ACCESS_SECONDS = 3599
BUSINESS = "https://www.googleapis.com/auth/business.manage"
YOUTUBE = "https://www.googleapis.com/auth/youtube.force-ssl"
ASKED = (
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "access_type",
    "prompt",
    "state",
    "code_challenge",
    "code_challenge_method",
)


@blueprint.get("/accounts/o/oauth2/v2/auth")
def authorise_page() -> ResponseReturnValue:
    """Show what the application asks for; nothing is granted before the button is pressed."""
    asked = request.args.to_dict()
    if problem := _asked_wrongly(asked):
        return render_template("google/refused.html", problem=problem), 400
    channel = "youtube" if asked["scope"] == YOUTUBE else "google"
    sql = "SELECT place FROM places WHERE channel = ? ORDER BY asked_at DESC LIMIT 50"
    known = [row["place"] for row in here().store.rows(sql, channel)]
    if channel == "google" and not known:
        sql = "SELECT DISTINCT place FROM places WHERE channel = 'nhsuk' ORDER BY asked_at DESC LIMIT 50"
        known = [row["place"] for row in here().store.rows(sql)]
    if channel == "youtube" and not known:
        # Most organisations have one handle everywhere.
        heard = here().store.rows("SELECT DISTINCT handle FROM known_handles")
        known = [row["handle"] for row in heard] or ["OurTrust"]
    whose = list(dict.fromkeys(map(root, known))) if channel == "google" else known
    values = {name: asked.get(name, "") for name in ASKED}
    return render_template("google/authorise.html", asked=values, whose=whose, channel=channel)


@blueprint.post("/accounts/o/oauth2/v2/auth")
def authorise() -> ResponseReturnValue:
    """Grant or not: send the browser back with a code, or with an error."""
    asked, store = request.form.to_dict(), here().store
    if problem := _asked_wrongly(asked):
        return render_template("google/refused.html", problem=problem), 400
    if asked.get("cancel"):
        return redirect(_with_answer(asked["redirect_uri"], state=asked.get("state", ""), error="access_denied"), 303)
    given = asked.get("organisations", "").replace(",", " ").split()
    whose = [one.lstrip("@").lower() for one in given]
    if asked["scope"] != YOUTUBE:
        whose = [root(code_key(one)) for one in given]
    code = f"4/{secrets.token_urlsafe(48)}"
    expires = store.now() + CODE_SECONDS * 1000
    values = (code, json.dumps(whose), asked["scope"], asked["redirect_uri"], asked.get("code_challenge", ""), expires)
    store.run("INSERT INTO google_codes VALUES (?, ?, ?, ?, ?, ?)", *values)
    answer = {"state": asked.get("state", ""), "code": code, "scope": asked["scope"]}
    return redirect(_with_answer(asked["redirect_uri"], **answer), 303)


@blueprint.post("/oauth2/token")
def token() -> ResponseReturnValue:
    """Trade a code for a pair of tokens, or a refresh token, which stays good, for an access token alone."""
    keys, form = here().config.keys, request.form
    known = form.get("client_id") == keys["GOOGLE_CLIENT_ID"] and compare_digest(
        form.get("client_secret", "").encode(), keys["GOOGLE_CLIENT_SECRET"].encode()
    )
    if not known:
        return _error("invalid_client", "The OAuth client was not found.", 401)
    if form.get("grant_type") == "authorization_code":
        return _trade_code()
    if form.get("grant_type") == "refresh_token":
        return _trade_refresh()
    return _error("unsupported_grant_type", "Invalid grant_type")


@blueprint.post("/oauth2/revoke")
def revoke() -> ResponseReturnValue:
    """Kill a token; with a refresh token all access tokens of its sign-in die, here: those of the same people."""
    store, given = here().store, request.values.get("token", "")
    found = store.row("SELECT * FROM google_tokens WHERE token = ? AND state = 'live'", given)
    if found is None:
        return _error("invalid_token", "Token expired or revoked")
    same = (found["codes"], found["scope"])
    store.run("UPDATE google_tokens SET state = 'revoked' WHERE codes = ? AND scope = ?", *same)
    return jsonify({})


def granted(scope: str) -> list[str] | None:
    """Return for which organisations the bearer token of this request is good; None for one that is not."""
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    found = here().store.row("SELECT * FROM google_tokens WHERE token = ? AND kind = 'access'", given)
    if kind.lower() != "bearer" or found is None or not _is_good(found) or found["scope"] != scope:
        return None
    return list(json.loads(found["codes"]))


def _asked_wrongly(asked: dict[str, str]) -> str | None:
    if asked.get("response_type") != "code":
        return "Error 400: invalid_request. Required parameter is missing: response_type"
    if asked.get("client_id") != here().config.keys["GOOGLE_CLIENT_ID"]:
        return "Error 401: invalid_client. The OAuth client was not found."
    if urlsplit(asked.get("redirect_uri", "")).scheme not in ("http", "https"):
        return "Error 400: redirect_uri_mismatch"
    if asked.get("scope") not in (BUSINESS, YOUTUBE):
        return "Error 400: invalid_scope. Some requested scopes were invalid."
    if asked.get("code_challenge") and asked.get("code_challenge_method") != "S256":
        return "Error 400: invalid_request. code_challenge_method must be S256 here."
    return None


def _trade_code() -> ResponseReturnValue:
    store, form = here().store, request.form
    with store.writing():
        found = store.row("SELECT * FROM google_codes WHERE code = ?", form.get("code", ""))
        store.run("DELETE FROM google_codes WHERE code = ?", form.get("code", ""))
        if found is None or found["expires_at"] < store.now():
            return _error("invalid_grant", "Malformed auth code.")
        if found["redirect_uri"] != form.get("redirect_uri"):
            return _error("redirect_uri_mismatch", "Bad Request")
        if found["challenge"] and not _proves(form.get("code_verifier", ""), found["challenge"]):
            return _error("invalid_grant", "Invalid code verifier.")
        lasting = _new("refresh", found, 365 * 86400)
        return jsonify({**_access(found), "refresh_token": lasting})


def _trade_refresh() -> ResponseReturnValue:
    given = request.form.get("refresh_token", "")
    found = here().store.row("SELECT * FROM google_tokens WHERE token = ? AND kind = 'refresh'", given)
    if found is None or not _is_good(found):
        return _error("invalid_grant", "Token has been expired or revoked.")
    return jsonify(_access(found))


def _access(found: Row) -> dict[str, object]:
    made = _new("access", found, ACCESS_SECONDS)
    return {"access_token": made, "expires_in": ACCESS_SECONDS, "scope": found["scope"], "token_type": "Bearer"}


def _new(kind: str, found: Row, seconds: int) -> str:
    made = ("ya29." if kind == "access" else "1//") + secrets.token_urlsafe(64)
    store = here().store
    values = (made, kind, found["codes"], found["scope"], store.now() + seconds * 1000)
    store.run("INSERT INTO google_tokens (token, kind, codes, scope, expires_at) VALUES (?, ?, ?, ?, ?)", *values)
    return made


def _is_good(found: Row) -> bool:
    return bool(found["state"] == "live" and found["expires_at"] > here().store.now())


def _proves(verifier: str, challenge: str) -> bool:
    made = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    return compare_digest(made.encode(), challenge.encode())


def _with_answer(redirect_uri: str, **answer: str) -> str:
    parts = urlsplit(redirect_uri)
    query = f"{parts.query}&{urlencode(answer)}" if parts.query else urlencode(answer)
    return urlunsplit(parts._replace(query=query))


def _error(code: str, description: str, status: int = 400) -> Response:
    answer = jsonify(error=code, error_description=description)
    answer.status_code = status
    return answer
