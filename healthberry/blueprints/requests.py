"""What people ask of a conversation beyond an answer: restricting it while that is assessed, and legal holds."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from healthberry.blueprints.guard import RECENTLY, member, needs, proven, signed_in
from healthberry.core import channels, conversations, erasing, events, holds, restricting
from healthberry.core.errors import Conflict, Invalid

blueprint = Blueprint("requests", __name__)

_URL = "/conversations/<uuid:conversation_id>/requests"


@blueprint.get(_URL)
@signed_in
@needs("manage")
def show(conversation_id: UUID) -> ResponseReturnValue:
    """Show what is asked of it, what holds it, and what was kept sealed."""
    return _page(conversation_id)


@blueprint.post(_URL + "/restrict")
@signed_in
@needs("manage")
def restrict(conversation_id: UUID) -> ResponseReturnValue:
    """Restrict the conversation, or all that one person wrote; the same again changes nothing."""
    wanted, reason = request.form.get("who", ""), request.form.get("reason", "")
    try:
        who = UUID(wanted) if wanted else None
        restricting.restrict(member(), conversation_id, who, reason)
    except (Invalid, ValueError) as error:
        events.forget()
        errors = {error.field: error.reason} if isinstance(error, Invalid) else {"who": "Choose what to restrict."}
        return _page(conversation_id, errors), 422
    events.commit()
    flash("Restricted. Only administrators see the words until you end it, or erase them.")
    return _back(conversation_id)


@blueprint.post("/restrictions/<uuid:restriction_id>/lift")
@signed_in
@needs("manage")
@proven(RECENTLY)
def lift_restriction(restriction_id: UUID) -> ResponseReturnValue:
    """Show again what was restricted; the same again changes nothing."""
    conversation_id = restricting.lift(member(), restriction_id).conversation_id
    events.commit()
    flash("The restriction is over.")
    return _back(conversation_id)


@blueprint.post(_URL + "/hold")
@signed_in
@needs("manage")
@proven(RECENTLY)
def hold(conversation_id: UUID) -> ResponseReturnValue:
    """Place a legal hold on the conversation, or on its whole channel; the same again changes nothing."""
    conversation = conversations.find(member(), conversation_id)
    only = None if request.form.get("what") == "channel" else conversation_id
    try:
        holds.place(member(), conversation.channel_id, only, request.form.get("why", ""))
    except (Invalid, Conflict) as refusal:
        events.forget()
        return _page(conversation_id, {"why": refusal.reason}), 422 if isinstance(refusal, Invalid) else 409
    events.commit()
    flash("The legal hold lasts until somebody lifts it. Nothing of it is let go meanwhile.")
    return _back(conversation_id)


@blueprint.post("/holds/<uuid:hold_id>/lift")
@signed_in
@needs("manage")
@proven(RECENTLY)
def lift_hold(hold_id: UUID) -> ResponseReturnValue:
    """Lift a hold, and forget what was kept for its sake alone; the same again changes nothing."""
    lifted = holds.lift(member(), hold_id)
    conversation_id = lifted.conversation_id
    events.commit()
    flash("The legal hold is lifted. What is too old goes in the next night.")
    return _back(conversation_id) if conversation_id else redirect(url_for("keeping.index"), 303)


def _page(conversation_id: UUID, errors: dict[str, str] | None = None) -> str:
    writers = erasing.writers(member(), conversation_id)
    conversation = conversations.find(member(), conversation_id)
    return render_template(
        "requests/show.html",
        conversation=conversation,
        channel_of=channels.find(conversation.organisation_id, conversation.channel_id),
        writers=[one for one in writers if one.author_id],
        restrictions=restricting.of_conversation(member(), conversation_id),
        holds=holds.of_conversation(member(), conversation_id),
        sealed=holds.sealed_words(member(), conversation_id),
        errors=errors or {},
        given=request.form,
    )


def _back(conversation_id: UUID) -> Response:
    return redirect(url_for("requests.show", conversation_id=conversation_id), 303)
