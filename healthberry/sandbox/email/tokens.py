"""Who signs in to a mailbox: with the simulated password, or with a token that Microsoft's page gave."""

import base64
import secrets

from healthberry.sandbox.store import Store

from .post import PASSWORD

ACCESS_SECONDS = 3600
REFRESH_SECONDS = 90 * 86400


def signed_in(store: Store, kind: str, given: bytes) -> tuple[str, bool]:
    """Return who signs in by PLAIN or XOAUTH2, and whether they may; `given` is base64."""
    try:
        text = base64.b64decode(given, validate=True).decode("utf-8", "replace")
    except ValueError:
        return "", False
    if kind == "PLAIN":
        _, user, password = (*text.split("\0"), "", "", "")[:3]
        return user, password == PASSWORD
    if kind != "XOAUTH2":
        return "", False
    parts = dict(part.partition("=")[::2] for part in text.split("\x01") if "=" in part)
    user, token = parts.get("user", ""), parts.get("auth", "").removeprefix("Bearer ")
    return user, owner(store, token, "access") == user.lower() != ""


def make(store: Store, address: str, kind: str) -> str:
    """Make a token."""
    made, seconds = secrets.token_urlsafe(60), ACCESS_SECONDS if kind == "access" else REFRESH_SECONDS
    store.run("INSERT INTO email_tokens VALUES (?, ?, ?, ?)", made, kind, address, store.now() + seconds * 1000)
    return made


def owner(store: Store, token: str, kind: str) -> str:
    """Return whose token this is, "" for none that lives."""
    sql = "SELECT address FROM email_tokens WHERE token = ? AND kind = ? AND expires_at > ?"
    return str(store.value(sql, token, kind, store.now()) or "")
