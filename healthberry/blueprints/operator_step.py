"""The operator's second step: asked for at every sign-in, set up at the first."""

import functools
from collections.abc import Callable
from typing import ParamSpec

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from healthberry.blueprints import guard, squares
from healthberry.blueprints.operator import lead, operator_name, this_session
from healthberry.core import audit, events, operator_sessions, operator_step, origin, sign_ins
from healthberry.core.codes import Refused
from healthberry.extensions import part
from healthberry.mail.sign_in import tell_operators
from healthberry.models.owned import now

blueprint = Blueprint("operator_step", __name__, url_prefix="/operator")

P = ParamSpec("P")


def _half_in(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Let in whoever proved a mailbox that OPERATORS names."""

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        return view(*args, **kwargs) if this_session() else lead("operator.sign_in")

    return guard.declares(guard.OPERATOR)(guarded)


@blueprint.get("/step")
@_half_in
def show() -> ResponseReturnValue:
    """Ask for the app's digits; who has no app is offered to set one up."""
    return _page()


@blueprint.post("/step")
@_half_in
def check() -> ResponseReturnValue:
    """Check the digits; a wrong try counts."""
    try:
        operator_step.check(_email(), request.form.get("step", "")[:40])
    except Refused as refusal:
        audit.operated("step_refused", _email())
        events.commit()
        return _page({"step": refusal.reason}), 422
    return _let_in()


@blueprint.post("/app")
@_half_in
def begin() -> ResponseReturnValue:
    """Make a secret for a new app; again: another one."""
    operator_step.begin(_email())
    events.commit()
    return redirect(url_for("operator_step.show_app"), 303)


@blueprint.get("/app")
@_half_in
def show_app() -> ResponseReturnValue:
    """Show the secret until the app is confirmed."""
    return _app_page()


@blueprint.post("/app/confirm")
@_half_in
def confirm() -> ResponseReturnValue:
    """Take the app into use."""
    try:
        operator_step.confirm(_email(), request.form.get("digits", "")[:40])
    except Refused as refusal:
        audit.operated("step_refused", _email())
        events.commit()
        return _app_page({"digits": refusal.reason})
    audit.operated("second_step_added", _email())
    answer = _let_in()
    # Whoever has got into a mailbox can set up the first app for it: the others are to see that.
    tell_operators(part("settings").operators or (), _email(), now(), origin.present())
    return answer


def _email() -> str:
    return operator_name()


def _let_in() -> Response:
    row = this_session()
    if row is None:
        return lead("operator.sign_in")
    audit.operated("signed_in", row.email, by=[sign_ins.CODE, sign_ins.APP])
    session[guard.OPERATOR_SESSION] = operator_sessions.step(row)
    events.commit()
    return redirect(url_for("operator.index"), 303)


def _app_page(errors: dict[str, str] | None = None) -> ResponseReturnValue:
    secret = operator_step.begun_secret(_email())
    if secret is None:
        return redirect(url_for("operator_step.show"), 303)
    to = {"confirm_url": url_for("operator_step.confirm"), "back_url": url_for("operator_step.show")}
    return squares.page(secret, f"{_email()} (operator)", errors, **to)


def _page(errors: dict[str, str] | None = None) -> str:
    has_app = operator_step.is_set_up(_email())
    return render_template("operator/step.html", has_app=has_app, errors=errors or {})
