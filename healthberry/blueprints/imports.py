"""Uploading a file, answering what it leaves open, seeing what would become of it, importing it, taking it back."""

import json
from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from redis.exceptions import RedisError
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from healthberry.blueprints import guard
from healthberry.blueprints.render import render
from healthberry.core import channels, events, imports
from healthberry.core.errors import Conflict, Invalid
from healthberry.models.channels import Channel
from healthberry.models.imports import WORKING, Import

blueprint = Blueprint("imports", __name__)

_CHANNEL = "/channels/<uuid:channel_id>/imports"
_IMPORT = "/imports/<uuid:import_id>"
_FORM_BYTES = 64 * 1024  # what the form holds beside its file


@blueprint.url_value_preprocessor
def let_files_in(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Let this one form be as large as a file: it is said before anybody reads the form."""
    if endpoint == "imports.upload":
        request.max_content_length = imports.LARGEST_BYTES + _FORM_BYTES


@blueprint.get(_CHANNEL)
@guard.signed_in
@guard.needs("manage")
def index(channel_id: UUID) -> ResponseReturnValue:
    """Show the form for a file, and what was uploaded before."""
    return _channel_page(imports.channel_for(guard.member(), channel_id))


@blueprint.post(_CHANNEL)
@guard.signed_in
@guard.needs("manage")
def upload(channel_id: UUID) -> ResponseReturnValue:
    """Keep the file, and lead to where it is looked at."""
    member = guard.member()
    try:
        given = request.files.get("file")
        name, content = (given.filename or "", given.stream.read(imports.LARGEST_BYTES + 1)) if given else ("", b"")
        made = imports.upload(member, channel_id, name, content)
    except (Invalid, Conflict, RequestEntityTooLarge) as refusal:
        events.forget()
        channel = imports.channel_for(guard.member(), channel_id)
        reason = getattr(refusal, "reason", "") or "The file is too large."
        return _channel_page(channel, {"file": reason}), 409 if isinstance(refusal, Conflict) else 422
    import_id = made.id
    events.commit()
    return _to(import_id)


@blueprint.get(_IMPORT)
@guard.signed_in
@guard.needs("manage")
def show(import_id: UUID) -> ResponseReturnValue:
    """Show how it stands: it asks for itself while a worker is at it."""
    return _page(imports.find(guard.member(), import_id))


@blueprint.post(f"{_IMPORT}/answers")
@guard.signed_in
@guard.needs("manage")
def answer(import_id: UUID) -> ResponseReturnValue:
    """Take what was chosen for columns and questions."""
    member = guard.member()
    asked = [str(question["name"]) for question in imports.find(member, import_id).look.get("questions", [])]
    given = {name: request.form.get(name, "") for name in asked}
    try:
        imports.answer(member, import_id, given)
    except Invalid as invalid:
        events.forget()
        return _page(imports.find(guard.member(), import_id), given, {invalid.field: invalid.reason}, status=422)
    events.commit()
    return _to(import_id)


@blueprint.post(f"{_IMPORT}/change")
@guard.signed_in
@guard.needs("manage")
def change(import_id: UUID) -> ResponseReturnValue:
    """Go back to the questions."""
    imports.ask_again(guard.member(), import_id)
    events.commit()
    return _to(import_id)


@blueprint.post(f"{_IMPORT}/start")
@guard.signed_in
@guard.needs("manage")
def start(import_id: UUID) -> ResponseReturnValue:
    """Import it."""
    imports.start(guard.member(), import_id)
    events.commit()
    return _to(import_id)


@blueprint.post(f"{_IMPORT}/drop")
@guard.signed_in
@guard.needs("manage")
def drop(import_id: UUID) -> ResponseReturnValue:
    """Forget a file that was not imported."""
    channel_id = imports.drop(guard.member(), import_id)
    events.commit()
    flash("The file is deleted. Nothing of it was imported.")
    return redirect(url_for("imports.index", channel_id=channel_id), 303)


@blueprint.get(f"{_IMPORT}/undo")
@guard.signed_in
@guard.needs("manage")
def ask_undo(import_id: UUID) -> ResponseReturnValue:
    """Ask whether everything that came with it is to be erased."""
    found = imports.find(guard.member(), import_id)
    return render_template("imports/undo.html", found=found, channel=_channel(found), can_undo=imports.can_undo(found))


@blueprint.post(f"{_IMPORT}/undo")
@guard.signed_in
@guard.needs("manage")
@guard.proven(guard.RECENTLY)
def undo(import_id: UUID) -> ResponseReturnValue:
    """Take it back."""
    imports.undo(guard.member(), import_id)
    events.commit()
    return _to(import_id)


def _to(import_id: UUID) -> Response:
    return redirect(url_for("imports.show", import_id=import_id), 303)


def _channel(found: Import) -> Channel:
    return channels.find(found.organisation_id, found.channel_id)


def _channel_page(channel: Channel, errors: dict[str, str] | None = None) -> str:
    return render_template(
        "imports/index.html",
        channel=channel,
        imports=imports.imports_of(guard.member(), channel),
        largest=imports.LARGEST_BYTES,
        errors=errors or {},
    )


def _page(
    found: Import, given: dict[str, str] | None = None, errors: dict[str, str] | None = None, *, status: int = 200
) -> Response:
    return render(
        "imports/show.html",
        "imports/_import.html",
        status=status,
        found=found,
        channel=_channel(found),
        given=given or found.answers,
        errors=errors or {},
        working=found.state in WORKING,
        can_undo=imports.can_undo(found),
        progress=_progress(found),
    )


def _progress(found: Import) -> tuple[int, int] | None:
    """Return how many of how many rows are stored, None where nobody told."""
    if found.state != "importing":
        return None
    try:
        told = current_app.extensions["valkey"].get(imports.told_key(found.id))
    except RedisError:
        return None
    stored, total = json.loads(told) if told else (0, 0)
    return (stored, total) if total else None
