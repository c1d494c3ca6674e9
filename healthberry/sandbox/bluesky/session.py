"""Sessions: opened with an app password, renewed with a token that counts once, and who calls by them."""

import json
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from functools import wraps

from flask import Blueprint, Response, jsonify, make_response, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox import seed
from healthberry.sandbox.gate import guard
from healthberry.sandbox.state import here

from . import shapes

blueprint = Blueprint("bluesky_session", __name__, url_prefix="/bluesky")
guard(blueprint, "bluesky")

ACCESS_SECONDS, REFRESH_SECONDS = 120 * 60, 90 * 86_400
SESSIONS, SESSION_WINDOW = 30, 300
CALLS, CALL_WINDOW = 3000, 300
_APP_PASSWORD = re.compile(r"[a-z0-9]{4}(-[a-z0-9]{4}){3}")


def refused(status: int, name: str, words: str = "") -> Response:
    """Answer as XRPC refuses."""
    return make_response(jsonify(error=name, message=words or name), status)


@blueprint.post("/xrpc/com.atproto.server.createSession")
def create_session() -> ResponseReturnValue:
    """Open a session: any app password will do for any handle; another password meets a second step."""
    sandbox, given = here(), request.get_json(silent=True) or {}
    who, password = str(given.get("identifier") or "").lower().lstrip("@"), str(given.get("password") or "")
    enforced, now = sandbox.settings.rate_limits, sandbox.store.now()
    if not sandbox.limits.hit(f"bluesky:{who}", "session", SESSIONS, SESSION_WINDOW, now, enforced).allowed:
        return sandbox.sites["bluesky"].refusal(sandbox, 429, SESSION_WINDOW)
    handle = shapes.handle_of(sandbox.store, who) if who.startswith("did:") else who
    if not sandbox.sites["bluesky"].accepts(handle) or not password:
        return refused(401, "AuthenticationRequired", "Invalid identifier or password")
    if not _APP_PASSWORD.fullmatch(password):
        if password.startswith("own-"):
            return refused(401, "AuthFactorTokenRequired", "A sign in code has been sent to your email address")
        return refused(401, "AuthenticationRequired", "Invalid identifier or password")
    return _session(shapes.account(sandbox.store, handle))


@blueprint.post("/xrpc/com.atproto.server.refreshSession")
def refresh_session() -> ResponseReturnValue:
    """Renew a session: both tokens are new, the old one for renewal is dead."""
    token = _bearer()
    did = _known(token, "refresh")
    if did is None:
        return refused(400, "ExpiredToken", "Token has been revoked")
    here().store.run("DELETE FROM bluesky_tokens WHERE token = ?", token)
    return _session(did)


@blueprint.post("/xrpc/com.atproto.server.deleteSession")
def delete_session() -> ResponseReturnValue:
    """Close a session: the token for renewal is dead, the one for access lives on until it runs out."""
    token = _bearer()
    if _known(token, "refresh") is None:
        return refused(400, "ExpiredToken", "Token has been revoked")
    here().store.run("DELETE FROM bluesky_tokens WHERE token = ?", token)
    return make_response("", 200)


def signed_in(view: Callable[..., ResponseReturnValue]) -> Callable[[], Response]:
    """Wrap a view: it is given the account's identifier; calls are counted."""

    @wraps(view)
    def called() -> Response:
        sandbox, token = here(), _bearer()
        if not token:
            return refused(401, "AuthMissing", "Authentication Required")
        found = sandbox.store.row("SELECT * FROM bluesky_tokens WHERE token = ? AND kind = 'access'", token)
        if found is None:
            return refused(400, "InvalidToken", "Token could not be verified")
        now = sandbox.store.now()
        if found["expires_at"] <= now:
            return refused(400, "ExpiredToken", "Token has expired")
        seed.ask(sandbox, "bluesky", shapes.handle_of(sandbox.store, found["did"]))
        who, enforced = f"bluesky:{found['did']}", sandbox.settings.rate_limits
        verdict = sandbox.limits.hit(who, "calls", CALLS, CALL_WINDOW, now, enforced)
        if not verdict.allowed:
            return sandbox.sites["bluesky"].refusal(sandbox, 429, CALL_WINDOW)
        answer = make_response(view(found["did"]))
        left = {"Limit": verdict.limit, "Remaining": verdict.remaining, "Reset": verdict.reset}
        answer.headers.update({f"RateLimit-{name}": str(value) for name, value in left.items()})
        answer.headers["RateLimit-Policy"] = f"{CALLS};w={CALL_WINDOW}"
        return answer

    return called


def _session(did: str) -> Response:
    store = here().store
    handle, pds = shapes.handle_of(store, did), f"{request.url_root}bluesky/pds"
    service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": pds}
    return jsonify(
        did=did,
        handle=handle,
        accessJwt=_token(did, "access", ACCESS_SECONDS),
        refreshJwt=_token(did, "refresh", REFRESH_SECONDS),
        didDoc={"id": did, "alsoKnownAs": [f"at://{handle}"], "service": [service]},
        email="trust@example.org",
        active=True,
    )


def _token(did: str, kind: str, seconds: int) -> str:
    """Make a token that looks like a JWT: the time of its end can be read, its signature is a number to look up."""
    store = here().store
    ends = store.now() + seconds * 1000
    claims = {"scope": f"com.atproto.{kind}", "sub": did, "exp": ends // 1000}
    parts = [json.dumps({"typ": "at+jwt", "alg": "ES256K"}), json.dumps(claims), secrets.token_hex(32)]
    made = ".".join(urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts)
    store.run("INSERT INTO bluesky_tokens VALUES (?, ?, ?, ?)", made, did, kind, ends)
    return made


def _known(token: str, kind: str) -> str | None:
    sql = "SELECT did FROM bluesky_tokens WHERE token = ? AND kind = ? AND expires_at > ?"
    found: str | None = here().store.value(sql, token, kind, here().store.now())
    return found


def _bearer() -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if kind == "Bearer" else ""
