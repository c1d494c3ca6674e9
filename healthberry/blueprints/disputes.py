"""Disputes about who acts for an organisation: the operator sees both sides and what they proved, and decides."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from healthberry.blueprints.operator import operator_name, operator_only
from healthberry.core import disputes, events, scope
from healthberry.core.errors import Conflict, Invalid, NotFound

blueprint = Blueprint("disputes", __name__, url_prefix="/operator/disputes")


@blueprint.get("")
@operator_only
def index() -> ResponseReturnValue:
    """List those that wait, the oldest first, and the last that were decided."""
    return _page()


@blueprint.post("")
@operator_only
def decide() -> ResponseReturnValue:
    """Decide one, with a reason; those in it are told by e-mail."""
    try:
        organisation_id, dispute_id = (UUID(request.form.get(name, "")) for name in ("organisation", "dispute"))
    except ValueError as error:
        raise NotFound from error
    given = {name: request.form.get(name, "")[:2000] for name in ("winner", "reason")}
    try:
        disputes.decide(dispute_id, organisation_id, given["winner"], given["reason"], operator_name())
    except (Invalid, Conflict) as refusal:
        events.forget()
        field = refusal.field if isinstance(refusal, Invalid) else ""
        return _page({field: refusal.reason}, str(dispute_id)), 422
    events.commit()
    scope.leave()
    return redirect(url_for("disputes.index", done="decided"), 303)


def _page(errors: dict[str, str] | None = None, about: str = "") -> str:
    waiting, decided = disputes.listed(), disputes.listed(decided=True)
    scope.leave()
    return render_template(
        "operator/disputes.html",
        waiting=waiting,
        decided=decided,
        nobody=disputes.NOBODY,
        errors=errors or {},
        about=about,
        given=request.form,
        said="Decided. They have been told by e-mail." if request.args.get("done") == "decided" else "",
    )
