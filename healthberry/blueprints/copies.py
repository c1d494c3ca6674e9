"""The same story on two sites: joined and parted by hand."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from healthberry.blueprints import listing
from healthberry.blueprints.guard import member, needs, signed_in
from healthberry.core import conversations, copies_by_hand, events
from healthberry.core.errors import Invalid, NotFound
from healthberry.core.inbox import View

blueprint = Blueprint("copies", __name__)

_URL = "/conversations/<uuid:conversation_id>"


@blueprint.get(_URL + "/same")
@signed_in
@needs("handle")
def choose(conversation_id: UUID) -> ResponseReturnValue:
    """Offer what may be the same story on another site."""
    return _page(conversation_id, {})


@blueprint.post(_URL + "/same")
@signed_in
@needs("handle")
def join(conversation_id: UUID) -> ResponseReturnValue:
    """Show the two as one; without a choice, the question is asked again."""
    try:
        other = UUID(request.form.get("other", ""))
        shown = copies_by_hand.join(member(), conversation_id, other)
    except (ValueError, NotFound):
        conversations.find(member(), conversation_id)
        return _page(conversation_id, {"other": "Choose the same story on another site."}), 422
    except Invalid as invalid:
        return _page(conversation_id, {"other": invalid.reason}), 422
    events.commit()
    flash("Shown as one from now on.")
    return redirect(listing.conversation_address(View(), shown), 303)


@blueprint.post(_URL + "/part")
@signed_in
@needs("handle")
def part(conversation_id: UUID) -> ResponseReturnValue:
    """Show them apart again; a second time: they stay so."""
    copies_by_hand.part(member(), conversation_id)
    events.commit()
    flash("Shown apart from now on.")
    return redirect(listing.conversation_address(View(), conversation_id), 303)


def _page(conversation_id: UUID, errors: dict[str, str]) -> str:
    return render_template(
        "conversation/same.html",
        conversation=conversations.find(member(), conversation_id),
        offers=copies_by_hand.offers(member(), conversation_id),
        errors=errors,
    )
