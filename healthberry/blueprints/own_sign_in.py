"""How a member signs in: their app, their recovery codes, and the browsers where they are signed in."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from healthberry.blueprints import guard, squares
from healthberry.core import events, members, openid_joining, passkeys, recovery_codes, second_step, sessions
from healthberry.core.codes import Refused

blueprint = Blueprint("own_sign_in", __name__)

_URL = "/settings/sign-in"
_DONE = {
    "app": "The app is set up. You will be asked for its digits when you sign in.",
    "passkey": "The passkey is set up. You can sign in with it.",
    "removed": "Removed.",
    "ended": "That browser is signed out.",
    "others": "All other browsers are signed out.",
}


@blueprint.get(_URL)
@guard.signed_in
@guard.needs("own")
def index() -> ResponseReturnValue:
    """Show the member's second steps and sessions."""
    return _page()


@blueprint.post(f"{_URL}/app")
@guard.signed_in
@guard.needs("own")
@guard.proven(guard.RECENTLY)
def begin_app() -> Response:
    """Make a secret for a new app; again: another one."""
    second_step.begin_app(guard.member())
    events.commit()
    return redirect(url_for("own_sign_in.show_app"), 303)


@blueprint.get(f"{_URL}/app")
@guard.signed_in
@guard.needs("own")
@guard.proven(guard.RECENTLY)
def show_app() -> ResponseReturnValue:
    """Show the secret as a square and as text, until the app is confirmed."""
    return _app_page()


@blueprint.post(f"{_URL}/app/confirm")
@guard.signed_in
@guard.needs("own")
@guard.proven(guard.RECENTLY)
def confirm_app() -> ResponseReturnValue:
    """Take the app into use, and show the recovery codes: this once, for they are kept as prints alone."""
    member = guard.member()
    try:
        second_step.confirm_app(member, request.form.get("digits", "")[:40])
    except Refused as refusal:
        events.commit()
        return _app_page({"digits": refusal.reason})
    return new_codes()


@blueprint.post(f"{_URL}/app/remove")
@guard.signed_in
@guard.needs("own")
@guard.proven(guard.RECENTLY)
def remove_app() -> Response:
    """Forget the app."""
    second_step.remove_app(guard.member())
    events.commit()
    return _back("removed")


@blueprint.post(f"{_URL}/recovery-codes")
@guard.signed_in
@guard.needs("own")
@guard.proven(guard.RECENTLY)
def renew_codes() -> ResponseReturnValue:
    """Make new recovery codes in place of the old ones, and show them once."""
    if not second_step.is_set_up(guard.member()):
        return redirect(url_for("own_sign_in.index"), 303)
    return new_codes()


@blueprint.post(f"{_URL}/sessions/<uuid:session_id>/end")
@guard.signed_in
@guard.needs("own")
@guard.proven(guard.RECENTLY)
def end(session_id: UUID) -> Response:
    """End one of one's own sessions; this one, too.

    Whoever sits at a browser that was left open can't shut its owner out of the others, or go on there unseen.
    """
    here = session_id == guard.this_session().id
    sessions.end(guard.member(), session_id)
    events.commit()
    return guard.signed_out() if here else _back("ended")


@blueprint.post(f"{_URL}/sessions/end-others")
@guard.signed_in
@guard.needs("own")
@guard.proven(guard.RECENTLY)
def end_others() -> Response:
    """End all of one's own sessions but this one."""
    sessions.end_others(guard.member(), guard.this_session().id)
    events.commit()
    return _back("others")


def new_codes() -> str:
    """Make recovery codes and show them in answer to the form itself: there is no address to read them at again."""
    member = guard.member()
    sessions.forget_remembered(member)
    codes = recovery_codes.make(member)
    events.commit()
    return render_template("own_sign_in/codes.html", codes=codes)


def _app_page(errors: dict[str, str] | None = None) -> ResponseReturnValue:
    member = guard.member()
    secret = second_step.begun_secret(member)
    if secret is None:
        return redirect(url_for("own_sign_in.index"), 303)
    whose = f"{member.email} ({members.organisation_of(member).name})"
    to = {"confirm_url": url_for("own_sign_in.confirm_app"), "back_url": url_for("own_sign_in.index")}
    return squares.page(secret, whose, errors, **to)


def _page() -> str:
    member = guard.member()
    return render_template(
        "own_sign_in/index.html",
        app=second_step.app_of(member),
        passkeys=passkeys.of_member(member),
        can_make=passkeys.are_possible(),
        codes_left=recovery_codes.left(member),
        accounts=openid_joining.linked(member),
        sessions=sessions.listed(member),
        here=guard.this_session().id,
        due=guard.due_at(),
        overdue=guard.is_overdue(),
        said=_DONE.get(request.args.get("done", ""), ""),
    )


def _back(done: str) -> Response:
    return redirect(url_for("own_sign_in.index", done=done), 303)
