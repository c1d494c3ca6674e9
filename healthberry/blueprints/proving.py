"""Proving that one acts for one's organisation: the ways, their state, and what each of them needs.

No connection to the database is held while a website or a name server is waited for.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from healthberry.blueprints import guard, known_browsers
from healthberry.connectors.site_proofs import FILE, LABEL, NotSeen
from healthberry.core import claims, codes, disputes, events, members, proving, published, sign_ins
from healthberry.core.codes import Refused
from healthberry.core.errors import Invalid
from healthberry.extensions import part
from healthberry.mail import send

blueprint = Blueprint("proving", __name__)

_URL = "/people/prove"
_PENDING = "proving_code"
_DONE = {
    "proved": "That worked. You may publish for your organisation now, for a year.",
    "kept": "That worked, and is kept. There is a dispute: HealthBerry decides, and sees what you proved.",
    "sent": "We have sent a code. Type it in below within 10 minutes.",
    "none": "We found no contact mailbox on the website of your organisation. Choose another way.",
    "objected": "HealthBerry decides, and tells you by e-mail.",
}


@blueprint.get(_URL)
@guard.signed_in
@guard.needs("own")
def index() -> ResponseReturnValue:
    """Show the ways, and how far the member has come."""
    return _page()


@blueprint.post(f"{_URL}/address")
@guard.signed_in
@guard.needs("own")
def ask_address() -> ResponseReturnValue:
    """Send a code to the member's own address at the organisation's web domain."""
    member = guard.member()
    return _send_code(proving.ADDRESS_CODE, proving.own_mailbox(member), "prove_address")


@blueprint.post(f"{_URL}/mailbox")
@guard.signed_in
@guard.needs("own")
def ask_mailbox() -> ResponseReturnValue:
    """Send a code to the mailbox that the organisation publishes; look for one first where nobody did lately."""
    member = guard.member()
    domain = proving.web_domain(member)
    if published.look_is_due(member.organisation_id):
        events.commit()
        try:
            found = part("site_proofs").contact_mailbox(domain)
        except NotSeen as reason:
            return _page({"mailbox": f"The website {domain} could not be read: {reason}."}), 422
        published.keep(guard.member().organisation_id, *found)
        events.commit()
    box = published.mailbox_of(guard.member().organisation_id)
    if box is None or not box.address:
        return _back("none")
    return _send_code(proving.MAILBOX_CODE, box.address, "prove_mailbox")


@blueprint.post(f"{_URL}/code")
@guard.signed_in
@guard.needs("own")
def check_code() -> ResponseReturnValue:
    """Check the code that was asked for in this browser; a wrong one counts."""
    member, pending = guard.member(), _pending()
    row = codes.find(pending) if pending else None
    before = row.tries if row else 0
    try:
        if not proving.is_mine(row, member):
            raise Refused("Ask for a code first.", over=True)
        may_publish = proving.check_code(member, codes.check(pending, request.form.get("code", "")[:40]))
    except Refused as refusal:
        if row is not None and row.tries > before:
            sign_ins.proof_refused(member)
        events.commit()
        return _page({"code": refusal.reason}), 422
    return _proved(may_publish)


@blueprint.post(f"{_URL}/dns")
@guard.signed_in
@guard.needs("own")
def look_at_domain() -> ResponseReturnValue:
    """Look for the record in the organisation's DNS."""
    return _look("dns", part("site_proofs").txt_records)


@blueprint.post(f"{_URL}/file")
@guard.signed_in
@guard.needs("own")
def look_at_website() -> ResponseReturnValue:
    """Look for the file on the organisation's website."""
    return _look("file", part("site_proofs").file_lines)


@blueprint.post(f"{_URL}/object")
@guard.signed_in
@guard.needs("own")
def object_to_refusal() -> ResponseReturnValue:
    """Object to an administrator's refusal: both wait for the operator's decision."""
    disputes.object_to(guard.member())
    events.commit()
    return _back("objected")


def _look(way: str, look: Callable[[str], Sequence[str]]) -> ResponseReturnValue:
    member = guard.member()
    claims.of_member(member)
    domain = proving.web_domain(member)
    events.commit()
    try:
        lines = look(domain)
        may_publish = proving.seen(guard.member(), way, lines)
    except NotSeen as reason:
        return _page({way: f"It could not be looked for at {domain}: {reason}."}), 422
    except Invalid as refusal:
        return _page({refusal.field: refusal.reason}), 422
    return _proved(may_publish)


def _send_code(purpose: str, address: str, template: str) -> Response:
    """Send a code; what the letter says tells whoever reads a shared mailbox what it would let somebody do."""
    member = guard.member()
    whose = {"subject": proving.subject_of(member), "browser": known_browsers.known_as(address)}
    issued = codes.ask(purpose, address, ip=request.remote_addr or "", **whose)
    context = {
        "code": f"{issued.code[:3]} {issued.code[3:]}",
        "minutes": codes.LIFE_SECONDS // 60,
        "person": member.name,
        "email": member.email,
        "organisation": members.organisation_of(member).name,
    }
    events.commit()
    send.post(address, template, context, useful_seconds=codes.LIFE_SECONDS)
    session[_PENDING] = str(issued.id)
    return _back("sent", "code")


def _pending() -> UUID | None:
    try:
        return UUID(session[_PENDING])
    except (KeyError, ValueError):
        return None


def _proved(may_publish: bool) -> Response:
    events.commit()
    session.pop(_PENDING, None)
    return _back("proved" if may_publish else "kept")


def _page(errors: dict[str, str] | None = None) -> str:
    member = guard.member()
    pending = _pending()
    waiting = codes.find(pending) if pending else None
    return render_template(
        "proving/index.html",
        standing=proving.standing(member),
        sent_to=waiting.email if waiting is not None and proving.is_mine(waiting, member) else "",
        file=FILE,
        label=LABEL,
        channels=proving.owned_channels(member),
        errors=errors or {},
        said=_DONE.get(request.args.get("done", ""), ""),
    )


def _back(done: str, anchor: str | None = None) -> Response:
    return redirect(url_for("proving.index", done=done, _anchor=anchor), 303)
