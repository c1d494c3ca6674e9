"""Signing in by a code to one's mailbox, choosing among several organisations, and signing out."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.wrappers import Response

from healthberry.blueprints import codes, entering, guard, leading, passkeys
from healthberry.core import events, mailboxes, openid, sign_ins
from healthberry.core.errors import Invalid, NotFound

blueprint = Blueprint("session", __name__)


@blueprint.get("/signin")
@guard.public
def sign_in() -> ResponseReturnValue:
    """Ask for the work e-mail address; who is signed in already goes where they wanted."""
    wanted = leading.local_path(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(wanted or url_for("inbox.index"), 303)
    return render_template("signup/sign_in.html", wanted=wanted, email="", errors={}, passkey=passkeys.asked())


@blueprint.post("/signin")
@guard.public
def send_code() -> ResponseReturnValue:
    """Send a code, or offer the organisation's own sign-in first where the domain has one.

    The answer is the same whether or not the address is known.
    """
    wanted = leading.local_path(request.form.get("next"))
    typed = request.form.get("email", "")[:300]
    try:
        email = mailboxes.normalise(typed)
    except Invalid as error:
        errors = {error.field: error.reason}
        context = {"wanted": wanted, "email": typed, "errors": errors, "passkey": passkeys.asked()}
        return render_template("signup/sign_in.html", **context), 422
    offers = openid.offers(email) if request.form.get("way") != "code" else []
    if offers:
        return render_template("signin/ways.html", offers=offers, email=email, wanted=wanted)
    return codes.send_code("signin", email, wanted=wanted)


@blueprint.get("/signin/choose")
@guard.public
def choose() -> ResponseReturnValue:
    """Let somebody who belongs to several organisations choose one; says so where there is none."""
    found, _ = entering.choices()
    return render_template("signup/choose.html", found=found)


@blueprint.post("/signin/choose")
@guard.public
def chosen() -> ResponseReturnValue:
    """Sign in to the chosen organisation."""
    found, wanted = entering.choices()
    try:
        organisation_id = UUID(request.form.get("organisation", ""))
    except ValueError as error:
        raise NotFound from error
    for one in found:
        if one.organisation_id == organisation_id:
            return entering.enter_as(one.organisation_id, one.member_id, wanted)
    raise NotFound


@blueprint.post("/signout")
@guard.public
def sign_out() -> Response:
    """Sign out on this browser."""
    if current_user.is_authenticated:
        sign_ins.ended(guard.member())
        events.commit()
    return guard.signed_out()
