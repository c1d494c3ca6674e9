"""Setting up the sign-in with an organisation's own accounts: filled in, tested by an administrator, switched on."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.wrappers import Response

from healthberry.blueprints import guard, openid_kept, openid_steps
from healthberry.connectors.openid_tokens import NotBelieved
from healthberry.core import events, members, openid, openid_joining, roles
from healthberry.core.errors import Conflict, CoreError, Invalid
from healthberry.core.openid import Given
from healthberry.mail import links

blueprint = Blueprint("openid_settings", __name__)

_URL = "/settings/organisation-sign-in"
_DONE = {
    "saved": "Saved.",
    "tested": "The test worked: you signed in through it.",
    "on": "Switched on. Whoever types an address at one of these domains is offered it.",
    "off": "Switched off. Everybody signs in by a code or a passkey again.",
}
_UNUSABLE = "The test did not work: {}."


@blueprint.get(_URL)
@guard.signed_in
@guard.needs("manage")
def index() -> ResponseReturnValue:
    """Show what is set up, and the form."""
    return _page()


@blueprint.post(_URL)
@guard.signed_in
@guard.needs("manage")
@guard.proven(guard.RECENTLY)
def save() -> ResponseReturnValue:
    """Keep what was filled in."""
    form = request.form
    given = Given(
        issuer=form.get("issuer", "")[:1000],
        client_id=form.get("client_id", "")[:1000],
        secret=form.get("client_secret", "")[:1000],
        domains=form.get("domains", "")[:5000],
        role=form.get("role", "")[:100],
        counts_as_step=form.get("counts_as_step") == "on",
    )
    try:
        openid.save(guard.member(), given)
    except Invalid as error:
        return _page({error.field: error.reason}), 422
    events.commit()
    return _back("saved")


@blueprint.post(f"{_URL}/test")
@guard.signed_in
@guard.needs("manage")
@guard.proven(guard.RECENTLY)
def test() -> ResponseReturnValue:
    """Have the administrator sign in through it."""
    member = guard.member()
    setup = openid.setup_of(member.organisation_id)
    if setup is None:
        raise Conflict("Fill in the form and save it first.")
    try:
        return openid_steps.lead_out(setup, openid_steps.TEST, member_id=member.id)
    except NotBelieved as error:
        return _page({"": _UNUSABLE.format(error)}), 422


@blueprint.post(f"{_URL}/on")
@guard.signed_in
@guard.needs("manage")
@guard.proven(guard.RECENTLY)
def switch_on() -> Response:
    """Offer it to everybody at these domains."""
    openid.switch(guard.member(), on=True)
    events.commit()
    return _back("on")


@blueprint.post(f"{_URL}/off")
@guard.signed_in
@guard.needs("manage")
@guard.proven(guard.RECENTLY)
def switch_off() -> Response:
    """Let nobody in through it any more; links stay for when it is switched on again."""
    openid.switch(guard.member(), on=False)
    events.commit()
    return _back("off")


def tested(begun: Mapping[str, Any]) -> ResponseReturnValue:
    """Take what the issuer answered to a test, in the browser of the administrator who began it. Commits."""
    if not current_user.is_authenticated or str(guard.member().id) != begun["member"]:
        return openid_steps.refuse(None, "")
    member = guard.member()
    try:
        setup, identity = openid_steps.brought_back(begun)
        openid.passed(member, setup, identity)
        if openid.believed_address(identity) == member.email:
            openid_joining.link(member, identity)
    except (NotBelieved, CoreError) as error:
        reason = error.reason if isinstance(error, CoreError) else _UNUSABLE.format(error)
        events.forget()
        refusal = make_response(_page({"": reason}), 422)
        openid_kept.forget(refusal)
        return refusal
    events.commit()
    response = _back("tested")
    openid_kept.forget(response)
    return response


def _page(errors: dict[str, str] | None = None) -> str:
    member = guard.member()
    return render_template(
        "settings/organisation_sign_in.html",
        issuer=openid.settings_of(member),
        proven=sorted(openid.proven_domains(members.organisation_of(member))),
        roles={role: roles.ROLES[role] for role in openid.ROLES},
        back=links.address("openid.answer"),
        errors=errors or {},
        given=request.form,
        said=_DONE.get(request.args.get("done", ""), ""),
    )


def _back(done: str) -> Response:
    return redirect(url_for("openid_settings.index", done=done), 303)
