"""What a commissioner is shown of its providers: figures, and what is published."""

from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from healthberry.blueprints import guard
from healthberry.core import audit, commissioning, events

blueprint = Blueprint("providers", __name__)


@blueprint.get("/providers")
@guard.signed_in
@guard.needs("see_providers")
def index() -> ResponseReturnValue:
    """List the providers that signed up."""
    return render_template("providers/index.html", providers=commissioning.providers(guard.member()))


@blueprint.get("/providers/<uuid:provider_id>")
@guard.signed_in
@guard.needs("see_providers")
def show(provider_id: UUID) -> ResponseReturnValue:
    """Show one provider: a year of figures, and the published words, a page at a time. That it was read is noted."""
    member = guard.member()
    provider, figures = commissioning.provider(member, provider_id), commissioning.figures(member, provider_id)
    page = commissioning.published(member, provider_id, request.args.get("after", ""))
    audit.read_provider(member, provider_id, provider.name)
    events.commit()
    return render_template("providers/show.html", provider=provider, figures=figures, page=page)
