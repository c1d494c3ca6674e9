"""Facebook's public pages: a Page with what is written on it, and one post or comment with its answers."""

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox.state import here
from healthberry.sandbox.telling import Telling, Unusable
from healthberry.sandbox.views import missing

from . import graph
from .wall import Thing, Wall, find, wall

blueprint = Blueprint("facebook_pages", __name__, url_prefix="/facebook")


@blueprint.get("/pages/<place>")
def page(place: str) -> ResponseReturnValue:
    """Show a Page, with forms to comment, to post on it and to write to it."""
    return _page(place)


@blueprint.post("/pages/<place>")
def write(place: str) -> ResponseReturnValue:
    """Write on a Page, or to it, as a patient."""
    site, form = here().sites["facebook"], request.form
    text, author = form.get("text", "").replace("\r\n", "\n"), form.get("author", "").strip()
    try:
        if not text.strip():
            raise Unusable("Write something first.")
        telling = Telling(place, author, text, in_reply_to=form.get("in_reply_to") or None, more={"as": form.get("as")})
        with here().store.writing():
            ident = site.tell(here(), telling)
    except Unusable as refused:
        return _page(place, str(refused), text)
    return redirect(f"/facebook/permalink/{ident}", 303)


@blueprint.get("/permalink/<ident>")
def permalink(ident: str) -> ResponseReturnValue:
    """Show one post, comment or message, with all that hangs below it."""
    store = here().store
    if page := graph.page_of(store, ident):
        return redirect(f"/facebook/pages/{page['place']}", 303)
    found = find(store, ident)
    if found is None or found[1].state != "published":
        return missing()
    around, thing = found
    return render_template("facebook/thing.html", page=around.page, thing=thing, answers=_below(around, thing))


def _below(around: Wall, thing: Thing) -> list[Thing]:
    if thing.kind == "message":
        things = around.messages(thing.person)
    elif thing.kind == "comment":
        things = [one for one in around.comments(thing.post) if one.parent == thing.id]
    else:
        things = around.comments(thing.id)
    return [one for one in reversed(things) if one.state == "published" and one.id != thing.id]


def _page(place: str, problem: str = "", typed: str = "") -> ResponseReturnValue:
    if not here().sites["facebook"].accepts(place):
        return missing()
    found = wall(here().store, graph.pages_at(here().store, place))
    things = [one for one in found.of("own", "visitor", "tagged") if one.state == "published"][:20]
    comments = {one.id: [c for c in reversed(found.comments(one.id)) if c.state == "published"] for one in things}
    context = {"page": found.page, "things": things, "comments": comments, "problem": problem, "typed": typed}
    return render_template("facebook/page.html", **context), 422 if problem else 200
