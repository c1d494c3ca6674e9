"""Care Opinion API v2: read only, oldest first, with its oddities."""

import json
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox import places, seed
from healthberry.sandbox.gate import guard
from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row

from . import store as stories
from .shapes import opinion_json, response_json, service_json

blueprint = Blueprint("careopinion", __name__, url_prefix="/careopinion/api/v2")
guard(blueprint, "careopinion")

MOST = 100
USUAL = 20
PER_SECOND = 5


@blueprint.before_request
def check_key() -> ResponseReturnValue | None:
    """Send callers without a right key to the login page, and those in a hurry away."""
    key = _right_key()
    if key is None:
        return _to_login()
    sandbox = here()
    if sandbox.settings.rate_limits and not sandbox.limits.recent(f"careopinion:{key}", PER_SECOND, time.monotonic()):
        answer = jsonify(message="Too many requests. The limit is 5 requests per second.")
        answer.status_code = 429
        answer.headers["Retry-After"] = "1"
        return answer
    return None


def _right_key() -> str | None:
    sandbox = here()
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if kind.upper() == "SUBSCRIPTION_KEY" and given:
        wanted = sandbox.config.keys["CAREOPINION_SUBSCRIPTION_KEY"]
        return given if compare_digest(given.strip().encode(), wanted.encode()) else None
    sql = "SELECT key FROM co_query_keys WHERE key = ? AND expires_at > ?"
    found: str | None = sandbox.store.value(sql, request.args.get("key", ""), sandbox.store.now())
    return found


def _to_login() -> Response:
    body = "<html><body><h2>Object moved to <a href='/careopinion/login'>here</a>.</h2></body></html>"
    back = quote(request.full_path.rstrip("?"), safe="")
    return Response(
        body, 302, {"Location": f"{request.host_url}careopinion/login?ReturnUrl={back}"}, mimetype="text/html"
    )


