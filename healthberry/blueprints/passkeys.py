"""Passkeys: making one, removing it, and signing in or proving oneself with it."""

import logging
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from healthberry import logs
from healthberry.blueprints import challenges, guard, leading, own_sign_in, steps
from healthberry.core import events, members, passkeys, recovery_codes, second_step, sign_ins
from healthberry.core.codes import Refused
from healthberry.models.organisations import Member

log = logging.getLogger(__name__)

blueprint = Blueprint("passkeys", __name__)

_URL = "/settings/sign-in/passkeys"
_LONGEST = 20_000
AGAIN = "That passkey did not answer as it should. Try again, or go another way."


def asked(member: Member | None = None) -> dict[str, str]:
    """Return what the button "Use a passkey" needs (signin/_passkey.html); {} for a member who has none."""
    if not passkeys.are_possible() or (member is not None and not passkeys.of_member(member)):
        return {}
    challenge, text = challenges.new()
    return {"options": passkeys.asking(challenge, member), "challenge": text}


@blueprint.get(_URL)
@guard.signed_in
@guard.needs("own")
@guard.proven(guard.RECENTLY)
def show() -> ResponseReturnValue:
    """Offer to make a passkey."""
    return _making_page()


@blueprint.post(_URL)
@guard.signed_in
@guard.needs("own")
@guard.proven(guard.RECENTLY)
def add() -> ResponseReturnValue:
    """Keep a passkey; with the first second step come recovery codes, shown once."""
    member = guard.member()
    try:
        passkeys.add(member, _answer(), _challenge(), request.form.get("name", "")[:1000])
    except Refused as refusal:
        events.forget()
        return _making_page({"name": refusal.reason}), 422
    if not recovery_codes.left(member):
        return own_sign_in.new_codes()
    events.commit()
    return redirect(url_for("own_sign_in.index", done="passkey"), 303)


@blueprint.post(f"{_URL}/<uuid:passkey_id>/remove")
@guard.signed_in
@guard.needs("own")
@guard.proven(guard.RECENTLY)
def remove(passkey_id: UUID) -> Response:
    """Forget a passkey."""
    passkeys.remove(guard.member(), passkey_id)
    events.commit()
    return redirect(url_for("own_sign_in.index", done="removed"), 303)


@blueprint.post("/signin/passkey")
@guard.public
def sign_in() -> ResponseReturnValue:
    """Sign in by a passkey alone: who holds it was checked by finger, face or PIN."""
    try:
        member = passkeys.check(_answer(), _challenge())
    except Refused as refusal:
        events.forget()
        logs.event(log, "passkey.refused", logging.WARNING)  # nobody knows whose: it belongs into no audit log
        wanted = leading.local_path(request.form.get("next"))
        context: dict[str, Any] = {"wanted": wanted, "email": "", "errors": {"": refusal.reason}, "passkey": asked()}
        return render_template("signup/sign_in.html", **context), 422
    onward = leading.local_path(request.form.get("next"))
    return steps.complete(member, onward, by=(sign_ins.PASSKEY,), remember=False)


@blueprint.post("/signin/second/passkey")
@guard.public
def second() -> ResponseReturnValue:
    """Take a passkey as the second step."""
    member = steps.half_in()
    if member is None:
        return redirect(url_for("session.sign_in"), 303)
    try:
        passkeys.check(_answer(), _challenge(), member)
    except Refused:
        _refused(member)
        return redirect(url_for("second_step.show", again="passkey"), 303)
    return steps.complete(member, steps.onward(), by=(steps.first(), sign_ins.PASSKEY), remember=False)


@blueprint.post("/confirm/passkey")
@guard.signed_in
@guard.needs("own")
def confirm() -> Response:
    """Take a passkey as a fresh proof."""
    try:
        passkeys.check(_answer(), _challenge(), guard.member())
    except Refused:
        _refused(guard.member())
        return redirect(url_for("confirm.index", again="passkey"), 303)
    second_step.passed(guard.member())
    sign_ins.proved(guard.member(), guard.this_session(), sign_ins.PASSKEY)
    events.commit()
    return redirect(url_for("confirm.go_on"), 303)


def _refused(member: Member) -> None:
    events.forget()
    sign_ins.step_refused(member)
    events.commit()


def _answer() -> str:
    return request.form.get("credential", "")[:_LONGEST]


def _challenge() -> bytes:
    return challenges.take(request.form.get("challenge", "")[:1000])


def _making_page(errors: dict[str, str] | None = None) -> str:
    member = guard.member()
    challenge, text = challenges.new()
    organisation = members.organisation_of(member).name
    context = {"options": passkeys.making(member, organisation, challenge), "challenge": text}
    return render_template("own_sign_in/passkey.html", **context, given=request.form, errors=errors or {})
