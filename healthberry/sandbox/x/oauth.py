"""X's OAuth 2.0: the page where an account agrees, and the tokens that follow."""

import base64
import json
import secrets
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox.gate import guard
from healthberry.sandbox.state import Sandbox, here

from . import store as x_store
from .params import words

blueprint = Blueprint("x_oauth", __name__, url_prefix="/x")
guard(blueprint, "x")

CODE_SECONDS = 30
ACCESS_SECONDS = 7200
REFRESH_SECONDS = 182 * 86400
SCOPES = words(
    "tweet.read tweet.write tweet.moderate.write users.read users.email follows.read follows.write "
    "offline.access space.read mute.read mute.write like.read like.write list.read list.write block.read "
    "block.write bookmark.read bookmark.write dm.read dm.write media.write "
)
ASKED = ("response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method")


@blueprint.get("/i/oauth2/authorize")
def authorise_page() -> ResponseReturnValue:
    """Show what the application asks for; nothing is granted before the button is pressed."""
    problem = _asked_wrongly(request.args.to_dict())
    if problem:
        return render_template("x/refused.html", problem=problem), 400
    newest = here().store.rows(
        """SELECT u.username FROM x_users u LEFT JOIN places p ON p.channel = 'x' AND p.place = u.username_key
           WHERE u.organisation = 1 AND u.state = 'active'
           ORDER BY p.asked_at DESC NULLS LAST, u.username_key LIMIT 50"""
    )
    handles = [row["username"] for row in newest]
    return render_template(
        "x/authorise.html", asked={name: request.args.get(name, "") for name in ASKED}, handles=handles
    )


@blueprint.post("/i/oauth2/authorize")
def authorise() -> ResponseReturnValue:
    """Grant: send the browser back with a code that lives 30 seconds."""
    asked, sandbox = request.form.to_dict(), here()
    problem = _asked_wrongly(asked)
    handle = asked.get("username", "").strip().lstrip("@")
    if not problem and not x_store.HANDLE.fullmatch(handle):
        problem = "Something is wrong with the account name."
    if problem:
        return render_template("x/refused.html", problem=problem), 400
    user = x_store.ensure_user(sandbox.store, handle, organisation=True)
    code = secrets.token_urlsafe(48)
    expires = sandbox.store.now() + CODE_SECONDS * 1000
    method, scope = asked.get("code_challenge_method") or "plain", asked["scope"]
    values = (code, user["id"], asked["redirect_uri"], asked["code_challenge"], method, scope, expires)
    sandbox.store.run("INSERT INTO x_codes VALUES (?, ?, ?, ?, ?, ?, ?)", *values)
    return redirect(_with_answer(asked["redirect_uri"], state=asked["state"], code=code), 303)


@blueprint.post("/2/oauth2/token")
def token() -> ResponseReturnValue:
    """Answer POST /2/oauth2/token: trade a code or a refresh token for a new pair."""
    refused = _client_refused()
    if refused is not None:
        return refused
    grant = request.form.get("grant_type")
    if grant == "authorization_code":
        return _trade_code()
    if grant == "refresh_token":
        return _trade_refresh()
    return _error("unsupported_grant_type", "Value passed for the grant_type was invalid.")


@blueprint.post("/2/oauth2/revoke")
def revoke() -> ResponseReturnValue:
    """Answer POST /2/oauth2/revoke; an unknown token is revoked as well as any."""
    refused = _client_refused()
    if refused is not None:
        return refused
    here().store.run("UPDATE x_tokens SET state = 'revoked' WHERE token = ?", request.form.get("token", ""))
    return jsonify(revoked=True)


@blueprint.post("/oauth2/token")
def app_token() -> ResponseReturnValue:
    """Answer POST /oauth2/token: the application's own bearer token, the same one each time."""
    if not _basic_is_right() or request.form.get("grant_type") != "client_credentials":
        wrong = {"code": 99, "label": "authenticity_token_error", "message": "Unable to verify your credentials"}
        return jsonify(errors=[wrong]), 403
    here().store.run("DELETE FROM x_flags WHERE name = 'bearer_invalidated'")
    return jsonify(token_type="bearer", access_token=here().config.keys["X_BEARER_TOKEN"])  # noqa: S106


@blueprint.post("/oauth2/invalidate_token")
def invalidate_token() -> ResponseReturnValue:
    """Answer POST /oauth2/invalidate_token: the bearer token is refused until it is asked for again."""
    if not _basic_is_right():
        return jsonify(errors=[{"code": 99, "message": "Unable to verify your credentials"}]), 403
    here().store.run("INSERT OR REPLACE INTO x_flags VALUES ('bearer_invalidated')")
    return jsonify(access_token=here().config.keys["X_BEARER_TOKEN"])


