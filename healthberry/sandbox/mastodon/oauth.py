"""Applications of a Mastodon server, the page where an account agrees, and its token."""

import base64
import secrets
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import quote, urlencode, urlsplit

from flask import Blueprint, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox.gate import guard
from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row

from .auth import refused
from .shapes import account_url

blueprint = Blueprint("mastodon_oauth", __name__, url_prefix="/mastodon/<host>")
guard(blueprint, "mastodon")

CODE_SECONDS = 600
ASKED = ("response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method")
SCOPES = frozenset(
    "profile read write read:accounts read:notifications read:statuses write:statuses write:media".split()  # noqa: SIM905
)


@blueprint.post("/api/v1/apps")
def create_app(host: str) -> ResponseReturnValue:
    """Answer POST /api/v1/apps, form or JSON: register an application."""
    given = request.get_json(silent=True) or request.form
    name, back = str(given.get("client_name") or ""), given.get("redirect_uris") or ""
    addresses = back if isinstance(back, list) else str(back).split("\n")
    scopes = str(given.get("scopes") or "read")
    wrong = not name or not all(urlsplit(str(one)).scheme or ":" in str(one) for one in addresses)
    if wrong or not set(scopes.split()) <= SCOPES:
        return refused(422, "Validation failed: Name, redirect URI or scopes are wrong")
    client, secret = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    values = (client, secret, host.lower(), "\n".join(map(str, addresses)), scopes)
    here().store.run("INSERT INTO mastodon_apps VALUES (?, ?, ?, ?, ?)", *values)
    return jsonify(
        id=str(abs(hash(client)) % 10**8),
        name=name,
        website=given.get("website"),
        scopes=scopes.split(),
        redirect_uris=addresses,
        client_id=client,
        client_secret=secret,
        client_secret_expires_at=0,
    )


@blueprint.get("/oauth/authorize")
def authorise_page(host: str) -> ResponseReturnValue:
    """Show what the application asks for; nothing is granted before the button is pressed."""
    asked = request.args.to_dict()
    if problem := _asked_wrongly(host, asked):
        return render_template("mastodon/authorise.html", host=host, problem=problem), 400
    sql = "SELECT place FROM places WHERE channel = 'mastodon' AND place LIKE ? ORDER BY asked_at DESC LIMIT 50"
    known = [row["place"].partition("@")[0] for row in here().store.rows(sql, f"%@{host.lower()}")]
    asked = {name: asked.get(name, "") for name in ASKED}
    return render_template("mastodon/authorise.html", host=host, asked=asked, known=known, problem="")


@blueprint.post("/oauth/authorize")
def authorise(host: str) -> ResponseReturnValue:
    """Grant: send the browser back with a code; or, where the other button was pressed, with `access_denied`."""
    asked = request.form.to_dict()
    place = f"{asked.get('username', '').strip().lstrip('@').partition('@')[0]}@{host}".lower()
    problem = _asked_wrongly(host, asked)
    if not problem and not here().sites["mastodon"].accepts(place):
        problem = "Something is wrong with the account name."
    if problem:
        return render_template("mastodon/authorise.html", host=host, problem=problem), 400
    if asked.get("decision") == "deny":
        return _back(asked, error="access_denied", error_description="The resource owner denied the request.")
    code, expires = secrets.token_urlsafe(32), here().store.now() + CODE_SECONDS * 1000
    given = (asked["redirect_uri"], asked.get("code_challenge", ""), asked.get("scope", "read"), expires)
    here().store.run("INSERT INTO mastodon_codes VALUES (?,?,?,?,?,?,?)", code, asked["client_id"], place, *given)
    return _back(asked, code=code)


@blueprint.post("/oauth/token")
def token(host: str) -> ResponseReturnValue:
    """Answer POST /oauth/token: a code, or the application itself, gets a token that does not run out."""
    given = request.form
    app = _app(host, given.get("client_id", ""))
    if app is None or not compare_digest(app["client_secret"], given.get("client_secret", "")):
        words = "Client authentication failed due to unknown client."
        return jsonify(error="invalid_client", error_description=words), 401
    if given.get("grant_type") == "client_credentials":
        return _granted(app, "", "read")
    code = here().store.row("SELECT * FROM mastodon_codes WHERE code = ?", given.get("code", ""))
    here().store.run("DELETE FROM mastodon_codes WHERE code = ?", given.get("code", ""))
    if given.get("grant_type") != "authorization_code" or code is None or not _code_fits(code):
        words = "The provided authorization grant is invalid, expired, revoked or does not match the redirection URI."
        return jsonify(error="invalid_grant", error_description=words), 400
    return _granted(app, code["place"], code["scope"])


@blueprint.post("/oauth/revoke")
def revoke(host: str) -> ResponseReturnValue:
    """Answer POST /oauth/revoke: idempotent, for the application's own tokens alone."""
    app = _app(host, request.form.get("client_id", ""))
    found = here().store.row("SELECT * FROM mastodon_tokens WHERE token = ?", request.form.get("token", ""))
    if app is None or (found and found["client_id"] != app["client_id"]):
        return refused(403, "You are not authorized to revoke this token")
    here().store.run("DELETE FROM mastodon_tokens WHERE token = ?", request.form.get("token", ""))
    return jsonify({})


def _app(host: str, client_id: str) -> Row | None:
    sql = "SELECT * FROM mastodon_apps WHERE client_id = ? AND host = ?"
    return here().store.row(sql, client_id, host.lower())


def _asked_wrongly(host: str, asked: dict[str, str]) -> str:
    app = _app(host, asked.get("client_id", ""))
    if app is None:
        return "Client authentication failed due to unknown client."
    if asked.get("redirect_uri") not in app["redirect_uris"].split("\n"):
        return "The redirect uri included is not valid."
    if asked.get("response_type") != "code":
        return "The authorization server does not support this response type."
    if not set(asked.get("scope", "read").split()) <= set(app["scopes"].split()):
        return "The requested scope is invalid, unknown, or malformed."
    return ""


def _code_fits(code: Row) -> bool:
    given = request.form
    digest = sha256(given.get("code_verifier", "").encode()).digest()
    proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return bool(
        code["expires_at"] > here().store.now()
        and code["client_id"] == given.get("client_id")
        and code["redirect_uri"] == given.get("redirect_uri")
        and (not code["challenge"] or compare_digest(code["challenge"], proof))
    )


def _granted(app: Row, place: str, scope: str) -> ResponseReturnValue:
    made = secrets.token_urlsafe(32)
    here().store.run("INSERT INTO mastodon_tokens VALUES (?, ?, ?, ?)", made, app["client_id"], place, scope)
    created = here().store.now() // 1000
    return jsonify(access_token=made, token_type="Bearer", scope=scope, created_at=created, me=_me(place))  # noqa: S106


def _me(place: str) -> str | None:
    return account_url(place) if place else None


def _back(asked: dict[str, str], **answer: str) -> ResponseReturnValue:
    query = urlencode({**answer, "state": asked.get("state", "")}, quote_via=quote)
    base = asked["redirect_uri"]
    return redirect(f"{base}{'&' if '?' in base else '?'}{query}", 302)
