"""Browsers whose owner has proven an address before: strangers can't use up how many codes they may ask for.

A cookie of its own outlives signing out. It opens nothing: all that it gives is an allowance of codes, to an address
whose mailbox was proven in this browser. It names no address, only their prints under the secret key, and is given to
whoever proved a mailbox, so that it tells nobody which addresses are known.
Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".
"""

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Final

from flask import after_this_request, current_app, request
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from healthberry.core import signed
from healthberry.extensions import part

LASTS: Final = timedelta(days=180)
_MOST_ADDRESSES: Final = 3  # of a desk that several people share, those who signed in last


def known_as(email: str) -> str:
    """Return what the asking browser is called where it has proven this address before; "" for a stranger."""
    browser, prints = _read()
    return browser if _print(email) in prints else ""


def know(email: str) -> str:
    """Let the browser that gets this request's answer be known by an address that its owner has just proven.

    Return what the browser is called.
    """
    browser, prints = _read()
    browser = browser or secrets.token_urlsafe(16)
    mine = _print(email)
    kept = [mine, *(one for one in prints if one != mine)][:_MOST_ADDRESSES]
    value = _serializer().dumps([browser, kept])
    after_this_request(lambda response: _give(response, value if isinstance(value, str) else value.decode()))
    return browser


def name() -> str:
    """Return the cookie's name."""
    return f"{current_app.config['SESSION_COOKIE_NAME']}-known"


def _read() -> tuple[str, list[str]]:
    try:
        browser, prints = _serializer().loads(request.cookies.get(name(), ""), max_age=int(LASTS.total_seconds()))
    except (BadData, ValueError, TypeError):
        return "", []
    return browser, prints


def _give(response: Response, value: str) -> Response:
    response.set_cookie(
        name(),
        value,
        max_age=int(LASTS.total_seconds()),
        path="/",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
    return response


def _print(email: str) -> str:
    key = f"{part('settings').secret_key}/known-browser".encode()
    return hmac.new(key, email.casefold().encode(), hashlib.sha256).hexdigest()[:32]


def _serializer() -> URLSafeTimedSerializer:
    return signed.timed_signer("known-browser")
