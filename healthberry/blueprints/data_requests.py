"""Settings: what people asked about their data, until when it is answered, and what is done about it."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from healthberry.blueprints import colleague_files, subject_files
from healthberry.blueprints.guard import RECENTLY, member, needs, proven, signed_in
from healthberry.blueprints.refusals import on_form
from healthberry.core import (
    colleague_copies,
    data_matches,
    data_requests,
    disclosures,
    events,
    extending,
    organisations,
    preferences,
    restricting,
    subject_copies,
)
from healthberry.core.data_matches import Match
from healthberry.core.data_requests import KINDS, OUTCOMES, Asked
from healthberry.core.errors import Conflict, Invalid, NotFound
from healthberry.models.keeping import Restriction
from healthberry.models.rights import DataRequest

blueprint = Blueprint("data_requests", __name__)

_URL = "/settings/requests"
_ONE = _URL + "/<uuid:request_id>"


@blueprint.get(_URL)
@signed_in
@needs("manage")
def index() -> ResponseReturnValue:
    """Show the requests with the days by which they are due, and replies that said too much."""
    return _list()


@blueprint.post(_URL)
@signed_in
@needs("manage")
def write_down() -> ResponseReturnValue:
    """Write down a request that came another way."""
    given = request.form
    asked = Asked(given.get("kind", ""), given.get("about", ""), given.get("words", ""), given.get("contact", ""))
    try:
        made = data_requests.write_down(member(), asked, _day(given.get("received", "")))
    except Invalid as invalid:
        events.forget()
        return _list({invalid.field: invalid.reason}), 422
    request_id = made.id
    events.commit()
    return redirect(url_for("data_requests.show", request_id=request_id), 303)


@blueprint.post(_URL + "/contact")
@signed_in
@needs("manage")
@proven(RECENTLY)
def save_contact() -> ResponseReturnValue:
    """Save who answers for data protection."""
    try:
        preferences.save_data_contact(member(), request.form.get("dpo_name", ""), request.form.get("dpo_email", ""))
    except Invalid as invalid:
        events.forget()
        return _list({invalid.field: invalid.reason}), 422
    events.commit()
    flash("Saved.")
    return redirect(url_for("data_requests.index"), 303)


@blueprint.get(_ONE)
@signed_in
@needs("manage")
def show(request_id: UUID) -> ResponseReturnValue:
    """Show one request, what may be theirs, and what can be done."""
    return _page(request_id)


@blueprint.post(_ONE + "/acknowledge")
@signed_in
@needs("manage")
def acknowledge(request_id: UUID) -> ResponseReturnValue:
    """Note that whoever asked was written to; again: nothing."""
    data_requests.acknowledge(member(), request_id)
    events.commit()
    flash("Noted.")
    return redirect(url_for("data_requests.show", request_id=request_id), 303)


@blueprint.post(_ONE + "/extend")
@signed_in
@needs("manage")
@proven(RECENTLY)
def extend(request_id: UUID) -> ResponseReturnValue:
    """Put off the day of the answer by two months, once, and tell whoever asked; again: nothing."""
    given = request.form
    try:
        made = extending.extend(member(), request_id, given.get("extension", ""), told=given.get("told") == "on")
    except (Invalid, Conflict) as refusal:
        errors, status = on_form(refusal)
        return _page(request_id, errors), status
    said = "They are told by e-mail." if made.contact else "You have told them."
    events.commit()
    flash(f"Extended. {said}")
    return redirect(url_for("data_requests.show", request_id=request_id), 303)


@blueprint.post(_ONE + "/restrict")
@signed_in
@needs("manage")
def restrict(request_id: UUID) -> ResponseReturnValue:
    """Restrict what one person wrote while their request is assessed; again: nothing."""
    found = data_requests.find(member(), request_id)
    try:
        match = data_matches.chosen(member(), found.about, request.form.get("who", ""))
        who = match.writer.id if match.writer.author_id else None
        restricting.restrict(member(), match.conversation_id, who, _reason(found.reference))
    except Invalid as invalid:
        events.forget()
        return _page(request_id, {invalid.field: invalid.reason}), 422
    data_requests.step(member(), found, "data_request_restricted")
    events.commit()
    flash("Restricted. Only administrators see the words until you end it, or erase them.")
    return redirect(url_for("data_requests.show", request_id=request_id), 303)


@blueprint.post(_ONE + "/restrictions/<uuid:restriction_id>/end")
@signed_in
@needs("manage")
@proven(RECENTLY)
def end_restriction(request_id: UUID, restriction_id: UUID) -> ResponseReturnValue:
    """Show again what was restricted for a request; again: nothing."""
    found = data_requests.find(member(), request_id)
    if restricting.find(member(), restriction_id).lifted_at is None:
        if all(one.id != restriction_id for one in _restricted(found, _matches(found))):
            raise NotFound  # it is not about this request
        restricting.lift(member(), restriction_id)
        data_requests.step(member(), found, "data_request_unrestricted")
    events.commit()
    flash(
        "The restriction is ended. Everybody who reads here sees the words again, unless something else restricts them."
    )
    return redirect(url_for("data_requests.show", request_id=request_id), 303)


@blueprint.post(_ONE + "/copy")
@signed_in
@needs("manage")
@proven(RECENTLY)
def copy(request_id: UUID) -> ResponseReturnValue:
    """Give what is held of one person as a ZIP file; that it was taken, and why, is written down."""
    given = request.form
    try:
        made = subject_copies.make(
            member(), request_id, given.get("who", ""), given.get("reason", ""), with_notes=given.get("notes") == "on"
        )
    except (Invalid, Conflict) as refusal:
        errors, status = on_form(refusal)
        return _page(request_id, errors), status
    body, name = subject_files.zipped(made), f"{made.request.reference}.zip"
    events.commit()
    return _file(body, name)


@blueprint.post(_ONE + "/account")
@signed_in
@needs("manage")
@proven(RECENTLY)
def copy_account(request_id: UUID) -> ResponseReturnValue:
    """Give what is held of a colleague's account as a ZIP file; that it was taken, and why, is written down."""
    given = request.form
    try:
        made = colleague_copies.make(member(), request_id, given.get("colleague", ""), given.get("account_reason", ""))
    except Invalid as refusal:
        events.forget()
        field = "account_reason" if refusal.field == "reason" else refusal.field
        return _page(request_id, {field: refusal.reason}), 422
    body, name = colleague_files.zipped(made), f"{made.request.reference}-account.zip"
    events.commit()
    return _file(body, name)


