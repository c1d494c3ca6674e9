"""The "Reply" link of an alert: opens the conversation for the member it was sent to, and shows a stranger nothing.

The link signs nobody in. Whoever is not signed in as that member may have a code sent to the address that the link went
to; neither address, organisation nor conversation is shown before it is typed.
"""

from flask import Blueprint, make_response, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from healthberry.blueprints import codes, entering, guard, refusals
from healthberry.core import members, scope
from healthberry.core.codes import TooMany
from healthberry.mail import links

blueprint = Blueprint("reply_link", __name__)

_EXPIRED = f"This link is older than {links.REPLY_DAYS} days. Sign in to find the conversation in the inbox."
_TAMPERED = "This link is not complete. Copy the whole address from the e-mail, or sign in to find the conversation."


@blueprint.errorhandler(links.LinkExpired)
def expired(error: links.LinkExpired) -> Response:
    """Answer a link that is too old."""
    return refusals.answer(410, _EXPIRED)


@blueprint.errorhandler(links.LinkTampered)
def tampered(error: links.LinkTampered) -> Response:
    """Answer a link that we did not make."""
    return refusals.answer(400, _TAMPERED)


@blueprint.get("/r/<token>")
@guard.public
def show(token: str) -> str | Response:
    """Lead its member to the composer when signed in; offer anybody else a code to the member's address."""
    link = links.read_reply_link(token)
    if _is_signed_in(link):
        return redirect(entering.composer_of(link.conversation_id), 302)
    return render_template("reply_link/show.html", token=token, problem=None)


@blueprint.post("/r/<token>")
@guard.public
def send_code(token: str) -> Response:
    """Send a code to the link's member and lead to where it is typed; one who has left is led to the sign-in page."""
    link = links.read_reply_link(token)
    scope.enter(link.organisation_id)
    member = members.present(link.organisation_id, link.member_id)
    if member is None:
        return redirect(url_for("session.sign_in"), 303)
    try:
        return codes.send_code_to(member, link.conversation_id)
    except TooMany as error:
        return make_response(render_template("reply_link/show.html", token=token, problem=error.reason), 429)


def _is_signed_in(link: links.ReplyLink) -> bool:
    if not current_user.is_authenticated:
        return False
    member = guard.member()
    return (member.organisation_id, member.id) == (link.organisation_id, link.member_id)
