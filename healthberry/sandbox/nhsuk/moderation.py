"""NHS.UK's Moderation API: publishers send responses and reviews, and ask what became of them."""

from typing import Any

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row

from . import store as reviews
from .api import argument, blueprint, when

COMMON = (
    "Author",
    "ScreenName",
    "Title",
    "CommentText",
    "CommentOriginalURL",
    "PublishersCommentRef",
    "PublisherID",
    "IPAddress",
    "ODSCode",
)


@blueprint.post("/moderation/response")
def respond() -> ResponseReturnValue:
    """Answer POST /moderation/response.

    Published at once (or after the delay set), refused when sent or answered before.
    """
    body = _body()
    problem = _wrong(body) or _wrong_target(body)
    if problem is not None:
        return problem
    store, target = here().store, body["RespondingTo"]
    sql = """SELECT * FROM nu_comments
             WHERE publisher_id = ? AND publishers_ref = ? AND published_at <= ? AND status = 'Published'"""
    found = store.row(sql, target["PublisherID"], target["PublishersCommentRef"], store.now())
    if found is None:
        return _rejected(404, "CommentNotFound", "The comment responded to does not exist.")
    if found["ods_code"] != body["ODSCode"].upper():
        return _rejected(400, "WrongOrganisation", "ODSCode is not that of the comment responded to.")
    published = store.now() + int(here().settings.nhsuk_delay_seconds * 1000)
    new = reviews.NewResponse(found["ref"], body["CommentText"], body["ScreenName"], store.now(), published)
    new.publisher_id, new.publishers_ref, new.original_url = (
        body["PublisherID"],
        body["PublishersCommentRef"],
        body["CommentOriginalURL"],
    )
    try:
        return jsonify(_status(reviews.add_response(store, new)))
    except reviews.Refused as refused:
        return _rejected(403, refused.code, str(refused))


@blueprint.post("/moderation/comment")
def submit_comment() -> ResponseReturnValue:
    """Answer POST /moderation/comment: take a review from a publisher."""
    body = _body()
    problem = _wrong(body)
    if problem is not None:
        return problem
    store, visit = here().store, body.get("Visit") or {}
    now = store.now()
    if not isinstance(visit, dict) or not all(isinstance(visit.get(name), int) for name in ("Month", "Year")):
        return _rejected(400, "InvalidRequest", "Visit must hold Month and Year as numbers.")
    given = body.get("Ratings")
    scores = [item.get("Rating") for item in given if isinstance(item, dict)] if isinstance(given, list) else []
    new = reviews.NewReview(
        body["ODSCode"].upper(),
        body["Title"],
        body["CommentText"],
        body["ScreenName"],
        now,
        now + int(here().settings.nhsuk_delay_seconds * 1000),
        visit["Month"],
        visit["Year"],
        scores[0] if scores and isinstance(scores[0], int) else None,
        body.get("Department"),
        body["PublisherID"],
        body["PublishersCommentRef"],
        body["CommentOriginalURL"],
    )
    with store.writing():
        sql = "SELECT ref FROM nu_comments WHERE publisher_id = ? AND publishers_ref = ?"
        if store.row(sql, new.publisher_id, new.publishers_ref):
            return _rejected(
                403, "DuplicateReference", "A submission with this PublisherID and PublishersCommentRef already exists."
            )
        guid = reviews.add_reviews(store, [new])[0]
    return jsonify(_status(store.sure("SELECT * FROM nu_comments WHERE guid = ?", guid)))


@blueprint.get("/moderation/comment/status")
def status() -> ResponseReturnValue:
    """Answer GET /moderation/comment/status?CommentID= for a response or a review."""
    store, guid = here().store, argument("CommentID").lower()
    found = store.row("SELECT * FROM nu_responses WHERE guid = ?", guid) or reviews.any_review(store, guid)
    return jsonify(_status(found)) if found else _rejected(404, "CommentNotFound", "No such submission.")


def _body() -> Any:
    return request.get_json(silent=True)


def _wrong(body: Any) -> Response | None:
    """Return the refusal of a body that lacks something, or None."""
    if not isinstance(body, dict):
        return _rejected(400, "InvalidRequest", "The body is not a JSON object.")
    bad = [name for name in COMMON if not isinstance(body.get(name), str) or not body[name].strip()]
    if bad:
        return _rejected(400, "InvalidRequest", f"Missing, empty or not a string: {', '.join(bad)}.")
    if body["PublisherID"] != here().config.keys["NHSUK_PUBLISHER_ID"]:
        return _rejected(403, "UnknownPublisher", "PublisherID is not that of this subscription.")
    return None


def _wrong_target(body: dict[str, Any]) -> Response | None:
    target = body.get("RespondingTo")
    named = isinstance(target, dict) and all(
        isinstance(target.get(name), str) for name in ("PublisherID", "PublishersCommentRef")
    )
    return (
        None
        if named
        else _rejected(400, "InvalidRequest", "RespondingTo must hold PublisherID and PublishersCommentRef as strings.")
    )


def _status(row: Row) -> dict[str, Any]:
    state = "Published" if row["published_at"] <= here().store.now() else "Pending"
    stamps = {"CreatedOn": when(row["submitted_at"]), "LastUpdated": when(row["updated_at"])}
    return {
        "CommentID": row["guid"],
        **stamps,
        "Status": row.get("status", state) if state == "Published" else state,
        "ErrorCode": None,
        "ErrorText": None,
    }


def _rejected(code: int, error: str, text: str) -> Response:
    answer = jsonify(
        CommentID=None, CreatedOn=None, LastUpdated=None, Status="Rejected", ErrorCode=error, ErrorText=text
    )
    answer.status_code = code
    return answer
