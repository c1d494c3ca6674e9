"""The simulated sites' public pages: a post, a story, a review; and where staff answer by hand."""

from urllib.parse import quote

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from . import careopinion_store, nhsuk_store, publish, seed, x_store
from .pages import blueprint
from .publish import Unusable
from .state import here
from .store import Row


def _missing() -> ResponseReturnValue:
    return render_template(
        "problem.html", title="There is nothing here", problem="It may have been deleted or withdrawn."
    ), 404


@blueprint.get("/x/<handle>")
def profile(handle: str) -> ResponseReturnValue:
    """Show an account: what it posted, and for an organisation what mentions it."""
    store, user = here().store, x_store.user_by_name(here().store, handle)
    if user is None or user["state"] != "active":
        return render_template("problem.html", title="This account doesn’t exist", problem="Try another one."), 404
    own = store.rows(
        "SELECT * FROM x_posts WHERE author_id = ? AND newest = 1 AND state = 'visible' ORDER BY id DESC LIMIT 25",
        user["id"],
    )
    numbers = x_store.reachable_mentions(store, user["id"])[:25] if user["organisation"] else []
    mentions = [post for post in (x_store.visible_post(store, number) for number in numbers) if post]
    return render_template("x/profile.html", user=user, own=_signed(own), mentions=_signed(mentions))


@blueprint.get("/x/<handle>/status/<int:number>")
def status(handle: str, number: int) -> ResponseReturnValue:
    """Show a post in its conversation; the handle in the address is not looked at, as at X."""
    return _status(number)


@blueprint.post("/x/<handle>/status/<int:number>/reply")
def reply_to_post(handle: str, number: int) -> ResponseReturnValue:
    """Take a reply that the organisation writes on X itself."""
    text = request.form.get("text", "").replace("\r\n", "\n")
    organisation = request.form.get("organisation", "").strip()
    try:
        remote_id = publish.answer_post(here(), number, organisation, text) if number < 2**63 else ""
    except Unusable as refused:
        return _status(number, str(refused), text)
    return redirect(f"/x/{organisation.lstrip('@')}/status/{remote_id}", 303)


def _status(number: int, problem: str = "", typed: str = "") -> ResponseReturnValue:
    store = here().store
    post = x_store.visible_post(store, number) if number < 2**63 else None
    if post is None:
        return _missing()
    sql = "SELECT * FROM x_posts WHERE conversation_id = ? AND newest = 1 AND state = 'visible' ORDER BY id LIMIT 200"
    thread = _signed(store.rows(sql, post["conversation_id"]))
    mentioned = next(
        (
            p["username"]
            for p in (x_store.user_by_id(store, n) for n in x_store.mentioned_ids(store, post["text"]))
            if p and p["organisation"]
        ),
        "",
    )
    author = x_store.user_by_id(store, post["author_id"])
    organisation = author["username"] if author and author["organisation"] else mentioned
    page = render_template(
        "x/status.html", post=post, thread=thread, organisation=organisation, problem=problem, typed=typed
    )
    return page, 422 if problem else 200


def _signed(posts: list[Row]) -> list[Row]:
    signed = []
    for post in posts:
        author = x_store.user_by_id(here().store, post["author_id"])
        if author and author["state"] == "active":
            signed.append({**post, "author": author})
    return signed


@blueprint.get("/careopinion/login")
def careopinion_login() -> ResponseReturnValue:
    """Show the page that callers with a bad key are sent to."""
    return render_template("careopinion/login.html")


@blueprint.get("/careopinion/<int:number>")
def story(number: int) -> ResponseReturnValue:
    """Show a story with its responses, and the form in which staff respond."""
    return _story(number)


def _story(number: int, problem: str = "", typed: str = "") -> ResponseReturnValue:
    store = here().store
    found = careopinion_store.story(store, number) if number < 2**63 else None
    if found is None:
        return _missing()
    responses = careopinion_store.responses(store, number, published_only=False)
    shown = [row for row in responses if row["published_at"] <= store.now()]
    name = careopinion_store.service_name(store, found["place"])
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


@blueprint.post("/careopinion/<int:number>/responses")
def respond_to_story(number: int) -> ResponseReturnValue:
    """Take a response from the organisation; the moderator lets it appear later."""
    text = request.form.get("text", "").replace("\r\n", "\n")
    change = request.form.get("change", "0")
    try:
        publish.answer_story(
            here(),
            number,
            text,
            request.form.get("author", "").strip(),
            int(change) if change in ("0", "1", "2") else 0,
        )
    except Unusable as refused:
        return _story(number, str(refused), text)
    return redirect(f"/careopinion/{number}#responses", 303)


@blueprint.get("/nhsuk/services/<code>/reviews")
def reviews(code: str) -> ResponseReturnValue:
    """Lead to an organisation's reviews."""
    return redirect(f"/organisations/{quote(seed.place_key('nhsuk', code))}")


@blueprint.get("/nhsuk/services/<code>/reviews/<guid>")
def review(code: str, guid: str) -> ResponseReturnValue:
    """Show a review with its response, or the form in which staff respond."""
    return _review(code, guid)


def _review(code: str, guid: str, problem: str = "", typed: str = "") -> ResponseReturnValue:
    store = here().store
    found = nhsuk_store.review(store, guid)
    if found is None or found["status"] != "Published" or found["ods_code"] != code.upper():
        return _missing()
    response = nhsuk_store.response_to(store, found["ref"], published_only=False)
    waiting = response is not None and response["published_at"] > store.now()
    name = careopinion_store.service_name(store, found["ods_code"])
    page = render_template(
        "nhsuk/review.html", review=found, response=response, waiting=waiting, name=name, problem=problem, typed=typed
    )
    return page, 422 if problem else 200


@blueprint.post("/nhsuk/services/<code>/reviews/<guid>/response")
def respond_to_review(code: str, guid: str) -> ResponseReturnValue:
    """Take a response from the organisation; it appears at once."""
    text = request.form.get("text", "").replace("\r\n", "\n")
    try:
        publish.answer_review(here(), guid, text, request.form.get("author", "").strip())
    except Unusable as refused:
        return _review(code, guid, str(refused), text)
    return redirect(f"/nhsuk/services/{quote(code)}/reviews/{guid}#response", 303)
