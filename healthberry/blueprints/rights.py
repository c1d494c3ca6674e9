"""What anybody may ask an organisation about their data, with no account: a form, a reference, and until when.

The answer is the same whatever is asked about: nothing is looked for here.
"""

import hmac
from typing import Any
from uuid import UUID, uuid4

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from healthberry.blueprints import guard
from healthberry.core import data_requests, events, organisations, scope
from healthberry.core.data_requests import KINDS, Asked
from healthberry.core.errors import Invalid
from healthberry.extensions import part

blueprint = Blueprint("rights", __name__)

_URL = "/rights/<uuid:organisation_id>"
_ASKED = "asked"  # what the browser that asked is told, and no other


@blueprint.get("/rights")
@guard.public
def index() -> str:
    """Say what people may ask, and find the organisation that they ask."""
    wanted = request.args.get("q", "").strip()[:100]
    found = organisations.named_like(wanted) if wanted else []
    return render_template("rights/index.html", wanted=wanted, found=found, item=request.args.get("item", "")[:500])


@blueprint.get(_URL)
@guard.public
def show(organisation_id: UUID) -> str:
    """Show the form of one organisation; with `item`, about what was published there."""
    return _page(organisation_id)


@blueprint.post(_URL)
@guard.public
def ask(organisation_id: UUID) -> ResponseReturnValue:
    """Take the request, and say under which reference; the same form again is the same request."""
    organisation = organisations.to_ask(organisation_id)
    given = request.form
    asked = Asked(given.get("kind", ""), given.get("about", ""), given.get("words", ""), given.get("contact", ""))
    try:
        made = data_requests.ask(organisation.id, asked, _key(organisation.id, given.get("key", "")))
    except Invalid as invalid:
        events.forget()
        return _page(organisation_id, {invalid.field: invalid.reason}), 422
    told = {"reference": made.reference, "kind": made.kind, "due": made.due_on.isoformat()}
    if made.acknowledge_by:
        told["acknowledge"] = made.acknowledge_by.isoformat()
    events.commit()
    session[_ASKED] = {"organisation": str(organisation_id), **told}
    return redirect(url_for("rights.received", organisation_id=organisation_id), 303)


@blueprint.get(_URL + "/received")
@guard.public
def received(organisation_id: UUID) -> ResponseReturnValue:
    """Say to whoever has just asked that it came, its reference and the day by which they get an answer."""
    asked: dict[str, str] = session.get(_ASKED) or {}
    if asked.get("organisation") != str(organisation_id):
        return redirect(url_for("rights.show", organisation_id=organisation_id), 303)
    organisation = organisations.to_ask(organisation_id)
    return render_template("rights/received.html", organisation=organisation, asked=asked, kinds=KINDS)


def _page(organisation_id: UUID, errors: dict[str, str] | None = None) -> str:
    organisation = organisations.to_ask(organisation_id)
    scope.enter(organisation.id)
    given: dict[str, Any] = dict(request.form) or {
        "about": request.args.get("item", "")[:500],
        "kind": request.args.get("kind", ""),
    }
    return render_template(
        "rights/show.html",
        organisation=organisation,
        details=organisations.details_of(organisation.id),
        kinds=KINDS,
        errors=errors or {},
        given=given,
        key=given.get("key") or str(uuid4()),
    )


def _key(organisation_id: UUID, given: str) -> UUID:
    """Make the request's id of the form's key and our own secret: nobody can tell, or take, another's."""
    told = organisation_id.bytes + (given or str(uuid4())).encode(errors="replace")
    return UUID(bytes=hmac.digest(part("settings").secret_key.encode(), told, "sha256")[:16])