@blueprint.post(_ONE + "/close")
@signed_in
@needs("manage")
@proven(RECENTLY)
def close(request_id: UUID) -> ResponseReturnValue:
    """End a request, and tell whoever asked if that is wanted; ended the same way again: nothing."""
    given = request.form
    try:
        data_requests.close(
            member(), request_id, given.get("outcome", ""), given.get("answer", ""), tell=given.get("tell") == "on"
        )
    except (Invalid, Conflict) as refusal:
        errors, status = on_form(refusal)
        return _page(request_id, errors), status
    events.commit()
    flash("Closed.")
    return redirect(url_for("data_requests.show", request_id=request_id), 303)


def _list(errors: dict[str, str] | None = None) -> str:
    return render_template(
        "data_requests/index.html",
        requests=data_requests.listed(member()),
        breaches=[(one, disclosures.hours_left(one), disclosures.is_late(one)) for one in disclosures.listed(member())],
        details=organisations.details_of(member().organisation_id),
        today=data_requests.today(),
        kinds=KINDS,
        errors=errors or {},
        given=request.form,
    )


def _page(request_id: UUID, errors: dict[str, str] | None = None) -> str:
    found = data_requests.find(member(), request_id)
    matches = _matches(found)
    return render_template(
        "data_requests/show.html",
        one=found,
        matches=matches,
        colleagues=[] if found.closed_at else colleague_copies.find(member(), found),
        steps=data_requests.steps(found),
        erasures=data_requests.erasures(found),
        restrictions=_restricted(found, matches),
        told_by=extending.first_month(found) if extending.is_possible(found) else None,
        later=extending.last_day(found),
        today=data_requests.today(),
        kinds=KINDS,
        outcomes=OUTCOMES,
        errors=errors or {},
        given=request.form,
    )


def _matches(found: DataRequest) -> Sequence[Match]:
    return [] if found.closed_at or found.forgotten_at else data_matches.find(member(), found.about)


def _restricted(found: DataRequest, matches: Sequence[Match]) -> Sequence[Restriction]:
    """Return what lasts under this request's reference, and on whatever may be theirs."""
    ours = restricting.listed(member(), Restriction.reason == _reason(found.reference))
    there = restricting.at_writers(member(), [(one.conversation_id, one.writer.author_id) for one in matches])
    return list({one.id: one for one in (*ours, *there)}.values())


def _file(body: bytes, name: str) -> Response:
    response = Response(body, mimetype="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _reason(reference: str) -> str:
    return f"Request {reference}"


def _day(given: str) -> date | None:
    if not given:
        return None
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise Invalid("Give the day on which it came.", "received") from None
