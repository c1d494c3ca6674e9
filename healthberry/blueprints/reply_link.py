"""The "Reply" link of an alert: opens the conversation for the member it was sent to, and shows a stranger nothing.

The link signs nobody in. Whoever is not signed in as that member may have a code sent to the address that the link went
to; neither address, organisation nor conversation is shown before it is typed.
"""

from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from healthberry.blueprints import guard, refusals
from healthberry.core import codes, events, members, scope
from healthberry.mail import links, send
from healthberry.models.organisations import EmailCode, Member
from healthberry.models.owned import new_id

blueprint = Blueprint("reply_link", __name__)

PURPOSE = "reply"
_CODE_ID = "reply_code_id"
_EXPIRED = (
    f"This link is older than {links.REPLY_DAYS} days, so it no longer works. Sign in to find the conversation in the inbox."
)
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
def show(token: str) -> str | Response:
    """Lead its member to the composer when signed in; offer anybody else a code to the member's address."""
    link = links.read_reply_link(token)
    if _is_signed_in(link):
        return _to_composer(link, 302)
    return render_template("reply_link/show.html", token=token, problem=None)


@blueprint.post("/r/<token>")
def send_code(token: str) -> Response:
    """Send a code to the link's member. For one who has left, nothing is sent and the next page looks the same."""
    link = links.read_reply_link(token)
    member = _member(link)
    code_id = new_id()
    if member is not None:
        try:
            code_id = _post_code(member)
        except codes.TooMany as error:
            return make_response(render_template("reply_link/show.html", token=token, problem=error.reason), 429)
    session[_CODE_ID] = str(code_id)
    return redirect(url_for("reply_link.code", token=token), 303)


@blueprint.get("/r/<token>/code")
def code(token: str) -> str | Response:
    """Ask for the code."""
    link = links.read_reply_link(token)
    if _is_signed_in(link):
        return _to_composer(link, 302)
    return render_template("reply_link/code.html", token=token, errors={})


@blueprint.post("/r/<token>/code")
def check_code(token: str) -> Response:
    """Sign the link's member in if this is the code that was sent, and lead them to the composer."""
    link = links.read_reply_link(token)
    member = _member(link)
    try:
        used = codes.check(_code_id(), request.form.get("code", ""))
        if member is None or not _was_sent_to(used, member):
            raise codes.Refused("This code was sent for another link. Ask for a new one.", over=True)
    except codes.Refused as error:
        events.commit()  # a wrong try counts
        page = render_template("reply_link/code.html", token=token, errors={"code": error.reason})
        return make_response(page, 422)
    guard.sign_in(member)
    events.commit()
    return _to_composer(link, 303)


def _is_signed_in(link: links.ReplyLink) -> bool:
    if not current_user.is_authenticated:
        return False
    member = guard.member()
    return (member.organisation_id, member.id) == (link.organisation_id, link.member_id)


def _to_composer(link: links.ReplyLink, status: int) -> Response:
    return redirect(url_for("conversation.show", conversation_id=link.conversation_id, _anchor="reply"), status)


def _member(link: links.ReplyLink) -> Member | None:
    scope.enter(link.organisation_id)
    return members.present(link.organisation_id, link.member_id)


def _post_code(member: Member) -> UUID:
    issued = codes.ask(PURPOSE, member.email, str(member.organisation_id), request.remote_addr or "")
    events.commit()
    send.post(member.email, "code", {"code": issued.code, "name": member.name})
    return issued.id


def _code_id() -> UUID | None:
    try:
        return UUID(session.get(_CODE_ID, ""))
    except ValueError:
        return None


def _was_sent_to(used: EmailCode, member: Member) -> bool:
    found = (used.purpose, used.email, used.subject)
    return found == (PURPOSE, member.email, str(member.organisation_id))
