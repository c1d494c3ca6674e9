"""X API v2, the reading half: accounts, mentions, timelines, search, look-ups."""

from typing import Any

from flask import Blueprint, Response, g, jsonify, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox import seed
from healthberry.sandbox.gate import guard
from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row

from . import answers, params
from . import search as x_search
from . import store as x_store
from .auth import call, say_limits
from .shapes import invalid, not_allowed, not_found, token_for, user_json

blueprint = Blueprint("x", __name__, url_prefix="/x/2")
guard(blueprint, "x")
blueprint.after_request(say_limits)


@blueprint.errorhandler(params.Wrong)
def wrong(problem: params.Wrong) -> Response:
    """Answer a request with a wrong parameter."""
    return problem.answer


@blueprint.get("/users/by/username/<username>")
@call(user=900, app=300)
def user_by_username(username: str) -> ResponseReturnValue:
    """Answer GET /2/users/by/username/:username; unknown ones are a partial error with status 200."""
    if not x_store.HANDLE.fullmatch(username):
        return invalid(
            f"The `username` query parameter value [{username}] does not match ^[A-Za-z0-9_]{{1,15}}$",
            username=username,
        )
    user = x_store.user_by_name(here().store, username)
    if user is None or user["state"] == "suspended":
        return jsonify(errors=[not_found("user", "username", username)])
    if user["organisation"]:
        seed.ask(here(), "x", user["username"])
    return jsonify(data=user_json(user, params.names("user.fields", params.USER_FIELDS)))


@blueprint.get("/users/me")
@call(user=75, app=None)
def me() -> ResponseReturnValue:
    """Answer GET /2/users/me."""
    user = here().store.sure("SELECT * FROM x_users WHERE id = ?", g.caller.user_id)
    return jsonify(data=user_json(user, params.names("user.fields", params.USER_FIELDS)))


@blueprint.get("/users/<user_id>")
@call(user=900, app=300)
def user_by_id(user_id: str) -> ResponseReturnValue:
    """Answer GET /2/users/:id."""
    return _users([user_id], single=True)


@blueprint.get("/users")
@call(user=900, app=300)
def users() -> ResponseReturnValue:
    """Answer GET /2/users?ids= with 1 to 100 ids."""
    return _users(params.ids(), single=False)


def _users(ids: list[str], single: bool) -> ResponseReturnValue:
    found = {number: x_store.user_by_id(here().store, params.number("id", number)) for number in ids}
    fields = params.names("user.fields", params.USER_FIELDS)
    data = [user_json(user, fields) for user in found.values() if user]
    errors = [not_found("user", "id" if single else "ids", number) for number, user in found.items() if user is None]
    answer: dict[str, Any] = {"errors": errors} if errors else {}
    if data:
        answer["data"] = data[0] if single else data
    return jsonify(answer)


@blueprint.get("/users/<user_id>/mentions")
@call(user=300, app=450)
def mentions(user_id: str) -> ResponseReturnValue:
    """Answer GET /2/users/:id/mentions: newest first, never past the newest 800."""
    store, user = here().store, _account(user_id)
    if user["organisation"]:
        seed.ask(here(), "x", user["username"])
    sql = "SELECT post_id AS id FROM x_mentions WHERE user_id = ? ORDER BY post_id DESC LIMIT 1 OFFSET ?"
    floor = store.value(sql, user["id"], x_store.REACHABLE_MENTIONS - 1) or 0
    return _page("SELECT post_id AS id FROM x_mentions WHERE user_id = ?", "post_id", user["id"], least=5, floor=floor)


@blueprint.get("/users/<user_id>/tweets")
@call(user=900, app=10000)
def user_posts(user_id: str) -> ResponseReturnValue:
    """Answer GET /2/users/:id/tweets: an account's own posts, newest first."""
    user = _account(user_id)
    excluded = set(filter(None, request.args.get("exclude", "").split(",")))
    if not excluded <= {"replies", "retweets"}:
        return invalid(
            "The `exclude` query parameter value is not one of [replies,retweets]", exclude=request.args["exclude"]
        )
    roots = " AND in_reply_to IS NULL" if "replies" in excluded else ""
    return _page(f"SELECT id FROM x_posts WHERE newest = 1 AND author_id = ?{roots}", "id", user["id"], least=5)  # noqa: S608


