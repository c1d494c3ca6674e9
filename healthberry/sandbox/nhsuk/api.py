"""NHS.UK's "Ratings and Reviews API", the reading half."""

import re
from datetime import UTC, date, datetime
from hmac import compare_digest
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox import places, seed
from healthberry.sandbox.gate import guard
from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row

from . import store as reviews

blueprint = Blueprint("nhsuk", __name__, url_prefix="/nhsuk")
guard(blueprint, "nhsuk")

MOST = 200
USUAL = 50
TYPES = {"DEN", "OPT", "HOS", "PHA", "GPB", "TRU", "IND", "SCL", "CLI"}


@blueprint.before_request
def check_key() -> ResponseReturnValue | None:
    """Refuse callers without a right key: 401; and readers' keys at the moderation API: 403."""
    keys, given = here().config.keys, request.headers.get("subscription-key", "")
    if not given:
        return _denied(
            401,
            "Access denied due to missing subscription key. "
            "Make sure to include subscription key when making requests to an API.",
        )
    if compare_digest(given.encode(), keys["NHSUK_PUBLISHER_KEY"].encode()):
        return None
    if not compare_digest(given.encode(), keys["NHSUK_SUBSCRIPTION_KEY"].encode()):
        return _denied(
            401,
            "Access denied due to invalid subscription key. "
            "Make sure to provide a valid key for an active subscription.",
        )
    if request.path.startswith("/nhsuk/moderation"):
        return _denied(403, "This subscription is not entitled to use the Moderation API.")
    return None


def _denied(status: int, message: str) -> Response:
    answer = jsonify(statusCode=status, message=message)
    answer.status_code = status
    return answer


def argument(name: str) -> str:
    """Return a query parameter, whatever the case of its name; blank when absent."""
    return next((value for key, value in request.args.items() if key.lower() == name.lower()), "").strip()


@blueprint.get("/comments/Comments")
def comments() -> ResponseReturnValue:
    """Answer GET /comments/Comments: no total, no next link; newest first, which nobody may rely on."""
    ods_code, kind = argument("odsCode").upper(), argument("orgType").upper()
    if not ods_code and kind not in TYPES:
        return _denied(400, "One of odsCode or orgType is needed.")
    status = {"": "Published", "published": "Published", "removed": "Removed"}.get(argument("status").lower())
    if status is None:
        return _denied(400, "status must be published or removed.")
    window = _window(status)
    if window is None:
        return _denied(400, "fromDate and toDate must look like 2026-01-31.")
    if ods_code:
        seed.ask(here(), "nhsuk", ods_code)
        if not places.is_listed(here().store, "nhsuk", ods_code):
            return jsonify(comments=[])
    return jsonify(comments=[wrapped(row) for row in _chosen(ods_code, kind, status, window)])


def _chosen(ods_code: str, kind: str, status: str, window: tuple[str, int, int]) -> list[Row]:
    store, (column, low, high) = here().store, window
    place = "ods_code = ?" if ods_code else "org_type = ?"
    sql = f"""SELECT * FROM nu_comments WHERE {place} AND status = ? AND published_at <= ?
              AND {column} >= ? AND {column} < ? ORDER BY submitted_at DESC, ref DESC LIMIT ? OFFSET ?"""  # noqa: S608
    page = argument("Page")
    limit = min(MOST, _whole("limit", USUAL)) or USUAL
    offset = (int(page) - 1) * limit if page.isdigit() and int(page) > 0 else _whole("offset", 0)
    return store.rows(sql, ods_code or kind, status, store.now(), low, high, limit, offset)


def _window(status: str) -> tuple[str, int, int] | None:
    """Return the column that dates compare with, and both ends in UTC milliseconds; `toDate` is a whole day."""
    by_update = status == "Removed" or here().settings.nhsuk_dates == "updated"
    bounds = [0, 2**62]
    for place, name in enumerate(("fromDate", "toDate")):
        value = argument(name)
        if not value:
            continue
        try:
            day = date.fromisoformat(value[:10])
        except ValueError:
            return None
        bounds[place] = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000) + place * 86_400_000
    return ("updated_at" if by_update else "submitted_at"), bounds[0], bounds[1]


