"""Writing down what was said on the phone, on a card or at the desk."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from healthberry.blueprints import guard
from healthberry.core import events, writing_down
from healthberry.core.errors import Invalid
from healthberry.models.channels import Channel

blueprint = Blueprint("writing_down", __name__)

_URL = "/channels/<uuid:channel_id>/enter"
_FIELDS = ("said", "how", "day", "who", "site", "ward", "rating", "key")


@blueprint.get("/enter")
@guard.signed_in
@guard.needs("handle")
def start() -> ResponseReturnValue:
    """Lead to the form; where no such channel is linked yet, to the page that links one."""
    channel = writing_down.first_channel(guard.member())
    if channel is None:
        return redirect(url_for("linking.show", kind=writing_down.kinds()[0]), 303)
    return redirect(url_for("writing_down.show", channel_id=channel.id), 303)


@blueprint.get(_URL)
@guard.signed_in
@guard.needs("handle")
def show(channel_id: UUID) -> ResponseReturnValue:
    """Show the form, below what was written down last."""
    member = guard.member()
    channel = writing_down.channel_for(member, channel_id)
    try:
        last = writing_down.written(member, channel, UUID(request.args.get("done", "")))
    except ValueError:
        last = None
    return _page(channel, {"key": str(uuid4())}, last=last)


@blueprint.post(_URL)
@guard.signed_in
@guard.needs("handle")
def save(channel_id: UUID) -> ResponseReturnValue:
    """Store it; the same form again is the same conversation."""
    given = {name: request.form.get(name, "") for name in _FIELDS}
    try:
        conversation_id = writing_down.write_down(guard.member(), channel_id, given)
    except Invalid as invalid:
        events.forget()
        channel = writing_down.channel_for(guard.member(), channel_id)
        given["key"] = given["key"] if invalid.field else str(uuid4())
        return _page(channel, given, {invalid.field: invalid.reason}), 422
    events.commit()
    return redirect(url_for("writing_down.show", channel_id=channel_id, done=conversation_id), 303)


@blueprint.post(f"{_URL}/<uuid:conversation_id>/undo")
@guard.signed_in
@guard.needs("handle")
def undo(channel_id: UUID, conversation_id: UUID) -> ResponseReturnValue:
    """Take back what was written down; again: it stays so."""
    writing_down.take_back(guard.member(), channel_id, conversation_id)
    events.commit()
    flash("Taken back. Its words are not kept.")
    return redirect(url_for("writing_down.show", channel_id=channel_id), 303)


def _page(
    channel: Channel,
    given: dict[str, str],
    errors: dict[str, str] | None = None,
    last: writing_down.Written | None = None,
) -> str:
    return render_template(
        "writing_down/show.html",
        channel=channel,
        given=given,
        errors=errors or {},
        last=last,
        hows=writing_down.HOW,
        ratings=writing_down.RATINGS,
        sites=writing_down.sites_of(guard.member()),
        today=datetime.now(UTC).astimezone(writing_down.LONDON).date().isoformat(),
    )
