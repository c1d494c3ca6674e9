"""Who is asking: the member behind a request, inside their organisation's walls.

A session names the organisation, the member and the member's present session key. A member who left, or whose key was
renewed (removed, signed out everywhere), is signed out at the next request.
"""

import functools
from collections.abc import Callable
from typing import ParamSpec
from urllib.parse import urlsplit
from uuid import UUID

from flask import make_response, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import UserMixin, current_user, login_user, logout_user
from werkzeug.wrappers import Response

from healthberry import logs
from healthberry.blueprints.render import shown_address
from healthberry.core import events, members, scope, sign_ins
from healthberry.core.errors import NotAllowed
from healthberry.extensions import login_manager
from healthberry.models.organisations import Member

P = ParamSpec("P")


class SignedIn(UserMixin):  # type: ignore[misc]
    """A member as Flask-Login knows them."""

    def __init__(self, signed_in_member: Member) -> None:
        self.member = signed_in_member

    def get_id(self) -> str:
        """Return "organisation_id:member_id:session_key"."""
        return ":".join(str(part) for part in (self.member.organisation_id, self.member.id, self.member.session_key))


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load(session_id: str) -> SignedIn | None:
    """Return whom the session names and enter their organisation; None signs out."""
    try:
        organisation_id, member_id, session_key = (UUID(part) for part in session_id.split(":"))
    except ValueError:
        return None
    scope.enter(organisation_id)
    found = members.present(organisation_id, member_id)
    if found is None or found.session_key != session_key:
        scope.leave()
        return None
    logs.know(organisation_id=organisation_id, member_id=member_id)
    return SignedIn(found)


def member() -> Member:
    """Return the member of this request, inside their organisation. Raises: NotAllowed where nobody is signed in."""
    if not current_user.is_authenticated:
        raise NotAllowed("Sign in first.")
    found: Member = current_user.member
    scope.enter(found.organisation_id)
    return found


def signed_in(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Let only members in; others are led to the sign-in page and, after it, back to where they wanted to go."""

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if not current_user.is_authenticated:
            return _to_sign_in()
        member()
        return view(*args, **kwargs)

    guarded.needs_sign_in = True  # type: ignore[attr-defined]
    return guarded


def sign_in(found: Member) -> None:
    """Sign `found` in on this browser, in place of whoever was; their organisation is entered. Commits."""
    sign_out()
    session.permanent = True
    login_user(SignedIn(found))
    scope.enter(found.organisation_id)
    sign_ins.done(found)
    events.commit()


def sign_out() -> None:
    """Sign out on this browser, and forget everything that the session held."""
    logout_user()
    session.clear()


def local_path(wanted: str | None) -> str | None:
    """Return `wanted` if it is a path on this site and nowhere else, else None.

    "//evil.example", "/\\evil.example", "https:evil" and paths with control characters lead elsewhere in some browser.
    """
    if not wanted or not wanted.startswith("/") or wanted.startswith(("//", "/\\")):
        return None
    if "\\" in wanted or any(ord(character) < 33 for character in wanted) or len(wanted) > 2000:
        return None
    parts = urlsplit(wanted)
    return None if parts.scheme or parts.netloc else wanted


def _to_sign_in() -> Response:
    """A page redirects; a part of a page tells htmx to go there as a whole."""
    if request.headers.get("HX-Request") == "true":
        shown = shown_address()
        response = make_response("", 401)
        response.headers["HX-Redirect"] = url_for(
            "session.sign_in", next=local_path(_with_query(shown.path, shown.query))
        )
        return response
    wanted = _with_query(request.path, request.query_string.decode("utf-8", "replace"))
    back = local_path(wanted) if request.method == "GET" else None
    return redirect(url_for("session.sign_in", next=back), 303)


def _with_query(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path
