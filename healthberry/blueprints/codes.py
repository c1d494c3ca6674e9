"""The page where the six-digit code is typed, the link that stands in for it, and what a right code opens."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from healthberry.blueprints import entering, guard, known_browsers, leading
from healthberry.core import codes, events, members, scope, sign_ins
from healthberry.core.codes import Issued, Refused
from healthberry.extensions import part
from healthberry.mail import links, send
from healthberry.models.organisations import EmailCode, Member

blueprint = Blueprint("codes", __name__)

_PENDING, _NEXT = "code", "next"


def send_code(
    purpose: str, email: str, subject: str = "", *, name: str = "", wanted: str | None = None, browser: str = ""
) -> Response:
    """Send a code to `email` and lead to the page where it is typed; `wanted` is the local path to open afterwards.

    `browser` is what the asking one is called where it became known just now. Raises: TooMany.
    """
    browser = browser or known_browsers.known_as(email)
    issued = codes.ask(purpose, email, subject, request.remote_addr or "", name=name, browser=browser)
    known = _is_known(purpose, email)
    events.commit()
    _post(issued, email, known=known)
    session[_PENDING] = str(issued.id)
    session[_NEXT] = leading.local_path(wanted)
    return redirect(url_for("codes.show"), 303)


def _is_known(purpose: str, email: str) -> bool:
    if purpose == "signin":
        return bool(members.memberships_of(email))
    if purpose == "operator":
        return bool(part("settings").is_operator(email))
    return True


def send_code_to(member: Member, conversation_id: UUID) -> Response:
    """Send a code to the member's own address, nobody having typed it: for links in mails, by POST only.

    It opens this conversation at its composer, in whichever browser it is used. Raises: TooMany.
    """
    return send_code("reply", member.email, entering.reply_subject(member, conversation_id))


@blueprint.get("/code")
@guard.public
def show() -> ResponseReturnValue:
    """Ask for the code that was sent last from this browser."""
    row = _pending()
    return _page(row) if row else redirect(url_for("session.sign_in"), 303)


@blueprint.post("/code")
@guard.public
def check() -> ResponseReturnValue:
    """Check the typed code; a wrong one counts, and says how many tries are left."""
    row = _pending()
    before = row.tries if row else 0
    try:
        proven = codes.check(row.id if row else None, request.form.get("code", "")[:40])
    except Refused as refusal:
        _note(row, refusal, before)
        return _page(row, refusal), 422
    return _open(proven)


@blueprint.post("/code/again")
@guard.public
def again() -> ResponseReturnValue:
    """Send another code for the same purpose."""
    row = _pending()
    if row is None:
        return redirect(url_for("session.sign_in"), 303)
    return send_code(row.purpose, row.email, row.subject, name=row.name, wanted=session.get(_NEXT))


@blueprint.get("/code/<uuid:code_id>/<key>")
@guard.public
def show_link(code_id: UUID, key: str) -> ResponseReturnValue:
    """Show a button: mail scanners open links, and must not use the code up."""
    try:
        row = codes.find_by_link(code_id, key)
    except Refused as refusal:
        return _old_link(code_id, key, refusal)
    return render_template("signup/by_link.html", row=row, code_id=code_id, key=key)


@blueprint.post("/code/<uuid:code_id>/<key>")
@guard.public
def check_link(code_id: UUID, key: str) -> ResponseReturnValue:
    """Do what the code would have done."""
    try:
        proven = codes.check_link(code_id, key)
    except Refused as refusal:
        return _old_link(code_id, key, refusal)
    return _open(proven)


@blueprint.post("/code/<uuid:code_id>/<key>/again")
@guard.public
def again_by_link(code_id: UUID, key: str) -> ResponseReturnValue:
    """Send another code to whoever has read the mailbox, however many codes strangers asked for meanwhile."""
    row = codes.find_by_old_link(code_id, key)
    if row is None:
        return redirect(url_for("session.sign_in"), 303)
    browser = known_browsers.know(row.email)
    return send_code(row.purpose, row.email, row.subject, name=row.name, browser=browser)


def _old_link(code_id: UUID, key: str, refusal: Refused) -> ResponseReturnValue:
    row = codes.find_by_old_link(code_id, key)
    to = url_for("codes.again_by_link", code_id=code_id, key=key) if row else ""
    return _page(None, refusal, to), 410


def _open(proven: EmailCode) -> Response:
    """Enter what the code opens; the page that was asked for before is known only to the browser that asked for it."""
    mine = session.get(_PENDING) == str(proven.id)
    wanted = leading.local_path(session.get(_NEXT)) if mine else None
    return entering.enter(proven, wanted)


def _note(row: EmailCode | None, refusal: Refused, before: int) -> None:
    """Keep that a try counted, and write it down. What does not count is no guess, and could fill the log."""
    if row is not None and row.tries > before:
        sign_ins.refused(row.email, row.purpose, over=refusal.over)
    events.commit()
    scope.leave()


def _pending() -> EmailCode | None:
    try:
        return codes.find(UUID(session[_PENDING]))
    except (KeyError, ValueError):
        return None


def _page(row: EmailCode | None, refusal: Refused | None = None, again_url: str = "") -> str:
    errors = {refusal.field: refusal.reason} if refusal else {}
    again_url = again_url or (url_for("codes.again") if row else "")
    over = bool(refusal and refusal.over)
    return render_template("signup/code.html", row=row, errors=errors, over=over, again_url=again_url)


def _post(issued: Issued, email: str, *, known: bool) -> None:
    """An unknown address gets a mail as well, at the same moment, and only its owner learns what it says."""
    if not known:
        send.post(email, "no_account", {"signup_url": links.address("signup.index")})
        return
    by_link = links.address("codes.show_link", code_id=str(issued.id), key=issued.link_key)
    spaced = f"{issued.code[:3]} {issued.code[3:]}"
    context = {"code": spaced, "link": by_link, "minutes": codes.LIFE_SECONDS // 60}
    send.post(email, "code", context, useful_seconds=codes.LIFE_SECONDS)
