"""NHS.UK's older syndication feed: Atom lists of everything under one type of organisations, with their oddities."""

from datetime import UTC, date, datetime
from hmac import compare_digest
from xml.sax.saxutils import escape, quoteattr

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox.gate import guard
from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row

from . import store as reviews
from .api import when

blueprint = Blueprint("nhsuk_syndication", __name__, url_prefix="/nhsuk/syndication")
guard(blueprint, "nhsuk")

TYPES = {"hospitals": ("HOS", "TRU", "IND"), "gppractices": ("GPB",), "clinics": ("CLI", "SCL")}
PER_PAGE = 50
_DAY = 86_400_000


@blueprint.before_request
def check_key() -> ResponseReturnValue | None:
    """Refuse callers without a name (a broken page) or without a right key."""
    if not request.headers.get("User-Agent"):
        return Response("<html><body>Forbidden", 403, mimetype="text/html")
    wanted = here().config.keys["NHSUK_SUBSCRIPTION_KEY"]
    if not compare_digest(request.args.get("apikey", "").encode(), wanted.encode()):
        return Response("<html><body>Unauthorised", 401, mimetype="text/html")
    return None


@blueprint.get("/organisations/<kind>/comments.atom")
def feed(kind: str) -> ResponseReturnValue:
    """Answer with everything of a type, newest first."""
    return _answer(kind, "comments", 0)


@blueprint.get("/organisations/<kind>/commentssince/<int:year>/<int:month>/<int:day>.atom")
def feed_since(kind: str, year: int, month: int, day: int) -> ResponseReturnValue:
    """Answer with what changed since a day; 404 for a day that there is not."""
    try:
        since = datetime.combine(date(year, month, day), datetime.min.time(), UTC)
    except ValueError:
        return Response("", 404)
    return _answer(kind, f"commentssince/{year}/{month}/{day}", int(since.timestamp() * 1000))


def _answer(kind: str, listed: str, since: int) -> Response:
    store, types = here().store, TYPES.get(kind, ())
    page = int(request.args.get("page", "1")) if request.args.get("page", "1").isdigit() else 1
    marks = ",".join("?" * len(types))
    sql = f"""SELECT * FROM nu_comments WHERE org_type IN ({marks}) AND published_at <= ? AND updated_at >= ?
              AND status != 'Gone' ORDER BY ref DESC LIMIT ? OFFSET ?"""  # noqa: S608
    rows = store.rows(sql, *types, store.now(), since, PER_PAGE + 1, (max(page, 1) - 1) * PER_PAGE)
    if not rows:
        return Response("", 404)  # "nothing" is "not found" there
    more = len(rows) > PER_PAGE
    entries = "".join(_entries(row) for row in rows[:PER_PAGE])
    # The address of the next page lacks the suffix; on the last page it is that page again.
    onward = f"{request.host_url}nhsuk/syndication/organisations/{kind}/{listed}?apikey=x&page={page + more}"
    head = f'<link rel="next" length="1000" href={quoteattr(onward)}/>'
    body = f'<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">{head}{entries}</feed>'
    return Response(body, mimetype="application/atom+xml")


def _entries(row: Row) -> str:
    if row["status"] == "Removed":
        return _entry(row, str(row["ref"]), "deletion", "", "", "")
    # A title is escaped twice now and then.
    title = escape(row["title"]) if row["ref"] % 2 else row["title"]
    review = _entry(row, str(row["ref"]), "comment", title, row["screen_name"], _xhtml(row["body"]))
    answer = reviews.response_to(here().store, row["ref"])
    if answer is None:
        return review
    text = f'<content type="text">{escape(answer["body"])}</content>'
    reply = _entry({**answer, "ods_code": row["ods_code"]}, f"{row['ref']}R", "reply", "Re", answer["author"], text)
    return reply + review  # an answer may stand before what it answers


def _entry(row: Row, ident: str, kind: str, title: str, author: str, content: str) -> str:
    page = f"{request.host_url}nhsuk/DefaultView.aspx?id={row['ods_code']}"
    return (
        f"<entry><id>{ident}</id><title>{escape(title)}</title><author><name>{escape(author)}</name></author>"
        f'<category scheme="commentType" term="{kind}"/><link rel="alternate" href={quoteattr(page)}/>'
        f"<published>{when(row['submitted_at'])}</published><updated>{when(row['updated_at'])}</updated>{content}</entry>"
    )


def _xhtml(body: str) -> str:
    return (
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><div class="liked"></div>'
        f'<div class="anythingElse">{escape(body)}</div>'
        '<div class="commentTags"><ul><li><a href="#">parking</a></li></ul></div></div></content>'
    )
