"""The public pages of sites that keep no tables of their own: an organisation, an item, and where staff answer."""

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from . import simple_store as kept
from .simple import SimpleSite
from .state import here
from .telling import Unusable
from .views import missing

blueprint = Blueprint("simple_pages", __name__, url_prefix="/sites")


@blueprint.get("/<kind>/places/<path:place>")
def organisation(kind: str, place: str) -> ResponseReturnValue:
    """Show what was said about an organisation."""
    site = _site(kind)
    if not site.accepts(place):
        return missing()
    lines = site.newest(here(), place)
    return render_template("simple/place.html", site=site, place=site.place_key(place), lines=lines)


@blueprint.get("/<kind>/items/<path:remote_id>")
def item(kind: str, remote_id: str) -> ResponseReturnValue:
    """Show an item with its answers, and the form in which staff answer."""
    return _item(_site(kind), remote_id)


@blueprint.post("/<kind>/responses/<path:remote_id>")
def respond(kind: str, remote_id: str) -> ResponseReturnValue:
    """Take an answer from the organisation."""
    site, text = _site(kind), request.form.get("text", "").replace("\r\n", "\n")
    if not site.answers_on_site:
        return missing()
    try:
        site.answer(here(), remote_id, text, request.form.get("author", "").strip())
    except Unusable as refused:
        return _item(site, remote_id, str(refused), text)
    return redirect(f"{site.address(here(), remote_id)}#answers", 303)


def _item(site: SimpleSite, remote_id: str, problem: str = "", typed: str = "") -> ResponseReturnValue:
    store = here().store
    found = kept.visible_item(store, site.kind, remote_id)
    if found is None:
        return missing()
    answers = kept.replies(store, site.kind, remote_id, published_only=False)
    shown = [row for row in answers if row["published_at"] <= store.now()]
    page = render_template(
        "simple/item.html",
        site=site,
        item=found,
        address=site.address(here(), remote_id),
        answers=shown,
        waiting=len(answers) - len(shown),
        problem=problem,
        typed=typed,
    )
    return page, 422 if problem else 200


def _site(kind: str) -> SimpleSite:
    site = here().sites.get(kind)
    if not isinstance(site, SimpleSite):
        abort(404)
    return site
