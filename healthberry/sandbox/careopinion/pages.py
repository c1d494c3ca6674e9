"""Care Opinion's public pages: a story, and where staff respond by hand."""

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox.config import chance
from healthberry.sandbox.places import code_key, service_name
from healthberry.sandbox.state import Sandbox, here
from healthberry.sandbox.telling import Unusable
from healthberry.sandbox.views import missing

from . import store as stories

blueprint = Blueprint("careopinion_pages", __name__, url_prefix="/careopinion")


@blueprint.get("/login")
def careopinion_login() -> ResponseReturnValue:
    """Show the page that callers with a bad key are sent to."""
    return render_template("careopinion/login.html")


@blueprint.get("/<int:number>")
def story(number: int) -> ResponseReturnValue:
    """Show a story with its responses, and the form in which staff respond."""
    return _story(number)


def _story(number: int, problem: str = "", typed: str = "") -> ResponseReturnValue:
    store = here().store
    found = stories.story(store, number) if number < 2**63 else None
    if found is None:
        return missing()
    responses = stories.responses(store, number, published_only=False)
    shown = [row for row in responses if row["published_at"] <= store.now()]
    name = service_name(store, found["place"])
    delay = int(here().settings.careopinion_delay_seconds)
    page = render_template(
        "careopinion/story.html",
        story=found,
        responses=shown,
        waiting=len(responses) - len(shown),
        name=name,
        delay=delay,
        problem=problem,
        typed=typed,
    )
    return page, 422 if problem else 200


@blueprint.post("/<int:number>/responses")
def respond_to_story(number: int) -> ResponseReturnValue:
    """Take a response from the organisation; the moderator lets it appear later."""
    text = request.form.get("text", "").replace("\r\n", "\n")
    change = request.form.get("change", "0")
    try:
        answer_story(
            here(),
            number,
            text,
            request.form.get("author", "").strip(),
            int(change) if change in ("0", "1", "2") else 0,
            code_key(request.form.get("organisation", "")),
        )
    except Unusable as refused:
        return _story(number, str(refused), text)
    return redirect(f"/careopinion/{number}#responses", 303)


def answer_story(
    sandbox: Sandbox, number: int, text: str, author: str, change_int: int = 0, organisation: str = ""
) -> None:
    """Respond to a Care Opinion story as the organisation; it appears after the moderator's delay.

    The moderator edits some lightly. `organisation` is the code of another one that answers too.
    Raises: Unusable.
    """
    story = stories.story(sandbox.store, number)
    if story is None or not text.strip():
        raise Unusable("The story is not there, or the response is empty.")
    now, settings = sandbox.store.now(), sandbox.settings
    source = chance(sandbox.config.random_seed, number, text.encode("utf-8", "surrogatepass"))
    body = stories.moderated(text, settings.moderator_edits, source)
    role = author or "Patient Experience Team"
    shown = now + int(settings.careopinion_delay_seconds * 1000)
    stories.add_responses(
        sandbox.store,
        [stories.NewResponse(number, text, body, role, role, organisation or story["place"], now, shown, change_int)],
    )
