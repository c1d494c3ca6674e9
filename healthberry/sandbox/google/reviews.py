"""Reviews, version 4: lists last changed first, single ones, and the one answer that each may have."""

import json
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox import seed
from healthberry.sandbox import simple_store as kept
from healthberry.sandbox.gate import guard
from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row

from . import accounts, answers, names, paging
from .errors import refused

blueprint = Blueprint("google_reviews", __name__, url_prefix="/google/mybusiness/v4")
guard(blueprint, "google")

ORDERS = {
    "": "updated_at DESC, serial DESC",
    "updateTime desc": "updated_at DESC, serial DESC",
    "rating": "rating, serial",
    "rating desc": "rating DESC, serial",
}
STARS = ("STAR_RATING_UNSPECIFIED", "ONE", "TWO", "THREE", "FOUR", "FIVE")
PATH = "/accounts/<account>/locations/<location>/reviews"
LARGEST_BYTES = 4096
QUOTA = 300


@blueprint.get(PATH)
def reviews(account: str, location: str) -> ResponseReturnValue:
    """List a location's reviews, at most 50 a page."""
    if (problem := _problem(account, location)) is not None:
        return problem
    order = request.args.get("orderBy", "")
    if order not in ORDERS:
        return refused(400, "Request contains an invalid argument.", field="order_by")
    many = paging.size(request.args, 50, 50)
    question = f"{location}|{many}|{order}"
    try:
        first = paging.start(request.args, question)
    except paging.BadToken:
        return refused(400, "Request contains an invalid argument.", field="page_token")
    found = _visible(names.code(location), ORDERS[order])
    body: dict[str, Any] = {}
    if found:
        known = [row["rating"] for row in found if row["rating"]]
        body = {"reviews": [_review(row) for row in found[first : first + many]], "totalReviewCount": len(found)}
        body["averageRating"] = round(sum(known) / len(known), 1) if known else 0
    if first + many < len(found):
        body["nextPageToken"] = paging.token(first + many, question)
    return jsonify(body)


@blueprint.get(f"{PATH}/<review>")
def review(account: str, location: str, review: str) -> ResponseReturnValue:
    """Show one review; one that was deleted was never there."""
    if (problem := _problem(account, location)) is not None:
        return problem
    found = _one(account, location, review)
    return jsonify(_review(found)) if found else refused(404)


@blueprint.put(f"{PATH}/<review>/reply")
def reply(account: str, location: str, review: str) -> ResponseReturnValue:
    """Create the answer or put another in its place; moderators look at it afterwards."""
    if (problem := _problem(account, location)) is not None:
        return problem
    found, body = _one(account, location, review), request.get_json(silent=True)
    if found is None:
        return refused(404)
    if not isinstance(body, dict) or set(body) - {"comment"}:
        return refused(400, "Request contains an invalid argument.", field="review_reply")
    comment = body.get("comment")
    if not isinstance(comment, str) or not comment.strip():
        return refused(400, "Request contains an invalid argument.", field="review_reply.comment")
    if len(comment.encode("utf-8", "replace")) > LARGEST_BYTES:
        return refused(400, "The reply comment is too long.", field="review_reply.comment")
    answers.put(here(), found["id"], comment, accounts.title(names.code(location)))
    return jsonify(_reply(found["id"]))


@blueprint.delete(f"{PATH}/<review>/reply")
def delete_reply(account: str, location: str, review: str) -> ResponseReturnValue:
    """Take the answer down."""
    if (problem := _problem(account, location)) is not None:
        return problem
    found = _one(account, location, review)
    if found is None or not _reply(found["id"]):
        return refused(404)
    answers.take_down(here(), found["id"])
    return jsonify({})


def _problem(account: str, location: str) -> Response | None:
    """Refuse who may not, who asks too often, and what is no verified location of the account."""
    sandbox, code = here(), names.code(location)
    if (status := accounts.may_not(account)) is not None:
        return refused(status)
    limit = sandbox.limits.hit("project", "google", QUOTA, 60, sandbox.store.now(), sandbox.settings.rate_limits)
    if not limit.allowed:
        return refused(429)
    if not code or names.account(code) != f"accounts/{account}":
        return refused(404)
    if not accounts.is_verified(code):
        return refused(400, "The location is not verified.", reason="FAILED_PRECONDITION")
    seed.ask(sandbox, "google", code)
    return None


def _visible(code: str, order: str) -> list[Row]:
    store = here().store
    sql = f"SELECT * FROM simple_items WHERE channel = 'google' AND place = ? AND {kept.PUBLISHED} ORDER BY {order}"  # noqa: S608 - our own words
    return store.rows(sql, code, store.now())


def _one(account: str, location: str, review: str) -> Row | None:
    return kept.visible_item(here().store, "google", f"accounts/{account}/locations/{location}/reviews/{review}")


def _review(row: Row) -> dict[str, Any]:
    more = json.loads(row["more"])
    anonymous = row["author"] == "Anonymous"
    described = {
        "name": row["id"],
        "reviewId": row["id"].rpartition("/")[2],
        "reviewer": {"isAnonymous": True} if anonymous else {"displayName": row["author"]},
        "starRating": STARS[row["rating"] or 0],
        "comment": "" if more.get("rating_only") else row["text"],
        "createTime": written(row["published_at"]),
        "updateTime": written(max(row["updated_at"], row["published_at"])),
        "reviewMediaItems": more.get("media"),
        "reviewReplyUrl": f"{request.host_url}sites/google/items/{row['id']}",
        "reviewReply": _reply(row["id"]),
    }
    return {name: value for name, value in described.items() if value}


def _reply(name: str) -> dict[str, Any]:
    found = answers.of(here(), name)
    if found is None:
        return {}
    told = {"comment": found.text, "updateTime": written(found.at), "reviewReplyState": found.state}
    return told | ({"policyViolation": found.violation} if found.state == "REJECTED" else {})


def written(moment: int) -> str:
    """Write UTC milliseconds with as many digits behind the second as are needed: 0 or 3."""
    at = datetime.fromtimestamp(moment / 1000, UTC)
    return at.isoformat(timespec="milliseconds" if moment % 1000 else "seconds").replace("+00:00", "Z")
