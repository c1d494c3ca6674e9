"""X's public pages: an account, a post in its conversation; and where staff answer by hand."""

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox.state import Sandbox, here
from healthberry.sandbox.store import Row
from healthberry.sandbox.telling import Unusable
from healthberry.sandbox.views import missing

from . import activity
from . import store as x_store
from .write import reply_as

blueprint = Blueprint("x_pages", __name__, url_prefix="/x")


@blueprint.get("/<handle>")
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


@blueprint.get("/<handle>/status/<int:number>")
def status(handle: str, number: int) -> ResponseReturnValue:
    """Show a post in its conversation; the handle in the address is not looked at, as at X."""
    return _status(number)


@blueprint.post("/<handle>/status/<int:number>/reply")
def reply_to_post(handle: str, number: int) -> ResponseReturnValue:
    """Take a reply that the organisation writes on X itself."""
    text = request.form.get("text", "").replace("\r\n", "\n")
    organisation = request.form.get("organisation", "").strip()
    try:
        remote_id = answer_post(here(), number, organisation, text) if number < 2**63 else ""
    except Unusable as refused:
        return _status(number, str(refused), text)
    return redirect(f"/x/{organisation.lstrip('@')}/status/{remote_id}", 303)


@blueprint.post("/<handle>/status/<int:number>/quote")
def quote_post(handle: str, number: int) -> ResponseReturnValue:
    """Take a post that quotes this one, by anybody; it need not mention anybody."""
    store, text = here().store, request.form.get("text", "").replace("\r\n", "\n")
    post = x_store.visible_post(store, number) if number < 2**63 else None
    if post is None or not text.strip():
        return _status(number, "Write something about the post.", text)
    name = request.form.get("author", "").strip() or "somepatient"
    author = x_store.ensure_user(store, x_store.handle_of(name), name=name)
    made = x_store.add_post(store, x_store.NewPost(author["id"], text, store.now(), quoted=post["id"]))
    activity.posted(here(), made)
    return redirect(f"/x/{author['username']}/status/{made['id']}", 303)


def _status(number: int, problem: str = "", typed: str = "") -> ResponseReturnValue:
    store = here().store
    post = x_store.visible_post(store, number) if number < 2**63 else None
    if post is None:
        return missing()
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


def answer_post(sandbox: Sandbox, number: int, handle: str, text: str) -> str:
    """Reply to a post as the organisation, on X itself, where the rules of the API do not apply; return the reply's id.

    Raises: Unusable.
    """
    post = x_store.visible_post(sandbox.store, number)
    user = x_store.user_by_name(sandbox.store, handle)
    if post is None or user is None or not user["organisation"] or not text.strip():
        raise Unusable("The post or the account is not there, or the reply is empty.")
    made = reply_as(sandbox.store, user["id"], text, post)
    activity.posted(sandbox, made)
    return str(made["id"])
