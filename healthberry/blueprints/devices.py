"""Browsers: what they are called in words, and the cookie by which one is remembered for twelve hours."""

import re
from uuid import UUID

from flask import current_app, request
from itsdangerous import BadData, URLSafeSerializer
from werkzeug.wrappers import Response

from healthberry.core import sessions, signed
from healthberry.models.organisations import Member
from healthberry.models.sign_in import MemberSession

# The first that fits: each of them also calls itself by the names of those beneath it.
_BROWSERS = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox|FxiOS", "Firefox"),
    ("Chrome|CriOS", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def in_words() -> str:
    """Return what the asking browser is called: "Firefox on Windows"."""
    agent = request.headers.get("User-Agent", "")[:500]
    browser, system = (
        next((name for pattern, name in table if re.search(pattern, agent)), "") for table in (_BROWSERS, _SYSTEMS)
    )
    return f"{browser or 'A browser'} on {system}" if system else browser or "A browser"


def remembered(member: Member) -> MemberSession | None:
    """Return the session by which the asking browser is remembered for this member's sake."""
    try:
        organisation_id, member_id, session_id = map(UUID, _serializer().loads(request.cookies.get(_name(), "")))
    except (BadData, ValueError, TypeError):
        return None
    if (organisation_id, member_id) != (member.organisation_id, member.id):
        return None
    return sessions.remembered(member, session_id)


def remember(response: Response, row: MemberSession) -> None:
    """Let the browser that gets `response` say next time who it is."""
    ids = [str(one) for one in (row.organisation_id, row.member_id, row.id)]
    response.set_cookie(
        _name(),
        _serializer().dumps(ids),
        max_age=int(sessions.REMEMBERED.total_seconds()),
        path="/",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )


def _name() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}-device"


def _serializer() -> URLSafeSerializer:
    return signed.signer("remembered-device")
