"""Who is asking: the member behind a request, inside their organisation's walls, and how lately they proved it.

A browser's cookie names the organisation and one row of `member_sessions`. A session that was ended, grew too old or
was not used for too long is nobody's at the next request; so is every session of a member who left.
"""

import functools
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import ParamSpec
from uuid import UUID

from flask import g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import UserMixin, current_user, login_user, logout_user
from werkzeug.wrappers import Response

from healthberry import logs
from healthberry.blueprints import devices, leading
from healthberry.core import events, held_forms, members, operator_sessions, scope, sessions, sign_ins
from healthberry.core.errors import NotAllowed
from healthberry.core.permissions import require
from healthberry.core.sessions import Known
from healthberry.extensions import login_manager
from healthberry.models.organisations import Member
from healthberry.models.sign_in import MemberSession

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]

PUBLIC, OWN_PROOF, OPERATOR = "public", "own proof", "operator"
OPERATOR_SESSION = "operator"  # where the cookie holds the name of an operator's session
RECENTLY = timedelta(minutes=15)
THIS_WORKING_DAY = timedelta(hours=12)
# What asks by itself, whether or not anybody sits before the page: it keeps no session from ending.
_BY_ITSELF = {"stream.follow", "welcome.found", "imports.show", "erasing.show"}
# What says the same to everybody, and asks nobody who they are.
_FOR_ANYBODY = {"public_pages"}
# What stays open to whoever must set up a second step first.
_WHILE_OVERDUE = {"own_sign_in", "confirm", "passkeys"}


class SignedIn(UserMixin):  # type: ignore[misc]
    """A member as Flask-Login knows them."""

    def __init__(self, known: Known) -> None:
        self.member, self.session, self.known = known.member, known.session, known

    def get_id(self) -> str:
        """Return "organisation_id:session_id"."""
        return name_of(self.session)


def name_of(row: MemberSession) -> str:
    """Return what a browser's cookie calls this session by."""
    return f"{row.organisation_id}:{row.id}"


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load(name: str) -> SignedIn | None:
    """Return whom the session names and enter their organisation; None signs out."""
    if g.get("asks_for_nobody") or request.blueprint in _FOR_ANYBODY:
        return None
    try:
        organisation_id, session_id = (UUID(part) for part in name.split(":"))
    except ValueError:
        return None
    before = scope.current()
    scope.enter(organisation_id)
    found = sessions.known(organisation_id, session_id)
    if found is None:
        _return_to(before)
        return None
    if request.endpoint not in _BY_ITSELF and sessions.use(found.session):
        events.commit()
    logs.know(organisation_id=organisation_id, member_id=found.member.id)
    return SignedIn(found)


def _return_to(organisation_id: UUID | None) -> None:
    """Go on where it was asked who is signed in, perhaps amid a public page: what was read for it must last."""
    if organisation_id is None:
        scope.leave()
    else:
        scope.enter(organisation_id)


def member() -> Member:
    """Return the member of this request, inside their organisation. Raises: NotAllowed where nobody is signed in."""
    if not current_user.is_authenticated:
        raise NotAllowed("Sign in first.")
    found: Member = current_user.member
    scope.enter(found.organisation_id)
    return found


def this_session() -> MemberSession:
    """Return the session of this request. Raises: NotAllowed where nobody is signed in."""
    member()
    found: MemberSession = current_user.session
    return found


def number() -> int:
    """Return the newest change of the member's organisation that what is read from here on surely contains.

    Asked anew where the request may have made changes itself: its page must not be told of them once more.
    """
    known: Known = current_user.known
    return known.number if request.method == "GET" else events.last_number(member().organisation_id)


def due_at() -> datetime | None:
    """Return from when on who is signed in may not be without a second step; None where they may, or have one."""
    known: Known = current_user.known
    return None if known.has_second_step else known.second_step_due


