"""What mail needs of the web: the directory of mail servers, Microsoft's sign-in, and pages to read and answer.

Source: Mozilla's autoconfiguration format and Microsoft's identity platform, both from memory.
"""

import base64
import secrets
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import quote, urlencode, urlsplit

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox.gate import guard
from healthberry.sandbox.state import here
from healthberry.sandbox.telling import Telling, Unusable
from healthberry.sandbox.views import missing

from . import post, tokens
from .mails import parse, unpacked, words

blueprint = Blueprint("email_api", __name__, url_prefix="/email")
guard(blueprint, "email")
pages = Blueprint("email_pages", __name__, url_prefix="/email")
control = Blueprint("email_control", __name__, url_prefix="/control")

CODE_SECONDS = 600


@control.get("/mail-servers")
def servers() -> ResponseReturnValue:
    """Say where mail programs find the servers, and with what they sign in."""
    return jsonify(host=_host(), imap=port_of("email_imap"), smtp=port_of("email_smtp"), password=post.PASSWORD)


@blueprint.get("/directory/<domain>")
def directory(domain: str) -> ResponseReturnValue:
    """Say which servers a domain's mail is read and sent by: ours, whatever the domain."""
    ports = {name: port_of(f"email_{name}") for name in ("imap", "smtp")}
    if not all(ports.values()):
        return missing()
    copies = "yes" if post.files_copies(f"x@{domain}") else "no"
    xml = render_template("email/directory.xml", domain=domain, ports=ports, copies=copies, host=_host())
    return Response(xml, mimetype="application/xml")


def port_of(name: str) -> int:
    """Return the port of one of the servers, 0 while there is none."""
    return int(here().store.value("SELECT value FROM meta WHERE name = ?", f"{name}_port") or 0)


def _host() -> str:
    return urlsplit(request.host_url).hostname or "127.0.0.1"


@blueprint.get("/microsoft/common/oauth2/v2.0/authorize")
def authorise_page() -> ResponseReturnValue:
    """Show what the application asks for."""
    asked = request.args.to_dict()
    problem = _asked_wrongly(asked)
    if problem:
        return render_template("problem.html", title="Microsoft refuses this", problem=problem), 400
    return render_template("email/authorise.html", asked=asked)


@blueprint.post("/microsoft/common/oauth2/v2.0/authorize")
def authorise() -> ResponseReturnValue:
    """Send the browser back with a code, or with a refusal."""
    asked, store = request.form.to_dict(), here().store
    problem = _asked_wrongly(asked)
    address = asked.get("account", "").strip().lower()
    if problem or not here().sites["email"].accepts(address):
        return render_template("problem.html", title="Microsoft refuses this", problem=problem or "No account."), 400
    answer = {"state": asked.get("state", "")}
    if asked.get("answer") == "no":
        answer |= {"error": "access_denied", "error_description": "The user cancelled."}
    else:
        answer["code"] = secrets.token_urlsafe(60)
        values = (answer["code"], address, asked["redirect_uri"], asked.get("code_challenge", ""))
        sql = "INSERT INTO email_codes VALUES (?, ?, ?, ?, ?)"
        store.run(sql, *values, store.now() + CODE_SECONDS * 1000)
    return redirect(f"{asked['redirect_uri']}?{urlencode(answer)}", 303)


@blueprint.post("/microsoft/common/oauth2/v2.0/token")
def token() -> ResponseReturnValue:
    """Trade a code or a refresh token for an access token."""
    form, keys, store = request.form, here().config.keys, here().store
    known = compare_digest(form.get("client_secret", "").encode(), keys["MICROSOFT_CLIENT_SECRET"].encode())
    if not known or form.get("client_id") != keys["MICROSOFT_CLIENT_ID"]:
        return _error("invalid_client", "AADSTS7000215: Invalid client secret provided.", 401)
    if form.get("grant_type") == "refresh_token":
        address = tokens.owner(store, form.get("refresh_token", ""), "refresh")
    else:
        address = _traded()
    if not address:
        return _error("invalid_grant", "AADSTS70008: The provided authorization code or refresh token has expired.")
    return jsonify(
        token_type="Bearer",  # noqa: S106
        scope=form.get("scope", ""),
        expires_in=tokens.ACCESS_SECONDS,
        access_token=tokens.make(store, address, "access"),
        refresh_token=tokens.make(store, address, "refresh"),
    )


def _traded() -> str:
    store, form = here().store, request.form
    found = store.row("SELECT * FROM email_codes WHERE code = ?", form.get("code", ""))
    store.run("DELETE FROM email_codes WHERE code = ?", form.get("code", ""))
    if not found or found["expires_at"] < store.now() or found["redirect_uri"] != form.get("redirect_uri"):
        return ""
    proof = base64.urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
    return str(found["address"]) if not found["challenge"] or found["challenge"] == proof else ""


def _error(name: str, description: str, status: int = 400) -> ResponseReturnValue:
    return jsonify(error=name, error_description=description), status


def _asked_wrongly(asked: dict[str, str]) -> str:
    if asked.get("response_type") != "code":
        return "AADSTS900144: response_type must be code."
    if asked.get("client_id") != here().config.keys["MICROSOFT_CLIENT_ID"]:
        return "AADSTS700016: This application was not found."
    if urlsplit(asked.get("redirect_uri", "")).scheme not in ("http", "https"):
        return "AADSTS50011: The reply address does not match."
    return "" if asked.get("scope") else "AADSTS900144: scope is missing."


@pages.get("/mailboxes/<address>")
def mailbox(address: str) -> ResponseReturnValue:
    """Show what is in a mailbox, and how one signs in to it."""
    site = here().sites["email"]
    if not site.accepts(address):
        return missing()
    ports = {name: port_of(f"email_{name}") for name in ("imap", "smtp")}
    return render_template(
        "email/mailbox.html",
        address=site.place_key(address),
        lines=site.newest(here(), address),
        ports=ports,
        host=_host(),
        password=post.PASSWORD,
    )


@pages.get("/messages/<path:message_id>")
def message(message_id: str) -> ResponseReturnValue:
    """Show a patient's e-mail with the answers, and the form to write back."""
    return _message(message_id)


def _message(message_id: str, problem: str = "", typed: str = "") -> ResponseReturnValue:
    store = here().store
    row = post.found(store, message_id)
    if row is None:
        return missing()
    mail = parse(unpacked(row["raw"]))
    answers = [
        {"text": words(parse(unpacked(one["raw"]))), "sender": one["sender"], "at": one["at"]}
        for one in post.sent_to(store, message_id)
    ]
    page = render_template(
        "email/message.html",
        row=row,
        subject=str(mail.get("Subject", "")),
        text=words(mail),
        answers=answers,
        problem=problem,
        typed=typed,
        address=f"/email/messages/{quote(message_id)}",
    )
    return page, 422 if problem else 200


@pages.post("/messages/<path:message_id>")
def answer(message_id: str) -> ResponseReturnValue:
    """Write back as the patient, to the newest answer."""
    sandbox, text = here(), request.form.get("text", "").replace("\r\n", "\n")
    row = post.found(sandbox.store, message_id)
    if row is None:
        return missing()
    if not text.strip():
        return _message(message_id, "Write something.", text)
    try:
        telling = Telling(row["address"], row["author"], text, in_reply_to=message_id)
        sandbox.sites["email"].tell(sandbox, telling)
    except Unusable as refused:
        return _message(message_id, str(refused), text)
    return redirect(f"/email/messages/{quote(message_id)}", 303)
