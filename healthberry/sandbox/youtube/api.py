"""The YouTube Data API, version 3, as far as comments need it."""

import base64
import json
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox import seed, simple_pages
from healthberry.sandbox import simple_store as kept
from healthberry.sandbox.gate import guard
from healthberry.sandbox.google.oauth import YOUTUBE, granted
from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row
from healthberry.sandbox.views import missing

from . import names, shapes

blueprint = Blueprint("youtube", __name__, url_prefix="/youtube/v3")
guard(blueprint, "youtube")
web = Blueprint("youtube_web", __name__, url_prefix="/youtube")

DAILY_UNITS = 10_000
LONGEST = 10_000
_DAY = 86_400


@blueprint.get("/channels")
def channels() -> ResponseReturnValue:
    """Find channels: `mine`, by `id`, or by `forHandle`."""
    if (refused := _entered(1)) is not None:
        return refused
    asked = request.args
    if asked.get("mine") == "true":
        handles = granted(YOUTUBE)
        if handles is None:
            return error(401, "authError", "Request had invalid authentication credentials.")
    elif asked.get("forHandle"):
        handles = [asked["forHandle"].lstrip("@").lower()]
    else:
        handles = [names.handle(one) for one in asked.get("id", "").split(",")]
    found = [one for one in handles if names.HANDLE.fullmatch(one)]
    return jsonify(kind="youtube#channelListResponse", items=[_channel(one) for one in found])


@blueprint.get("/commentThreads")
def comment_threads() -> ResponseReturnValue:
    """List threads, the newest first: of a channel's videos, or by their ids."""
    if (refused := _entered(1)) is not None:
        return refused
    if request.args.get("id"):
        rows = [row for row in map(_visible, request.args["id"].split(",")) if row and "." not in row["id"]]
        return _listed([_thread(row) for row in rows], "Thread")
    place = names.handle(request.args.get("allThreadsRelatedToChannelId", ""))
    if not place:
        return error(404, "channelNotFound", "The channel could not be found.")
    seed.ask(here(), "youtube", place)
    rows = [row for row in kept.visible_items(here().store, "youtube", place) if "." not in row["id"]]
    return _paged(rows, "Thread")


@blueprint.get("/comments")
def comments() -> ResponseReturnValue:
    """List the replies to a comment, or comments by their ids."""
    if (refused := _entered(1)) is not None:
        return refused
    plain = request.args.get("textFormat") == "plainText"
    if request.args.get("id"):
        found = [one for one in map(_anything, request.args["id"].split(",")) if one]
        return _listed([shapes.comment(row, place, plain=plain) for row, place in found], "")
    parent = _visible(request.args.get("parentId", ""))
    if parent is None:
        return error(404, "commentNotFound", "The specified comment could not be found.")
    return _paged(_replies(parent), "", parent["place"])


@blueprint.post("/comments")
def insert() -> ResponseReturnValue:
    """Reply to a comment as the signed-in channel: 50 units."""
    if (refused := _entered(50, writing=True)) is not None:
        return refused
    body = request.get_json(silent=True)
    snippet = body.get("snippet") if isinstance(body, dict) else None
    text = snippet.get("textOriginal") if isinstance(snippet, dict) else None
    if not isinstance(snippet, dict) or not isinstance(text, str) or not text.strip():
        return error(400, "commentTextRequired", "The comment that is being inserted must contain text.")
    if len(text) > LONGEST:
        return error(400, "commentTextTooLong", "The comment text is too long.")
    parent = _visible(str(snippet.get("parentId")))
    if parent is None:
        return error(404, "parentCommentNotFound", "The specified parent comment could not be found.")
    if json.loads(parent["more"]).get("closed"):
        return error(403, "commentsDisabled", "The video has disabled comments.")
    if (granted(YOUTUBE) or [""])[0] != parent["place"]:
        return error(403, "forbidden", "The comment cannot be created here: another channel than the video's.")
    site = here().sites["youtube"]
    ident = site.answer(here(), parent["id"], text, f"@{parent['place']}")  # type: ignore[attr-defined]
    made = here().store.sure("SELECT * FROM simple_replies WHERE channel = 'youtube' AND id = ?", ident)
    described = shapes.comment(made, parent["place"], plain=True)
    described["snippet"]["textOriginal"] = text
    return jsonify(described)


@web.get("/watch")
def watch() -> ResponseReturnValue:
    """Show the comment that a link leads to."""
    return simple_pages.item("youtube", names.top(request.args.get("lc", "")))


