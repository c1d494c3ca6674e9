"""Filters against noise: the rules of a channel, blocked authors, and what people's marks teach."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from healthberry.blueprints import listing
from healthberry.blueprints.guard import member, needs, signed_in
from healthberry.core import conversations, events, noise, noise_lessons
from healthberry.core.errors import Invalid
from healthberry.core.inbox import View
from healthberry.core.permissions import require

blueprint = Blueprint("noise", __name__)

_URL = "/channels/<uuid:channel_id>/filters"


@blueprint.get(_URL)
@signed_in
@needs("handle")
def show(channel_id: UUID) -> ResponseReturnValue:
    """Show the channel's rules, what is suggested, and how much was set aside."""
    return _page(channel_id, {})


@blueprint.post(_URL)
@signed_in
@needs("handle")
def add(channel_id: UUID) -> ResponseReturnValue:
    """Add words that must or must not occur; those that are there stay once."""
    kind, words = request.form.get("kind", ""), request.form.get("words", "")
    try:
        added = noise.add(member(), channel_id, kind, words.splitlines())
    except Invalid as invalid:
        events.forget()
        return _page(channel_id, {invalid.field or "words": invalid.reason}, kind=kind, words=words), 422
    events.commit()
    flash("Nothing new: these filters are there already." if added == 0 else "The filter holds from now on.")
    return redirect(url_for("noise.show", channel_id=channel_id), 303)


@blueprint.post(_URL + "/<uuid:rule_id>/remove")
@signed_in
@needs("handle")
def remove(channel_id: UUID, rule_id: UUID) -> ResponseReturnValue:
    """Remove a rule, and bring back what it set aside."""
    back = noise.remove(member(), channel_id, rule_id)
    events.commit()
    brought = {0: "", 1: " One conversation is back in the inbox."}.get(back, f" {back:,} are back in the inbox.")
    flash(f"Filter removed.{brought}")
    return redirect(url_for("noise.show", channel_id=channel_id), 303)


@blueprint.post(_URL + "/refuse")
@signed_in
@needs("handle")
def refuse(channel_id: UUID) -> ResponseReturnValue:
    """Suggest this phrase no more."""
    noise_lessons.refuse(member(), channel_id, request.form.get("phrase", ""))
    events.commit()
    return redirect(url_for("noise.show", channel_id=channel_id), 303)


@blueprint.get("/conversations/<uuid:conversation_id>/block")
@signed_in
@needs("handle")
def ask_block(conversation_id: UUID) -> ResponseReturnValue:
    """Ask whether all that this author writes is to be set aside."""
    require(member(), "handle")
    conversation = conversations.readable(member(), conversation_id)
    return render_template("noise/block.html", conversation=conversation)


@blueprint.post("/conversations/<uuid:conversation_id>/block")
@signed_in
@needs("handle")
def block(conversation_id: UUID) -> ResponseReturnValue:
    """Set aside what this author wrote and will write on this channel. Again: it stays so."""
    noise.block(member(), conversation_id)
    events.commit()
    flash("The author is blocked on this channel. What they write is set aside.")
    return redirect(listing.conversation_address(View(), conversation_id), 303)


def _page(channel_id: UUID, errors: dict[str, str], **given: str) -> str:
    channel, rules = noise.listed(member(), channel_id)
    return render_template(
        "noise/index.html",
        channel=channel,
        rules=rules,
        suggestions=noise_lessons.suggestions(member(), channel_id),
        errors=errors,
        given=given,
    )
