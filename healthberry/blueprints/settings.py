"""What members decide for themselves, and administrators for their organisation."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from healthberry.blueprints import guard
from healthberry.core import (
    channels,
    commissioning,
    data_requests,
    disclosures,
    events,
    members,
    organisations,
    preferences,
    second_step,
    signup,
)
from healthberry.core.errors import Invalid
from healthberry.core.permissions import may

blueprint = Blueprint("settings", __name__)

_DONE = {
    "saved": "Saved.",
    "asked": "The administrators have been asked by e-mail. You will hear from us when one of them has approved you.",
    "check_asked": "HealthBerry has been asked to check that you act for your organisation. You get an e-mail from us "
    "when you may publish.",
}


@blueprint.get("/settings")
@guard.signed_in
@guard.needs("own")
def index() -> ResponseReturnValue:
    """Show the settings."""
    return _page()


@blueprint.post("/settings")
@guard.signed_in
@guard.needs("own")
def save() -> ResponseReturnValue:
    """Save one's own name and alerts."""
    try:
        name = signup.person(request.form.get("name", "")[:1000])
    except Invalid as error:
        return _page({error.field: error.reason}), 422
    preferences.save_settings(guard.member(), name=name, wants_alerts=request.form.get("wants_alerts") == "on")
    events.commit()
    return redirect(url_for("settings.index", done="saved"), 303)


@blueprint.post("/settings/organisation")
@guard.signed_in
@guard.needs("manage")
@guard.proven(guard.RECENTLY)
def save_organisation() -> ResponseReturnValue:
    """Save what holds for everybody in the organisation."""
    given = request.form
    try:
        preferences.save_organisation(
            guard.member(), alert_excerpts=given.get("alert_excerpts") == "on", contacts=given.get("contacts")
        )
    except Invalid as error:
        return _page({error.field: error.reason}), 422
    second_step.want_from_everybody(guard.member(), given.get("second_step") == "on")
    events.commit()
    return redirect(url_for("settings.index", done="saved"), 303)


@blueprint.post("/settings/signout")
@guard.signed_in
@guard.needs("own")
def sign_out_everywhere() -> ResponseReturnValue:
    """End every session of the member, on every device."""
    members.sign_out_everywhere(guard.member())
    events.commit()
    return guard.signed_out()


def _page(errors: dict[str, str] | None = None) -> str:
    member = guard.member()
    manages = may(member, "manage")
    return render_template(
        "settings/index.html",
        requests=data_requests.waiting(member) if manages else None,
        breaches=disclosures.waiting(member) if manages else None,
        organisation=members.organisation_of(member),
        details=organisations.details_of(member.organisation_id),
        commissioners=commissioning.commissioners(member),
        next_step=members.next_step(member),
        unread=channels.with_unread(member),
        grace_days=second_step.GRACE.days,
        second_step_due=guard.due_at(),
        errors=errors or {},
        given=request.form,
        said=_DONE.get(request.args.get("done", ""), ""),
    )
