"""The inbox: the list of conversations, narrowed, searched and paged."""

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from healthberry.blueprints import listing
from healthberry.blueprints.guard import member, needs, signed_in
from healthberry.blueprints.render import render, wants_part
from healthberry.core import inbox
from healthberry.core.errors import NotAllowed
from healthberry.core.inbox import View
from healthberry.core.permissions import may

blueprint = Blueprint("inbox", __name__)
blueprint.add_app_template_global(listing.conversation_address)
blueprint.add_app_template_global(listing.inbox_address)
blueprint.add_app_template_global(listing.reply_address)
blueprint.add_app_template_global(listing.stream_address)


def _lead_commissioners(refusal: NotAllowed) -> Response:
    """Lead who sees providers alone to these: every way in ends at the inbox."""
    if may(member(), "see_providers"):
        return redirect(url_for("providers.index"), 303)
    raise refusal


@blueprint.get("/inbox")
@signed_in
@needs("read", refused=_lead_commissioners)
def index() -> Response:
    """Show the list, the rest of it, or (where the conversation beside it is left) the place that it leaves."""
    view = View.from_args(request.args)
    after = request.args.get("after", "")
    context = listing.list_context(view, after)
    if after or not wants_part():
        return render("inbox/index.html", "inbox/_rows.html", page=None, **context)
    if request.headers.get("HX-Target", "").endswith("#main"):
        beside = ("conversation/_details.html", "inbox/_stream.html")
        return render("inbox/index.html", "inbox/_placeholder.html", beside, page=None, alone=True, **context)
    return _narrowed(view, context)


def _narrowed(view: View, context: dict[str, Any]) -> Response:
    """Answer with the rows of another view, and with every address on the page that names the view."""
    open_id = listing.open_conversation_id()
    others = ["inbox/_chips.html", "inbox/_stream.html"]
    if open_id is not None:
        others.append("conversation/_nav.html")
        context |= nav_context(view, open_id)
    response = render("inbox/index.html", "inbox/_list_body.html", others, open_id=open_id, **context)
    address = listing.conversation_address(view, open_id) if open_id else listing.inbox_address(view)
    typing = request.headers.get("HX-Source", "").endswith("#search")
    response.headers["HX-Replace-Url" if typing else "HX-Push-Url"] = address
    return response


def nav_context(view: View, conversation_id: UUID) -> dict[str, Any]:
    """Return the conversations above and below this one in the list."""
    newer, older = inbox.neighbours(member(), view, conversation_id)
    return {"view": view, "newer": newer, "older": older}