@blueprint.get("/opinions")
def opinions() -> ResponseReturnValue:
    """Answer GET /opinions: by date of publication, oldest first unless asked otherwise; at most 100."""
    sandbox = here()
    codes = [places.code_key(code) for code in request.args.getlist("nacs") if code.strip()]
    for code in codes:
        seed.ask(sandbox, "careopinion", code)
    codes = [code for code in codes if _listed(code)] if codes else codes
    if request.args.getlist("nacs") and not codes:
        return jsonify([])
    rows = _chosen(codes)
    sandbox.lists_served["careopinion"] += 1
    answer: list[Any] = [opinion_json(row) for row in rows]
    every = sandbox.settings.stray_every
    if every and answer and sandbox.lists_served["careopinion"] % every == 0:
        answer.insert(len(answer) // 2, "Sorry! Something went wrong.")
    return jsonify(answer)


def _listed(code: str) -> bool:
    return places.is_listed(here().store, "careopinion", code)


def _chosen(codes: Sequence[str]) -> list[Row]:
    # A code beneath another one that was asked for adds nothing.
    codes = [code for code in dict.fromkeys(codes) if not set(stories.levels(code)[1:]) & set(codes)]
    source, at, number = _source(codes)
    where, values = _filters(at)
    order = "DESC" if request.args.get("dateofpublicationorder", "").lower() == "descending" else "ASC"
    # Ids first: sorting whole stories would carry their texts along.
    sql = f"""SELECT s.* FROM (SELECT {number} AS id FROM {source} WHERE {" AND ".join(where)}
              ORDER BY {at} {order}, {number} {order} LIMIT ? OFFSET ?) found JOIN co_stories s ON s.id = found.id
              ORDER BY s.published_at {order}, s.id {order}"""  # noqa: S608
    return here().store.rows(sql, *codes, *values, _take(), _skip())


def _source(codes: Sequence[str]) -> tuple[str, str, str]:
    """Return where to look, and the columns there that hold the date of publication and the story's number."""
    if not codes:
        return "co_stories s", "s.published_at", "s.id"
    if len(codes) == 1:
        return "co_places p JOIN co_stories s ON s.id = p.story_id AND p.nacs = ?", "p.published_at", "p.story_id"
    marks = ",".join("?" * len(codes))
    inside = f"(SELECT DISTINCT story_id FROM co_places WHERE nacs IN ({marks})) p"  # noqa: S608
    return f"{inside} JOIN co_stories s ON s.id = p.story_id", "s.published_at", "s.id"


def _filters(published_at: str) -> tuple[list[str], list[object]]:
    where: list[str] = ["s.state = 'visible'", f"{published_at} <= ?"]
    values: list[object] = [here().store.now()]
    for name, column in (("publishedafter", published_at), ("submittedonafter", "s.submitted_at")):
        moment = _moment(request.args.get(name, ""))
        if moment is not None:
            where.append(f"{column} >= ?")
            values.append(moment)
    if request.args.get("tag"):
        where.append("s.tags LIKE ?")
        values.append(f"%{json.dumps(request.args['tag'])}%")
    return where, values


@blueprint.get("/opinions/<int:number>")
def opinion(number: int) -> ResponseReturnValue:
    """Answer GET /opinions/{id}; a withdrawn story is simply not there."""
    found = stories.story(here().store, number)
    return jsonify(opinion_json(found)) if found else _missing()


@blueprint.get("/opinions/<int:number>/responses")
def opinion_responses(number: int) -> ResponseReturnValue:
    """Answer GET /opinions/{id}/responses: published ones, oldest first."""
    if stories.story(here().store, number) is None:
        return _missing()
    return jsonify([response_json(row) for row in stories.responses(here().store, number)])


@blueprint.get("/opinions/<int:number>/tags")
def opinion_tags(number: int) -> ResponseReturnValue:
    """Answer GET /opinions/{id}/tags."""
    found = stories.story(here().store, number)
    return jsonify(json.loads(found["tags"])) if found else _missing()


@blueprint.get("/opinions/<int:number>/healthservices")
def opinion_services(number: int) -> ResponseReturnValue:
    """Answer GET /opinions/{id}/healthservices."""
    found = stories.story(here().store, number)
    return jsonify([service_json(found["place"])]) if found else _missing()


@blueprint.get("/opinions/<int:number>/healthservices/<path:nacs>/ratings")
def opinion_ratings(number: int, nacs: str) -> ResponseReturnValue:
    """Answer GET /opinions/{id}/healthservices/{nacs}/ratings."""
    found = stories.story(here().store, number)
    if not found or found["place"] != nacs:
        return _missing()
    return jsonify(opinionId=number, healthserviceNacs=nacs, ratings=json.loads(found["ratings"]))


@blueprint.get("/responses")
def responses() -> ResponseReturnValue:
    """Answer GET /responses: by date of publication, oldest first."""
    store = here().store
    descending = request.args.get("dateofpublicationorder", "").lower() == "descending"
    order = "DESC" if descending else "ASC"
    sql = f"""SELECT * FROM co_responses WHERE published_at <= ? AND published_at >= ?
              ORDER BY published_at {order}, id {order} LIMIT ? OFFSET ?"""  # noqa: S608
    after = _moment(request.args.get("publishedafter", "")) or 0
    return jsonify([response_json(row) for row in store.rows(sql, store.now(), after, _take(), _skip())])


@blueprint.get("/responses/<int:number>")
def response(number: int) -> ResponseReturnValue:
    """Answer GET /responses/{id}."""
    store = here().store
    found = store.row("SELECT * FROM co_responses WHERE id = ? AND published_at <= ?", number, store.now())
    return jsonify(response_json(found)) if found else _missing()


@blueprint.get("/healthservices")
def services() -> ResponseReturnValue:
    """Answer GET /healthservices: those with stories, by code; `name` matches in part, in any case."""
    name, kind = request.args.get("name", "").lower(), request.args.get("type", "").lower()
    codes = [row["nacs"] for row in here().store.rows("SELECT DISTINCT nacs FROM co_places ORDER BY nacs")]
    found = [service_json(code) for code in codes]
    found = [item for item in found if name in item["name"].lower() and kind in ("", item["type"])]
    return jsonify(found[_skip() : _skip() + _take()])


@blueprint.get("/healthservices/<path:nacs>")
def service(nacs: str) -> ResponseReturnValue:
    """Answer GET /healthservices/{nacs}; codes may hold spaces."""
    if not places.CODE.fullmatch(nacs) or not _listed(nacs):
        return _missing()
    return jsonify(service_json(nacs))


def _moment(text: str) -> int | None:
    """Read `2026-02-01`, `2026-02-01T10:00:00Z` or `01/02/2026`; None for nothing or nonsense."""
    match = re.fullmatch(r"(\d{2})/(\d{2})/(\d{4})", text)
    text = "-".join(reversed(match.groups())) if match else text
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        return None
    return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)


def _take() -> int:
    value = request.args.get("take", "")
    return min(MOST, int(value)) if value.isdigit() else USUAL


def _skip() -> int:
    value = request.args.get("skip", "")
    return min(int(value), 2**31) if value.isdigit() else 0


def _missing() -> ResponseReturnValue:
    return jsonify(message="The resource you asked for was not found."), 404