def is_overdue() -> bool:
    """Say whether who is signed in must set up a second step before anything else."""
    return bool(current_user.is_authenticated and current_user.known.is_overdue)


def signed_in(view: View[P]) -> View[P]:
    """Let only members in; others are led to the sign-in page and, after it, back to where they wanted to go."""

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if not current_user.is_authenticated:
            return leading.to_sign_in()
        member()
        if is_overdue() and request.blueprint not in _WHILE_OVERDUE:
            return leading.lead(url_for("own_sign_in.index"), 403)
        return view(*args, **kwargs)

    guarded.needs_sign_in = True  # type: ignore[attr-defined]
    return guarded


def declares(permission: str) -> Callable[[View[P]], View[P]]:
    """Write on a view who may use it; for the few that look for themselves."""

    def declared(view: View[P]) -> View[P]:
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return declared


# Anybody may; or only whoever brings a proof of their own with the request: a signature, a token in the address.
public = declares(PUBLIC)
own_proof = declares(OWN_PROOF)


def needs(action: str, refused: Callable[..., ResponseReturnValue] | None = None) -> Callable[[View[P]], View[P]]:
    """Let in only members who may do `action` (core.permissions); stands beneath `signed_in`.

    It is asked before anything is looked for: what exists is told to nobody who may not reach it. `refused` answers,
    instead of the page for refusals, with what it is given: the refusal, and what the view would have got.
    """

    def guard(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            try:
                require(member(), action)
            except NotAllowed as refusal:
                if refused is None:
                    raise
                return refused(refusal, *args, **kwargs)
            return view(*args, **kwargs)

        guarded.is_asked_first = True  # type: ignore[attr-defined]
        return declares(action)(guarded)

    return guard


def proven(within: timedelta) -> Callable[[View[P]], View[P]]:
    """Let in only whoever proved themselves within this time; stands beneath `signed_in`.

    Others are led to prove it, and then back: a form that they sent waits for them as it was filled in.
    """

    def guard(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            row = this_session()
            if sessions.is_proven(row, within):
                held_forms.drop(row)
                return view(*args, **kwargs)
            _hold(row)
            return leading.lead(url_for("confirm.index"), 403)

        guarded.needs_proof = within  # type: ignore[attr-defined]
        return guarded

    return guard


def sign_in(
    found: Member,
    *,
    by: Sequence[str],
    proven_at: datetime | None,
    remembered_until: datetime | None = None,
    step_elsewhere: bool = False,
) -> MemberSession:
    """Sign `found` in on this browser, in place of whoever was; their organisation is entered. Commits.

    `by` names the factors, see core.sign_ins.
    """
    organisation_id, member_id = found.organisation_id, found.id
    sign_out()
    scope.enter(organisation_id)
    one = members.find_present(organisation_id, member_id)
    row = sessions.begin(
        one,
        devices.in_words(),
        proven_at=proven_at,
        remembered_until=remembered_until,
        step_elsewhere=step_elsewhere,
    )
    sign_ins.done(one, by)
    events.commit()
    session.permanent = True
    login_user(SignedIn(Known(one, row, False, None)))
    return row


def sign_out() -> None:
    """Sign out on this browser, and forget everything that the session held. Commits."""
    if current_user.is_authenticated:
        sessions.sign_out(this_session())
    operator_sessions.end(session.get(OPERATOR_SESSION))
    events.commit()
    logout_user()
    session.clear()


def signed_out() -> Response:
    """Sign out at somebody's wish: lead to the first page, and have the browser drop what its tabs kept. Commits."""
    sign_out()
    answer = redirect(url_for("public.home"), 303)
    answer.headers["Clear-Site-Data"] = '"storage"'  # unsaved words; the cookie is emptied by itself
    return answer


def _hold(row: MemberSession) -> None:
    sent = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    held_forms.hold(row, request.method, leading.asked_for(), sent, leading.way_back())
    events.commit()