@blueprint.get("/tweets/search/recent")
@call(user=300, app=450)
def search_recent() -> ResponseReturnValue:
    """Answer GET /2/tweets/search/recent over the last seven days."""
    query = request.args.get("query", "")
    if not query.strip() or len(query) > 512:
        return invalid("The `query` query parameter must have between 1 and 512 characters", query=query[:600])
    store = here().store
    week = x_store.snowflake(store.now() - 7 * 86_400_000)
    if request.args.get("since_id") and params.number("since_id", request.args["since_id"]) < week:
        return invalid(f"'since_id' must be a tweet id created after [{week}].", since_id=request.args["since_id"])
    try:
        wanted = x_search.parse(query)
    except x_search.BadQuery as problem:
        return invalid(f"There were errors processing your request: {problem}", query=query)
    sql = f"SELECT id FROM x_posts WHERE newest = 1 AND id > ?{wanted.narrowing}"  # noqa: S608
    return _page(sql, "id", week, *wanted.values, least=10, accept=lambda post: wanted.accepts(store, post))


@blueprint.get("/tweets")
@call(user=5000, app=3500)
def lookup_posts() -> ResponseReturnValue:
    """Answer GET /2/tweets?ids= with 1 to 100 ids; missing ones are partial errors."""
    return _lookup(params.ids(), single=False)


@blueprint.get("/tweets/<post_id>/quote_tweets")
@call(user=75, app=75)
def quotes(post_id: str) -> ResponseReturnValue:
    """Answer GET /2/tweets/:id/quote_tweets: newest first."""
    post = x_store.visible_post(here().store, params.number("id", post_id))
    if post is None:
        return jsonify(errors=[not_found("tweet", "id", post_id)])
    sql = """SELECT id FROM x_posts WHERE newest = 1 AND quoted IN
             (SELECT id FROM x_posts WHERE first_id = ?)"""
    return _page(sql, "id", post["first_id"], least=10)


@blueprint.get("/tweets/<post_id>")
@call(user=900, app=450)
def lookup_post(post_id: str) -> ResponseReturnValue:
    """Answer GET /2/tweets/:id; a missing one is a partial error with status 200."""
    return _lookup([post_id], single=True)


def _lookup(ids: list[str], single: bool) -> ResponseReturnValue:
    store = here().store
    posts: list[Row] = []
    errors = []
    parameter = "id" if single else "ids"
    for number in dict.fromkeys(ids):
        post = x_store.visible_post(store, params.number(parameter, number))
        if post:
            posts.append(post)
            continue
        hidden = x_store.post_by_id(store, int(number))
        error = not_allowed if hidden and hidden["state"] == "visible" else not_found
        errors.append(error("tweet", parameter, number))
    answer = _posts(posts)
    if single and posts:
        answer["data"] = answer["data"][0]
    return jsonify({**answer, "errors": errors} if errors else answer)


def _page(
    sql: str, column: str, *values: object, least: int, floor: int = 0, accept: Any = None
) -> ResponseReturnValue:
    """Read one page newest first. `sql` must end in a WHERE clause.

    Rows that are gone are left out, so that pages may be short.
    """
    store, size = here().store, params.size(least)
    low, high = max(params.bound("since_id", 0), params.moment("start_time", 0)), params.upper()
    cursor = params.cursor()
    top = min(high, cursor) if cursor else high
    found = store.rows(
        f"{sql} AND {column} > ? AND {column} < ? ORDER BY {column} DESC LIMIT ?",
        *values,
        low,
        top,
        5000 if accept else size + 1,
    )
    posts: list[Row] = []
    used, more = 0, False
    for row in found:
        if len(posts) == size or (not accept and used == size):
            more = True
            break
        used += 1
        post = x_store.visible_post(store, row["id"]) if row["id"] >= floor else None
        if post and post["id"] == row["id"] and (accept is None or accept(post)):
            posts.append(post)
    meta: dict[str, Any] = {"result_count": len(posts)}
    if posts:
        meta |= {"newest_id": str(posts[0]["id"]), "oldest_id": str(posts[-1]["id"])}
    if more and found[used - 1]["id"] >= floor:
        meta["next_token"] = token_for(found[used - 1]["id"])
    return jsonify({**_posts(posts), "meta": meta})


def _posts(posts: list[Row]) -> dict[str, Any]:
    """Write posts with the fields that were asked for; nothing at all for no posts."""
    fields = params.names("tweet.fields", params.POST_FIELDS) | params.names("post.fields", params.POST_FIELDS)
    return answers.posts_json(posts, fields)


def _account(user_id: str) -> Row:
    user = x_store.user_by_id(here().store, params.number("id", user_id))
    if user is None or user["state"] == "suspended":
        raise params.Wrong(jsonify(errors=[not_found("user", "id", user_id)]))
    if user["state"] == "protected":
        raise params.Wrong(jsonify(errors=[not_allowed("user", "id", user_id)]))
    return user
