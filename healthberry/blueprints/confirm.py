"""A fresh proof before what can do harm: the second step, or an e-mailed code for whoever has none; and then on."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from healthberry.blueprints import codes, guard, leading, passkeys
from healthberry.core import events, held_forms, second_step, sign_ins
from healthberry.core.codes import Refused

blueprint = Blueprint("confirm", __name__)


@blueprint.get("/confirm")
@guard.signed_in
@guard.needs("own")
def index() -> ResponseReturnValue:
    """Ask for a fresh proof."""
    return _page()


@blueprint.post("/confirm")
@guard.signed_in
@guard.needs("own")
def check() -> ResponseReturnValue:
    """Check what was typed; a wrong try counts."""
    try:
        step = second_step.check(guard.member(), request.form.get("step", "")[:80])
    except Refused as refusal:
        events.commit()
        return _page({"step": refusal.reason}), 422
    sign_ins.proved(guard.member(), guard.this_session(), step)
    events.commit()
    return redirect(url_for("confirm.go_on"), 303)


@blueprint.post("/confirm/mail")
@guard.signed_in
@guard.needs("own")
def mail() -> ResponseReturnValue:
    """Send a code to whoever has no second step."""
    member = guard.member()
    if second_step.is_set_up(member):
        return redirect(url_for("confirm.index"), 303)
    return codes.send_code("confirm", member.email, guard.name_of(guard.this_session()))


@blueprint.get("/confirm/go-on")
@guard.signed_in
@guard.needs("own")
def go_on() -> ResponseReturnValue:
    """Show the form that waited, filled in, behind one button; a page that waited opens by itself."""
    held = held_forms.held(guard.this_session())
    if held is None:
        return redirect(url_for("inbox.index"), 303)
    if held.method == "GET":
        return redirect(leading.local_path(held.path) or url_for("inbox.index"), 303)
    return render_template("confirm/go_on.html", held=held)


def _page(errors: dict[str, str] | None = None) -> str:
    if not errors and request.args.get("again") == "passkey":
        errors = {"": passkeys.AGAIN}
    held, member = held_forms.held(guard.this_session()), guard.member()
    return render_template(
        "confirm/index.html",
        errors=errors or {},
        has_step=second_step.is_set_up(member),
        passkey=passkeys.asked(member),
        back=held.back if held else "",
    )
