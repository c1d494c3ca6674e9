"""A published reply contained personal data: saying so, taking it down, and what was decided within 72 hours."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from healthberry.blueprints.guard import RECENTLY, member, needs, proven, signed_in
from healthberry.blueprints.refusals import on_form
from healthberry.core import channels, disclosures, events, organisations
from healthberry.core.disclosures import OUTCOMES, WHAT
from healthberry.core.errors import Conflict, Invalid
from healthberry.models.owned import now

blueprint = Blueprint("disclosures", __name__)

_ASK = "/conversations/<uuid:conversation_id>/messages/<uuid:message_id>/breach"
_ONE = "/breaches/<uuid:disclosure_id>"
_LONDON = ZoneInfo("Europe/London")


@blueprint.get(_ASK)
@signed_in
@needs("handle")
def ask(conversation_id: UUID, message_id: UUID) -> ResponseReturnValue:
    """Ask what the reply contained, and say what happens then."""
    return _question(conversation_id, message_id)


@blueprint.post(_ASK)
@signed_in
@needs("handle")
def report(conversation_id: UUID, message_id: UUID) -> ResponseReturnValue:
    """Have it taken down, and tell who answers for it; the same reply again leads to what was said of it."""
    form = request.form
    try:
        made = disclosures.report(
            member(), conversation_id, message_id, form.getlist("what"), _moment(form.get("found", ""))
        )
    except Invalid as invalid:
        events.forget()
        return _question(conversation_id, message_id, {invalid.field: invalid.reason}), 422
    disclosure_id = made.id
    events.commit()
    return redirect(url_for("disclosures.show", disclosure_id=disclosure_id), 303)


@blueprint.get(_ONE)
@signed_in
@needs("handle")
def show(disclosure_id: UUID) -> ResponseReturnValue:
    """Show the clock, how the taking down gets on, and what was decided."""
    return _page(disclosure_id)


@blueprint.post(_ONE + "/removed")
@signed_in
@needs("handle")
def removed(disclosure_id: UUID) -> ResponseReturnValue:
    """Note that somebody took it down by hand; again: nothing."""
    if request.form.get("sure") != "on":
        return _page(disclosure_id, {"sure": "Look at the site first, and confirm that it is gone there."}), 422
    disclosures.confirm_removed(member(), disclosure_id)
    events.commit()
    flash("Noted. Its words are gone from HealthBerry too.")
    return redirect(url_for("disclosures.show", disclosure_id=disclosure_id), 303)


@blueprint.post(_ONE + "/close")
@signed_in
@needs("manage")
@proven(RECENTLY)
def close(disclosure_id: UUID) -> ResponseReturnValue:
    """Note what was decided; the same again: nothing."""
    form = request.form
    try:
        disclosures.close(
            member(),
            disclosure_id,
            form.get("outcome", ""),
            ico_reference=form.get("ico_reference", ""),
            reason=form.get("reason", ""),
        )
    except (Invalid, Conflict) as refusal:
        errors, status = on_form(refusal)
        return _page(disclosure_id, errors), status
    events.commit()
    flash("Closed.")
    return redirect(url_for("disclosures.show", disclosure_id=disclosure_id), 303)


def _question(conversation_id: UUID, message_id: UUID, errors: dict[str, str] | None = None) -> str:
    message = disclosures.reply_of(member(), conversation_id, message_id)
    return render_template(
        "disclosures/ask.html",
        message=message,
        channel_of=disclosures.channel_of(member(), message),
        known=disclosures.of_conversation(member().organisation_id, conversation_id).get(message_id),
        kinds=WHAT,
        now=now().astimezone(_LONDON),
        errors=errors or {},
        given=request.form,
        chosen=request.form.getlist("what"),
    )


def _page(disclosure_id: UUID, errors: dict[str, str] | None = None) -> str:
    found = disclosures.find(member(), disclosure_id)
    return render_template(
        "disclosures/show.html",
        one=found,
        due=disclosures.due_at(found),
        hours=disclosures.hours_left(found),
        back=disclosures.is_back(found),
        late=disclosures.is_late(found),
        channel_of=channels.find(found.organisation_id, found.channel_id) if found.channel_id else None,
        details=organisations.details_of(found.organisation_id),
        kinds=WHAT,
        outcomes=OUTCOMES,
        errors=errors or {},
        given=request.form,
    )


def _moment(given: str) -> datetime | None:
    """Read what a browser sends of a moment in London; None for none. Raises: Invalid."""
    if not given:
        return None
    try:
        return datetime.fromisoformat(given).replace(tzinfo=_LONDON)
    except ValueError:
        raise Invalid("Give the moment at which it was found.", "found") from None
