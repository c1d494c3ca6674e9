"""What a browser keeps, sealed and for ten minutes, while somebody signs in at their organisation's issuer.

A cookie of its own: the session is emptied at each sign-in, and this has to outlive one, where a member proves their
mailbox before their account is linked. Only we can read it; a state counts once.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any, Final

from flask import current_app, request
from werkzeug.wrappers import Response

from healthberry.core.vault import Vault, VaultError
from healthberry.extensions import part

BEGUN, UNLINKED = "begun", "unlinked"
_SECONDS: Final = 600


def keep(response: Response, what: str, kept: Mapping[str, Any]) -> None:
    """Let the browser that gets `response` keep this, in place of what it kept."""
    vault: Vault = part("vault")
    sealed = vault.seal({"what": what, "at": str(time.time()), "kept": json.dumps(dict(kept))})
    response.set_cookie(
        name(),
        sealed.decode(),
        max_age=_SECONDS,
        path="/",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )


def kept(what: str) -> dict[str, Any] | None:
    """Return what the asking browser keeps; None where it is something else, too old, or not ours."""
    vault: Vault = part("vault")
    try:
        opened = vault.open(request.cookies.get(name(), "").encode())
    except (VaultError, ValueError):
        return None
    if opened.get("what") != what or time.time() - float(opened["at"]) > _SECONDS:
        return None
    found: dict[str, Any] = json.loads(opened["kept"])
    return found


def begun(state: str) -> dict[str, Any] | None:
    """Return the sign-in that this browser began with this state, once. Raises: RedisError without Valkey."""
    found = kept(BEGUN)
    if found is None or not hmac.compare_digest(found["state"].encode(), state.encode("utf-8", "replace")):
        return None
    mark = f"openid-state:{hashlib.sha256(state.encode()).hexdigest()}"
    return found if part("valkey").set(mark, 1, nx=True, ex=_SECONDS) else None


def forget(response: Response) -> None:
    """Let the browser keep nothing any more."""
    response.delete_cookie(
        name(), path="/", secure=current_app.config["SESSION_COOKIE_SECURE"], httponly=True, samesite="Lax"
    )


def name() -> str:
    """Return what the cookie is called."""
    return f"{current_app.config['SESSION_COOKIE_NAME']}-account"
