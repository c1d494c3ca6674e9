"""X API v2, the reading half: accounts, mentions, timelines, search, look-ups."""

import re
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, g, jsonify, request
from flask.typing import ResponseReturnValue

from . import seed, x_search, x_store
from .gate import guard
from .state import here
from .store import Row
from .x_auth import call
from .x_shapes import invalid, not_allowed, not_found, parts_of, post_json, references, token_for, user_json

blueprint = Blueprint("x", __name__, url_prefix="/x/2")
guard(blueprint, "x")

POST_FIELDS = set(
    "article attachments author_id card_uri community_id context_annotations conversation_id created_at display_text_range edit_controls "
    "edit_history_tweet_ids entities geo id in_reply_to_user_id lang media_metadata non_public_metrics note_tweet organic_metrics "
    "possibly_sensitive promoted_metrics public_metrics referenced_tweets reply_settings scopes source text withheld".split()
)
USER_FIELDS = set(
    "affiliation confirmed_email connection_status created_at description entities id is_identity_verified location most_recent_tweet_id name "
    "parody pinned_tweet_id profile_banner_url profile_image_url protected public_metrics receives_your_dm subscription subscription_type url "
    "username verified verified_followers_count verified_type withheld".split()
)
EXPANSIONS = set(
    "attachments.media_keys attachments.media_source_tweet attachments.poll_ids author_id edit_history_tweet_ids entities.mentions.username "
    "geo.place_id in_reply_to_user_id referenced_tweets.id referenced_tweets.id.author_id".split()
)
POST_WORDS = {"article.cover_media", "article.media_entities", "entities.note.mentions.username", "author_screen_name"}


class Wrong(Exception):
    """A parameter is wrong; carries the answer."""

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.status)
        self.answer = answer


@blueprint.errorhandler(Wrong)
def wrong(problem: Wrong) -> Response:
    """Answer a request with a wrong parameter."""
    return problem.answer


@blueprint.get("/users/by/username/<username>")
@call(user=900, app=300)
def user_by_username(username: str) -> ResponseReturnValue:
    """Answer GET /2/users/by/username/:username; unknown ones are a partial error with status 200."""
    if not x_store.HANDLE.fullmatch(username):
        return invalid(f"The `username` query parameter value [{username}] does not match ^[A-Za-z0-9_]{{1,15}}$", username=username)
    user = x_store.user_by_name(here().store, username)
    if user is None or user["state"] == "suspended":
        return jsonify(errors=[not_found("user", "username", username)])
    if user["organisation"]:
        seed.ask(here(), "x", user["username"])
    return jsonify(data=user_json(user, _names("user.fields", USER_FIELDS)))


@blueprint.get("/users/me")
@call(user=75, app=None)
def me() -> ResponseReturnValue:
    """Answer GET /2/users/me."""
    user = x_store.user_by_id(here().store, g.caller.user_id)
    assert user is not None
    return jsonify(data=user_json(user, _names("user.fields", USER_FIELDS)))


@blueprint.get("/users/<user_id>")
@call(user=900, app=300)
def user_by_id(user_id: str) -> ResponseReturnValue:
    """Answer GET /2/users/:id."""
    return _users([user_id], single=True)


@blueprint.get("/users")
@call(user=900, app=300)
def users() -> ResponseReturnValue:
    """Answer GET /2/users?ids= with 1 to 100 ids."""
    return _users(_ids(), single=False)


def _users(ids: list[str], single: bool) -> ResponseReturnValue:
    found = {number: x_store.user_by_id(here().store, _number("id", number)) for number in ids}
    fields = _names("user.fields", USER_FIELDS)
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
        return invalid("The `exclude` query parameter value is not one of [replies,retweets]", exclude=request.args["exclude"])
    roots = " AND in_reply_to IS NULL" if "replies" in excluded else ""
    return _page(f"SELECT id FROM x_posts WHERE newest = 1 AND author_id = ?{roots}", "id", user["id"], least=5)


@blueprint.get("/tweets/search/recent")
@call(user=300, app=450)
def search_recent() -> ResponseReturnValue:
    """Answer GET /2/tweets/search/recent over the last seven days."""
    query = request.args.get("query", "")
    if not query.strip() or len(query) > 512:
        return invalid("The `query` query parameter must have between 1 and 512 characters", query=query[:600])
    store = here().store
    week = x_store.snowflake(store.now() - 7 * 86_400_000)
    if request.args.get("since_id") and _number("since_id", request.args["since_id"]) < week:
        return invalid(f"'since_id' must be a tweet id created after [{week}].", since_id=request.args["since_id"])
    try:
        wanted = x_search.parse(query)
    except x_search.BadQuery as problem:
        return invalid(f"There were errors processing your request: {problem}", query=query)
    sql = f"SELECT id FROM x_posts WHERE newest = 1 AND id > ?{wanted.narrowing}"
    return _page(sql, "id", week, *wanted.values, least=10, accept=lambda post: wanted.accepts(store, post))


@blueprint.get("/tweets")
@call(user=5000, app=3500)
def lookup_posts() -> ResponseReturnValue:
    """Answer GET /2/tweets?ids= with 1 to 100 ids; missing ones are partial errors."""
    return _lookup(_ids(), single=False)


@blueprint.get("/tweets/<post_id>")
@call(user=900, app=450)
def lookup_post(post_id: str) -> ResponseReturnValue:
    """Answer GET /2/tweets/:id; a missing one is a partial error with status 200."""
    return _lookup([post_id], single=True)


