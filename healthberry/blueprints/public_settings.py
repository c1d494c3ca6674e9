"""The public page as its organisation sees it: channels, preview, the switch, and what is taken off."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from healthberry.blueprints.guard import RECENTLY, member, needs, proven, signed_in
from healthberry.core import conversations, events, members, public_items, public_pages
from healthberry.core.errors import Invalid

blueprint = Blueprint("public_settings", __name__)

_URL = "/settings/public"
_ONE = _URL + "/items/<uuid:conversation_id>"


@blueprint.get(_URL)
@signed_in
@needs("curate")
def index() -> ResponseReturnValue:
    """Show whether there is a public page, of which channels, and what was taken off."""
    return _page()


@blueprint.post(_URL)
@signed_in
@needs("manage")
@proven(RECENTLY)
def choose() -> ResponseReturnValue:
    """Decide which channels the page shows."""
    try:
        public_pages.choose(member(), request.form.getlist("channel"))
    except Invalid as invalid:
        events.forget()
        return _page({invalid.field: invalid.reason}), 422
    events.commit()
    flash("Saved.")
    return _back()


@blueprint.get(_URL + "/preview")
@signed_in
@needs("manage")
def preview() -> ResponseReturnValue:
    """Show what everybody sees, or would see."""
    return _preview()


@blueprint.post(_URL + "/on")
@signed_in
@needs("manage")
@proven(RECENTLY)
def switch_on() -> ResponseReturnValue:
    """Show the page to everybody; again: nothing."""
    try:
        public_pages.switch_on(member(), seen=request.form.get("seen") == "on")
    except Invalid as invalid:
        events.forget()
        return _preview({invalid.field: invalid.reason}), 422
    events.commit()
    flash("The public page is on. Anybody can read it now.")
    return _back()


@blueprint.post(_URL + "/off")
@signed_in
@needs("manage")
def switch_off() -> ResponseReturnValue:
    """Show the page to nobody; again: nothing."""
    public_pages.switch_off(member())
    events.commit()
    flash("The public page is off.")
    return _back()


@blueprint.get(_ONE)
@signed_in
@needs("curate")
def show(conversation_id: UUID) -> ResponseReturnValue:
    """Say whether one conversation stands on the public page."""
    found = conversations.find(member(), conversation_id)
    page = public_pages.find(member().organisation_id)
    return render_template(
        "public_settings/show.html",
        conversation=found,
        page=page,
        item=public_items.of_conversation(page, found.id) if page else None,
        taken_off=public_items.is_taken_off(member(), conversation_id),
    )


@blueprint.post(_ONE + "/remove")
@signed_in
@needs("curate")
def remove(conversation_id: UUID) -> ResponseReturnValue:
    """Take it off the public page; again: nothing."""
    public_pages.take_off(member(), conversation_id)
    events.commit()
    flash("It is off the public page. You can put it back here.")
    return redirect(url_for("public_settings.show", conversation_id=conversation_id), 303)


@blueprint.post(_ONE + "/back")
@signed_in
@needs("curate")
def put_back(conversation_id: UUID) -> ResponseReturnValue:
    """Let it stand on the public page again; again: nothing."""
    public_pages.put_back(member(), conversation_id)
    events.commit()
    flash("It may stand on the public page again.")
    return redirect(url_for("public_settings.show", conversation_id=conversation_id), 303)


def _page(errors: dict[str, str] | None = None) -> str:
    page = public_pages.find(member().organisation_id)
    channels = public_pages.possible_channels(member())
    ready = public_pages.is_possible(member().organisation_id)
    return render_template(
        "public_settings/index.html",
        organisation=members.organisation_of(member()),
        page=page,
        channels=channels,
        ready=ready,
        removed=public_pages.removed(member()),
        errors=errors or {},
    )


def _preview(errors: dict[str, str] | None = None) -> str:
    page = public_pages.find(member().organisation_id)
    return render_template(
        "public_settings/preview.html",
        organisation=members.organisation_of(member()),
        page=page,
        listed=public_items.listed(page, request.args.get("after", "")) if page else None,
        errors=errors or {},
    )


def _back() -> Response:
    return redirect(url_for("public_settings.index"), 303)
