"""Erasing what somebody wrote because they asked for it: the question with what would go, and the certificate."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from healthberry.blueprints.guard import RECENTLY, member, needs, proven, signed_in
from healthberry.blueprints.refusals import on_form
from healthberry.blueprints.render import render
from healthberry.core import erasing, events, members
from healthberry.core.errors import Conflict, Invalid

blueprint = Blueprint("erasing", __name__)

_ASK = "/conversations/<uuid:conversation_id>/erase"
_CERTIFICATE = "/erasures/<uuid:erasure_id>"


@blueprint.get(_ASK)
@signed_in
@needs("manage")
def ask(conversation_id: UUID) -> ResponseReturnValue:
    """Ask who it was, where several wrote; then show what would be erased, and ask for the reference."""
    return _page(conversation_id, _chosen(request.args.get("who", "")))


@blueprint.post(_ASK)
@signed_in
@needs("manage")
@proven(RECENTLY)
def erase(conversation_id: UUID) -> ResponseReturnValue:
    """Have it erased; the same request again leads to the certificate of the first."""
    form, who = request.form, _chosen(request.form.get("who", ""))
    try:
        if who is None:
            raise Invalid("Choose who asked for it.", "who")
        if form.get("confirm") != "on":
            raise Invalid("Confirm that you have checked the request. This cannot be undone.", "confirm")
        made = erasing.begin(
            member(),
            conversation_id,
            who,
            reference=form.get("reference", ""),
            reason=form.get("reason", ""),
            answers=form.get("answers") == "on",
            notes=form.get("notes") == "on",
        )
    except (Invalid, Conflict) as refusal:
        errors, status = on_form(refusal)
        return _page(conversation_id, who, errors), status
    erasure_id = made.id
    events.commit()
    return redirect(url_for("erasing.show", erasure_id=erasure_id), 303)


@blueprint.get(_CERTIFICATE)
@signed_in
@needs("manage")
def show(erasure_id: UUID) -> Response:
    """Show the certificate; while a worker is at it, how far it is."""
    return render("erasing/show.html", "erasing/_certificate.html", **_certificate(erasure_id))


@blueprint.get(_CERTIFICATE + "/certificate.txt")
@signed_in
@needs("manage")
def as_text(erasure_id: UUID) -> Response:
    """Download the certificate as plain text."""
    return _download(erasure_id, "txt", "text/plain; charset=utf-8")


@blueprint.get(_CERTIFICATE + "/certificate.html")
@signed_in
@needs("manage")
def as_html(erasure_id: UUID) -> Response:
    """Download the certificate as a page of its own."""
    return _download(erasure_id, "html", "text/html; charset=utf-8")


def _download(erasure_id: UUID, ending: str, content_type: str) -> Response:
    context = _certificate(erasure_id)
    if context["erasure"].finished_at is None:
        raise Conflict("It is still being erased. There is a certificate when it is done.")
    response = make_response(render_template(f"erasing/certificate.{ending}", **context).strip() + "\n")
    response.headers["Content-Type"] = content_type
    response.headers["Content-Disposition"] = f'attachment; filename="erasure-{erasure_id}.{ending}"'
    return response


def _certificate(erasure_id: UUID) -> dict[str, Any]:
    erasure, channel = erasing.find(member(), erasure_id)
    organisation = members.organisation_of(member())
    return {"erasure": erasure, "channel_of": channel, "organisation": organisation, "made": made}


def made(moment: datetime) -> str:
    """Return a moment as a certificate says it: in UTC, to the minute, the same wherever it is read."""
    return f"{moment:%d %B %Y, %H:%M} UTC"


def _chosen(given: str) -> UUID | None:
    try:
        return UUID(given)
    except ValueError:
        return None


def _page(conversation_id: UUID, who: UUID | None, errors: dict[str, str] | None = None) -> str:
    writers = erasing.writers(member(), conversation_id)
    if who is None and len(writers) == 1:
        who = writers[0].id
    known = who is not None and who in {one.id for one in writers}
    return render_template(
        "erasing/ask.html",
        conversation_id=conversation_id,
        writers=writers,
        preview=erasing.preview(member(), conversation_id, who) if known and who else None,
        errors=errors or {},
        given=request.form or request.args,
    )