def _asked_wrongly(asked: dict[str, str]) -> str | None:
    """Return what is wrong with an authorisation request, in words for the page, or None."""
    if asked.get("response_type") != "code":
        return "response_type must be “code”."
    if asked.get("client_id") != here().config.keys["X_CLIENT_ID"]:
        return "client_id is not that of a known application."
    if urlsplit(asked.get("redirect_uri", "")).scheme not in ("http", "https"):
        return "redirect_uri is not a web address."
    scopes = asked.get("scope", "").split()
    if not scopes or set(scopes) - SCOPES:
        return "scope holds something that X does not know, or nothing."
    if not 0 < len(asked.get("state", "")) <= 500:
        return "state must have between 1 and 500 characters."
    if not asked.get("code_challenge") or asked.get("code_challenge_method") not in (None, "", "plain", "S256"):
        return "code_challenge is missing, or its method is neither S256 nor plain."
    return None


def _with_answer(redirect_uri: str, **answer: str) -> str:
    parts = urlsplit(redirect_uri)
    query = f"{parts.query}&{urlencode(answer)}" if parts.query else urlencode(answer)
    return urlunsplit(parts._replace(query=query))


def _client_refused() -> Response | None:
    """Return the refusal for a client that does not prove to be ours: Basic, as a confidential client sends it."""
    if _basic_is_right():
        return None
    answer = jsonify(error="unauthorized_client", error_description="Missing valid authorization header")
    answer.status_code = 401
    return answer


def _basic_is_right() -> bool:
    keys = here().config.keys
    kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return False
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return False
    return unquote(name) == keys["X_CLIENT_ID"] and compare_digest(
        unquote(secret).encode(), keys["X_CLIENT_SECRET"].encode()
    )


def _trade_code() -> ResponseReturnValue:
    store, form = here().store, request.form
    with store.writing():
        found = store.row("SELECT * FROM x_codes WHERE code = ?", form.get("code", ""))
        # A code works once, whatever comes of it.
        store.run("DELETE FROM x_codes WHERE code = ?", form.get("code", ""))
        if found is None or found["expires_at"] < store.now():
            return _error("invalid_request", "Value passed for the authorization code was invalid.")
        if found["redirect_uri"] != form.get("redirect_uri"):
            return _error(
                "invalid_request", "Value passed for the redirect uri did not match the uri of the authorization code."
            )
        if not _proves(form.get("code_verifier", ""), found["challenge"], found["method"]):
            return _error("invalid_request", "Value passed for the code verifier did not match the code challenge.")
        return jsonify(_pair(found["user_id"], found["scope"], secrets.token_hex(8)))


def _proves(verifier: str, challenge: str, method: str) -> bool:
    if method == "S256":
        verifier = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    return compare_digest(verifier.encode(), challenge.encode())


def _trade_refresh() -> ResponseReturnValue:
    store = here().store
    with store.writing():
        found = store.row(
            "SELECT * FROM x_tokens WHERE token = ? AND kind = 'refresh'", request.form.get("refresh_token", "")
        )
        if found and found["state"] == "used":
            # Somebody else holds a copy: everything that came of this sign-in is revoked.
            store.run("UPDATE x_tokens SET state = 'revoked' WHERE family = ?", found["family"])
        if found is None or found["state"] != "live" or found["expires_at"] < store.now():
            return _error("invalid_request", "Value passed for the token was invalid.")
        store.run("UPDATE x_tokens SET state = 'used' WHERE token = ?", found["token"])
        return jsonify(_pair(found["user_id"], found["scope"], found["family"]))


def _pair(user_id: int, scope: str, family: str) -> dict[str, object]:
    sandbox = here()
    answer = {"token_type": "bearer", "expires_in": ACCESS_SECONDS, "scope": scope}
    answer["access_token"] = _new_token(sandbox, "access", ACCESS_SECONDS, user_id, scope, family)
    if "offline.access" in scope.split():
        answer["refresh_token"] = _new_token(sandbox, "refresh", REFRESH_SECONDS, user_id, scope, family)
    return answer


def _new_token(sandbox: Sandbox, kind: str, seconds: int, user_id: int, scope: str, family: str) -> str:
    made = secrets.token_urlsafe(68)
    values = (made, kind, family, user_id, scope, sandbox.store.now() + seconds * 1000)
    sandbox.store.run(
        "INSERT INTO x_tokens (token, kind, family, user_id, scope, expires_at) VALUES (?, ?, ?, ?, ?, ?)", *values
    )
    return made


def _error(code: str, description: str) -> Response:
    return Response(json.dumps({"error": code, "error_description": description}), 400, mimetype="application/json")
