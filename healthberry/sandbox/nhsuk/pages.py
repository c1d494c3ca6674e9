"""NHS.UK's public pages: a review, and where staff respond by hand."""

from urllib.parse import quote

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox.places import code_key, service_name
from healthberry.sandbox.state import Sandbox, here
from healthberry.sandbox.telling import Unusable
from healthberry.sandbox.views import missing

from . import store as reviews_of

blueprint = Blueprint("nhsuk_pages", __name__, url_prefix="/nhsuk")


@blueprint.get("/services/<code>/reviews")
def reviews(code: str) -> ResponseReturnValue:
    """Lead to an organisation's reviews."""
    return redirect(f"/organisations/{quote(code_key(code))}")


@blueprint.get("/services/<code>/reviews/<guid>")
def review(code: str, guid: str) -> ResponseReturnValue:
    """Show a review with its response, or the form in which staff respond."""
    return _review(code, guid)


def _review(code: str, guid: str, problem: str = "", typed: str = "") -> ResponseReturnValue:
    store = here().store
    found = reviews_of.review(store, guid)
    if found is None or found["status"] != "Published" or found["ods_code"] != code.upper():
        return missing()
    response = reviews_of.response_to(store, found["ref"], published_only=False)
    waiting = response is not None and response["published_at"] > store.now()
    name = service_name(store, found["ods_code"])
    page = render_template(
        "nhsuk/review.html", review=found, response=response, waiting=waiting, name=name, problem=problem, typed=typed
    )
    return page, 422 if problem else 200


@blueprint.post("/services/<code>/reviews/<guid>/response")
def respond_to_review(code: str, guid: str) -> ResponseReturnValue:
    """Take a response from the organisation; it appears at once."""
    text = request.form.get("text", "").replace("\r\n", "\n")
    try:
        answer_review(here(), guid, text, request.form.get("author", "").strip())
    except Unusable as refused:
        return _review(code, guid, str(refused), text)
    return redirect(f"/nhsuk/services/{quote(code)}/reviews/{guid}#response", 303)


def answer_review(sandbox: Sandbox, guid: str, text: str, author: str) -> None:
    """Respond to an NHS.UK review as the organisation, on the site itself: it appears at once (or after the delay set).

    Raises: Unusable.
    """
    review = reviews_of.review(sandbox.store, guid)
    if review is None or review["status"] != "Published" or not text.strip():
        raise Unusable("The review is not there, or the response is empty.")
    now = sandbox.store.now()
    shown = now + int(sandbox.settings.nhsuk_delay_seconds * 1000)
    try:
        reviews_of.add_response(
            sandbox.store, reviews_of.NewResponse(review["ref"], text, author or "The organisation", now, shown)
        )
    except reviews_of.Refused as refused:
        raise Unusable(str(refused)) from refused