@web.get("/channel/<channel_id>")
def channel_page(channel_id: str) -> ResponseReturnValue:
    """Show an organisation's channel, or that a viewer's shows nothing."""
    place = names.handle(channel_id)
    return redirect(here().sites["youtube"].page(place)) if place else missing()


def error(status: int, reason: str, message: str, domain: str = "youtube.comment") -> Response:
    """Answer in the shape of YouTube's refusals."""
    told = {"message": message, "domain": domain, "reason": reason}
    answer = jsonify(error={"code": status, "message": message, "errors": [told]})
    answer.status_code = status
    return answer


def _entered(units: int, *, writing: bool = False) -> Response | None:
    """Refuse who has neither key nor sign-in, and what goes beyond the day's units."""
    sandbox, signed_in = here(), granted(YOUTUBE) is not None
    if request.headers.get("Authorization") and not signed_in:
        return error(401, "authError", "Request had invalid authentication credentials.", "global")
    if not signed_in and request.args.get("key") != sandbox.config.keys["YOUTUBE_API_KEY"]:
        return error(400, "badRequest", "API key not valid. Please pass a valid API key.", "global")
    if writing and not signed_in:
        return error(401, "required", "API keys are not supported by this API.", "global")
    now, enforced = sandbox.store.now(), sandbox.settings.rate_limits
    spent = [sandbox.limits.hit("project", "youtube", DAILY_UNITS, _DAY, now, enforced) for _ in range(units)]
    if not spent[-1].allowed:
        return error(
            403, "quotaExceeded", "The request cannot be completed: you have exceeded your quota.", "youtube.quota"
        )
    return None


def _visible(ident: str) -> Row | None:
    return kept.visible_item(here().store, "youtube", ident)


def _anything(ident: str) -> tuple[Row, str] | None:
    """Find a viewer's comment or the organisation's reply, with the organisation's handle."""
    store = here().store
    found = _visible(ident)
    if found:
        return found, found["place"]
    reply, parent = kept.reply(store, "youtube", ident), _visible(names.top(ident))
    return (reply, parent["place"]) if reply and parent and reply["state"] == "published" else None


def _replies(parent: Row) -> list[Row]:
    """Return what viewers and the organisation replied, oldest first."""
    store = here().store
    sql = f"SELECT * FROM simple_items WHERE channel = 'youtube' AND in_reply_to = ? AND {kept.PUBLISHED}"  # noqa: S608
    viewers = store.rows(sql, parent["id"], store.now())
    both = [*viewers, *kept.replies(store, "youtube", parent["id"])]
    return sorted(both, key=lambda row: (row["published_at"], row["serial"]))


def _paged(rows: list[Row], what: str, place: str = "") -> ResponseReturnValue:
    given = request.args.get("maxResults", "20")
    if not given.isdigit() or not 1 <= int(given) <= 100:
        return error(400, "invalidParameter", "Invalid value for maxResults.")
    many, question = int(given), request.args.get("parentId") or request.args.get("allThreadsRelatedToChannelId", "")
    try:
        first = _start(request.args.get("pageToken", ""), question)
    except ValueError:
        return error(400, "invalidPageToken", "The request specifies an invalid page token.")
    plain = request.args.get("textFormat") == "plainText"
    page = rows[first : first + many]
    listed = [_thread(row) if what else shapes.comment(row, place, plain=plain) for row in page]
    more = {}
    if first + many < len(rows):
        more["nextPageToken"] = base64.urlsafe_b64encode(f"{first + many}|{question}".encode()).decode()
    return _listed(listed, what, **more)


def _start(token: str, question: str) -> int:
    if not token:
        return 0
    offset, _, told = base64.urlsafe_b64decode(token.encode()).decode().partition("|")
    if told != question:
        raise ValueError(token)
    return int(offset)


def _thread(row: Row) -> dict[str, Any]:
    return shapes.thread(
        row,
        _replies(row),
        plain=request.args.get("textFormat") == "plainText",
        closed=bool(json.loads(row["more"]).get("closed")),
        with_replies="replies" in request.args.get("part", ""),
    )


def _listed(listed: list[dict[str, Any]], what: str, **more: str) -> Response:
    info = {"totalResults": len(listed), "resultsPerPage": len(listed)}
    return jsonify(
        {"kind": f"youtube#comment{what}ListResponse", "etag": "e", **more, "pageInfo": info, "items": listed}
    )


def _channel(handle: str) -> dict[str, Any]:
    snippet = {"title": handle, "customUrl": f"@{handle}"}
    return {"kind": "youtube#channel", "etag": "e", "id": names.channel(handle), "snippet": snippet}