def _lookup(ids: list[str], single: bool) -> ResponseReturnValue:
    store, posts, errors = here().store, [], []
    parameter = "id" if single else "ids"
    for number in dict.fromkeys(ids):
        post = x_store.visible_post(store, _number(parameter, number))
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


def _page(sql: str, column: str, *values: object, least: int, floor: int = 0, accept: Any = None) -> ResponseReturnValue:
    """Read one page newest first. `sql` must end in a WHERE clause; rows that are gone are left out, so that pages may be short."""
    store, size = here().store, _size(least)
    low, high = max(_bound("since_id", 0), _moment("start_time", 0)), _upper()
    cursor = _cursor()
    top = min(high, cursor) if cursor else high
    found = store.rows(f"{sql} AND {column} > ? AND {column} < ? ORDER BY {column} DESC LIMIT ?", *values, low, top, 5000 if accept else size + 1)
    posts, used, more = [], 0, False
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
    """Write posts with what their expansions include; nothing at all for no posts."""
    store = here().store
    fields = _names("tweet.fields", POST_FIELDS) | _names("post.fields", POST_FIELDS)
    expansions = _names("expansions", EXPANSIONS | POST_WORDS)
    user_fields = _names("user.fields", USER_FIELDS)
    if not posts:
        return {}
    implied = {"author_id": "author_id", "in_reply_to_user_id": "in_reply_to_user_id", "referenced_tweets.id": "referenced_tweets"}
    fields |= {field for expansion, field in implied.items() if expansion in expansions}
    cited = _cited(posts) if {"referenced_tweets.id", "referenced_tweets.id.author_id"} & expansions else []
    people: dict[int, None] = {}
    if "author_id" in expansions:
        people.update(dict.fromkeys(post["author_id"] for post in posts))
    if "referenced_tweets.id.author_id" in expansions:
        people.update(dict.fromkeys(post["author_id"] for post in cited))
    if "entities.mentions.username" in expansions:
        people.update(dict.fromkeys(number for post in posts for number in x_store.mentioned_ids(store, post["text"])))
    if "in_reply_to_user_id" in expansions:
        people.update(dict.fromkeys(post["author_id"] for post in _cited(posts, "replied_to")))
    includes: dict[str, Any] = {}
    if people:
        accounts = (x_store.user_by_id(store, number) for number in people)
        includes["users"] = [user_json(user, user_fields) for user in accounts if user]
    if cited and "referenced_tweets.id" in expansions:
        includes["tweets"] = [post_json(store, post, fields) for post in cited]
    answer: dict[str, Any] = {"data": [post_json(store, post, fields) for post in posts]}
    return {**answer, "includes": includes} if includes else answer


def _cited(posts: list[Row], kind: str | None = None) -> list[Row]:
    numbers = {int(item["id"]) for post in posts for item in references(post) if kind in (None, item["type"])}
    found = (x_store.visible_post(here().store, number) for number in sorted(numbers))
    return [post for post in found if post]


def _account(user_id: str) -> Row:
    user = x_store.user_by_id(here().store, _number("id", user_id))
    if user is None or user["state"] == "suspended":
        raise Wrong(jsonify(errors=[not_found("user", "id", user_id)]))
    if user["state"] == "protected":
        raise Wrong(jsonify(errors=[not_allowed("user", "id", user_id)]))
    return user


def _names(parameter: str, known: set[str]) -> set[str]:
    asked = {name for name in request.args.get(parameter, "").split(",") if name}
    asked = {name if name in known else name.replace("post", "tweet") for name in asked}
    if asked - known:
        value = ",".join(sorted(asked - known))
        raise Wrong(invalid(f"The `{parameter}` query parameter value [{value}] is not one of [{','.join(sorted(known))}]", **{parameter: value}))
    return asked


def _ids() -> list[str]:
    ids = [number for number in request.args.get("ids", "").split(",") if number]
    if not 1 <= len(ids) <= 100:
        raise Wrong(invalid("The `ids` query parameter must hold between 1 and 100 ids", ids=request.args.get("ids", "")[:200]))
    return ids


def _number(parameter: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,19}", value):
        raise Wrong(invalid(f"The `{parameter}` query parameter value [{value}] is not valid", **{parameter: value}))
    return min(int(value), 2**63 - 1)


def _bound(parameter: str, default: int) -> int:
    value = request.args.get(parameter, "")
    return _number(parameter, value) if value else default


def _moment(parameter: str, default: int) -> int:
    value = request.args.get(parameter, "")
    if not value:
        return default
    try:
        moment = datetime.fromisoformat(value)
        return x_store.snowflake(int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000))
    except ValueError:
        raise Wrong(invalid(f"The `{parameter}` query parameter value [{value}] is not a valid RFC 3339 time", **{parameter: value})) from None


def _upper() -> int:
    top = 2**63 - 1
    return min(_bound("until_id", top), _moment("end_time", top))


def _size(least: int) -> int:
    value = request.args.get("max_results", "10")
    if not value.isdigit() or not least <= int(value) <= 100:
        raise Wrong(invalid(f"The `max_results` query parameter value [{value}] is not between {least} and 100", max_results=value))
    return int(value)


def _cursor() -> int | None:
    token = request.args.get("pagination_token") or request.args.get("next_token")
    if not token:
        return None
    parts = parts_of(token)
    if not parts:
        raise Wrong(invalid(f"The `pagination_token` query parameter value [{token}] is not valid", pagination_token=token))
    return parts[0]
