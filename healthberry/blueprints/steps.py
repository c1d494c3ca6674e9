"""Half-way in: the mailbox is proven, the second step is not. The browser's cookie says whose, for ten minutes."""

import time
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from flask import redirect, session, url_for
from werkzeug.wrappers import Response

from healthberry.blueprints import devices, guard, known_browsers, leading
from healthberry.core import members, scope, second_step, sessions, sign_ins
from healthberry.models.organisations import Member
from healthberry.models.owned import now

_HALF = "half"
_SECONDS = 600


def lead_on(member: Member, wanted: str, by: str) -> Response:
    """Remember who has proven themselves in this browser, and by what, and ask for their second step."""
    ids = [str(one) for one in (member.organisation_id, member.id, member.session_key)]
    guard.sign_out()
    session[_HALF] = {"ids": ids, "at": time.time(), "next": wanted, "by": by}
    return redirect(url_for("second_step.show"), 303)


def half_in() -> Member | None:
    """Return whose second step is awaited here; None for nobody, and where it was too long ago."""
    half = session.get(_HALF) or {}
    if time.time() - half.get("at", 0) > _SECONDS:
        return None
    organisation_id, member_id, session_key = map(UUID, half["ids"])
    scope.enter(organisation_id)
    found = members.present(organisation_id, member_id)
    return found if found is not None and found.session_key == session_key else None


def onward() -> str | None:
    """Return where whoever is half-way in wanted to go."""
    return leading.local_path((session.get(_HALF) or {}).get("next"))


def first() -> str:
    """Return by what whoever is half-way in has proven themselves."""
    return str((session.get(_HALF) or {}).get("by", sign_ins.CODE))


def complete(member: Member, wanted: str | None, *, by: Sequence[str], remember: bool) -> Response:
    """Sign in whoever has passed the second step, and lead to where they wanted to go. Commits."""
    second_step.passed(member)
    known_browsers.know(member.email)
    until: datetime | None = now() + sessions.REMEMBERED if remember else None
    row = guard.sign_in(member, by=by, proven_at=now(), remembered_until=until)
    response = redirect(wanted or url_for("inbox.index"), 303)
    if remember:
        devices.remember(response, row)
    return response
