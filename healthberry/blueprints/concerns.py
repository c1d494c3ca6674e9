"""Restricting a conversation for what it says, and who is let in to read it."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from healthberry.blueprints.guard import member, needs, signed_in
from healthberry.core import concerns, conversations, events, grants, members, reading_rights
from healthberry.core.errors import Invalid
from healthberry.core.permissions import may, require

blueprint = Blueprint("concerns", __name__)
blueprint.record_once(lambda state: state.app.jinja_env.globals.update(concern_words=concerns.CONCERNS))

_URL = "/conversations/<uuid:conversation_id>/restricted"


@blueprint.get(_URL)
@signed_in
@needs("handle")
def show(conversation_id: UUID) -> ResponseReturnValue:
    """Show why it is restricted, and to administrators who may read it."""
    return _page(conversation_id)


@blueprint.post(_URL)
@signed_in
@needs("handle")
def mark(conversation_id: UUID) -> ResponseReturnValue:
    """Restrict it; the same again changes nothing."""
    try:
        concerns.mark(member(), conversation_id, request.form.get("concern", ""))
    except Invalid as invalid:
        events.forget()
        return _page(conversation_id, {invalid.field: invalid.reason}), 422
    events.commit()
    flash("Restricted. Only you and those whom an administrator lets in can read it now.")
    return _back(conversation_id)


@blueprint.post(_URL + "/lift")
@signed_in
@needs("manage")
def lift(conversation_id: UUID) -> ResponseReturnValue:
    """Show it to everybody again; the same again changes nothing."""
    concerns.lift(member(), conversation_id)
    events.commit()
    flash("The restriction is over.")
    return _back(conversation_id)


@blueprint.post(_URL + "/readers")
@signed_in
@needs("manage")
def give(conversation_id: UUID) -> ResponseReturnValue:
    """Let somebody read it; the same again changes nothing."""
    try:
        reader = UUID(request.form.get("reader", ""))
    except ValueError:
        return _page(conversation_id, {"reader": "Choose who may read it."}), 422
    try:
        grants.give(member(), reader, conversation_id)
    except Invalid as invalid:
        events.forget()
        return _page(conversation_id, {invalid.field: invalid.reason}), 422
    events.commit()
    flash("They may read it now.")
    return _back(conversation_id)


@blueprint.post("/people/<uuid:other_id>/reading")
@signed_in
@needs("manage")
def give_all(other_id: UUID) -> ResponseReturnValue:
    """Let somebody read all restricted conversations; the same again changes nothing."""
    grants.give(member(), other_id)
    events.commit()
    return redirect(url_for("people.index", done="reads"), 303)


@blueprint.post("/reading-grants/<uuid:grant_id>/end")
@signed_in
@needs("manage")
def end(grant_id: UUID) -> ResponseReturnValue:
    """Take it back; the same again changes nothing."""
    conversation_id = grants.end(member(), grant_id).conversation_id
    events.commit()
    if conversation_id is None:
        return redirect(url_for("people.index", done="reads_no_more"), 303)
    flash("They can't read it any more.")
    return _back(conversation_id)


def _page(conversation_id: UUID, errors: dict[str, str] | None = None) -> str:
    require(member(), "handle")
    conversation = conversations.find(member(), conversation_id)
    manages = may(member(), "manage")
    return render_template(
        "concerns/show.html",
        conversation=conversation,
        refused=reading_rights.refusal(member(), conversation),
        lasting=concerns.of_conversation(member(), conversation_id),
        readers=grants.of_conversation(member(), conversation_id) if manages else (),
        people=[one for one in members.everybody(member()) if one.level > 1] if manages else (),
        givers=grants.givers(conversation.organisation_id),
        errors=errors or {},
        given=request.form,
    )


def _back(conversation_id: UUID) -> Response:
    return redirect(url_for("concerns.show", conversation_id=conversation_id), 303)
