"""What people said about an organisation in public and what it answered, for anybody, where it wishes to show that.

Everybody is shown the same, and nobody is noted: whoever is signed in reads it like a stranger (guard.load).
"""

from typing import Final
from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from healthberry.blueprints import guard
from healthberry.core import public_items, public_pages
from healthberry.extensions import part

blueprint = Blueprint("public_pages", __name__)

_URL = "/public/<uuid:organisation_id>"
# By whoever has read it, and for a minute: what is taken off is shown to nobody else from that moment on.
_KEPT: Final = "private, max-age=60"


@blueprint.get(_URL)
@guard.public
def index(organisation_id: UUID) -> ResponseReturnValue:
    """Show what was said and answered, the newest first, a page at a time."""
    organisation, page = public_pages.opened(organisation_id)
    name, since = organisation.name, page.on_since
    found = public_items.listed(page, request.args.get("after", ""))
    shown = {"listed": found, "organisation_id": organisation_id, "name": name, "since": since}
    return _kept(render_template("public_pages/index.html", **shown, ask=_ask))


@blueprint.get(_URL + "/<token>")
@guard.public
def show(organisation_id: UUID, token: str) -> ResponseReturnValue:
    """Show one of them."""
    organisation, page = public_pages.opened(organisation_id)
    name, item = organisation.name, public_items.find(page, token)
    shown = {"item": item, "organisation_id": organisation_id, "name": name}
    return _kept(render_template("public_pages/show.html", **shown, ask=_ask))


def _ask(organisation_id: UUID, token: str, kind: str) -> str:
    """Return the address of the form for what people ask, filled in with this item."""
    address = part("settings").public_url.rstrip("/") + url_for(
        "public_pages.show", organisation_id=organisation_id, token=token
    )
    return url_for("rights.show", organisation_id=organisation_id, item=address, kind=kind)


def _kept(page: str) -> Response:
    response = make_response(page)
    response.headers["Cache-Control"] = _KEPT
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response
