"""The second step of signing in: digits from an app, a recovery code or a passkey."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from healthberry.blueprints import guard, passkeys, steps
from healthberry.core import events, second_step
from healthberry.core.codes import Refused
from healthberry.models.organisations import Member

blueprint = Blueprint("second_step", __name__)


@blueprint.get("/signin/second")
@guard.public
def show() -> ResponseReturnValue:
    """Ask for the second step of whoever has just proved their mailbox in this browser."""
    member = steps.half_in()
    return _page(member) if member else redirect(url_for("session.sign_in"), 303)


@blueprint.post("/signin/second")
@guard.public
def check() -> ResponseReturnValue:
    """Check what was typed; a wrong try counts."""
    member = steps.half_in()
    if member is None:
        return redirect(url_for("session.sign_in"), 303)
    try:
        step = second_step.check(member, request.form.get("step", "")[:80])
    except Refused as refusal:
        events.commit()
        return _page(member, {"step": refusal.reason}), 422
    events.commit()
    remember = request.form.get("remember") == "on"
    return steps.complete(member, steps.onward(), by=(steps.first(), step), remember=remember)


def _page(member: Member, errors: dict[str, str] | None = None) -> str:
    if not errors and request.args.get("again") == "passkey":
        errors = {"": passkeys.AGAIN}
    return render_template(
        "signin/second.html", errors=errors or {}, given=request.form, passkey=passkeys.asked(member)
    )