def _whole(name: str, default: int) -> int:
    value = argument(name)
    return min(int(value), 2**31) if re.fullmatch(r"\d{1,12}", value) else default


@blueprint.get("/comments/CommentById")
def comment_by_id() -> ResponseReturnValue:
    """Answer GET /comments/CommentById?CommentID=: the same wrapper around one review, or 404."""
    found = reviews.review(here().store, argument("CommentID"))
    return jsonify(comments=[wrapped(found)]) if found else _denied(404, "Resource not found")


@blueprint.get("/comments/Ratings")
def ratings() -> ResponseReturnValue:
    """Answer GET /comments/Ratings?ODSCode=: the average of the overall rating."""
    sql = """SELECT COUNT(rating) AS count, SUM(rating) AS total FROM nu_comments
             WHERE ods_code = ? AND status = 'Published' AND published_at <= ?"""
    row = here().store.row(sql, argument("ODSCode").upper(), here().store.now()) or {}
    count, total = row.get("count") or 0, row.get("total") or 0
    average = round(total / count, 2) if count else 0
    return jsonify(
        aggregatedRatings=[
            {"questionId": "10001", "question": "Overall", "averageScore": average, "total": total, "count": count}
        ]
    )


@blueprint.get("/comments/publishers")
def publishers() -> ResponseReturnValue:
    """Answer GET /comments/publishers, in other letter cases than the rest."""
    known = (
        (reviews.NATIVE, "NHS.UK"),
        ("careopinion", "Care Opinion"),
        (here().config.keys["NHSUK_PUBLISHER_ID"], "Sandbox publisher"),
    )
    return jsonify(
        [
            {"PublisherID": code, "PublisherName": name, "LogoURL": None, "Website": request.host_url}
            for code, name in known
        ]
    )


def wrapped(row: Row) -> dict[str, Any]:
    """Write a review and its response as the API does."""
    answer = reviews.response_to(here().store, row["ref"])
    common = _common(row)
    comment = {
        **common,
        "responseID": answer["guid"] if answer else None,
        "title": row["title"],
        "commentOriginalURL": page_url(row),
        "department": row["department"],
        "screenName": row["screen_name"],
        "status": row["status"],
        "ratings": [{"question": "Overall", "rating": row["rating"]}] if row["rating"] else [],
        "visit": {"month": row["visit_month"], "year": row["visit_year"]},
    }
    return {"comment": comment, "response": _response(row, answer) if answer else None}


def _response(row: Row, answer: Row) -> dict[str, Any]:
    target = {"publisherID": row["publisher_id"], "publishersCommentRef": row["publishers_ref"]}
    common = _common({**answer, "ods_code": row["ods_code"], "rating": None})
    return {
        **common,
        "commentOriginalURL": answer["original_url"] or page_url(row),
        "status": "Published",
        "respondingTo": target,
    }


def _common(row: Row) -> dict[str, Any]:
    return {
        "commentId": row["guid"],
        "commentRef": str(row["ref"]),
        "odsCode": row["ods_code"],
        "commentText": row["body"],
        "dateSubmitted": when(row["submitted_at"]),
        "lastUpdated": when(row["updated_at"]),
        "sentimentScore": round((row["rating"] or 3) / 4 - 0.75, 2),
        "publisherID": row["publisher_id"],
        "publishersCommentRef": row["publishers_ref"],
        "removeReportLink": False,
    }


def page_url(row: Row) -> str:
    """Return the public address of a review; that of a syndicated one lies at its origin."""
    original = row.get("original_url")
    if original:
        return str(original) if "://" in original else f"{request.host_url}{original}"
    return f"{request.host_url}nhsuk/services/{quote(row['ods_code'])}/reviews/{row['guid']}"


def when(moment: int) -> str:
    """Write UTC milliseconds as NHS.UK does: 2026-02-03T09:12:00Z."""
    return datetime.fromtimestamp(moment // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
