"""Turning alert e-mails off, and on again, by the signed link in each of them: no sign-in; nothing changes on GET."""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from healthberry.blueprints import guard, refusals
from healthberry.core import alerts, events, scope
from healthberry.extensions import csrf
from healthberry.mail import links

blueprint = Blueprint("unsubscribe", __name__)

_TAMPERED = (
    "This link is not complete. Copy the whole address from the e-mail, or turn the e-mails off in your settings."
)


@blueprint.errorhandler(links.LinkTampered)
def tampered(error: links.LinkTampered) -> AnyResponse:
    """Answer a link that we did not make."""
    return refusals.answer(400, _TAMPERED)


@blueprint.get("/unsubscribe/<token>")
@guard.public
def show(token: str) -> str:
    """Show whether the e-mails come, with a button that changes it: mail scanners open links, to no effect."""
    link = links.read_unsubscribe_link(token)
    scope.enter(link.organisation_id)
    subscription = alerts.subscription(link.organisation_id, link.member_id)
    return render_template("unsubscribe/show.html", subscription=subscription, token=token)


@blueprint.post("/unsubscribe/<token>")
@csrf.exempt  # type: ignore[untyped-decorator]
@guard.own_proof
def change(token: str) -> AnyResponse:
    """Turn the e-mails off, or on with `alerts=on`; again: the same.

    Mail programs post `List-Unsubscribe=One-Click` here with no cookie and follow no redirect (RFC 8058): the signed
    token is the proof that others get from a form.
    """
    link = links.read_unsubscribe_link(token)
    scope.enter(link.organisation_id)
    alerts.switch(link.organisation_id, link.member_id, request.form.get("alerts") == "on")
    events.commit()
    if "List-Unsubscribe" in request.form:
        return _plain("These e-mails are off.\n")
    return redirect(url_for("unsubscribe.show", token=token), 303)


def _plain(words: str) -> Response:
    response = make_response(words)
    response.mimetype = "text/plain"
    return response
