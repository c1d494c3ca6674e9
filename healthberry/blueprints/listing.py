"""The list beside every page of the inbox: what it shows, and the addresses that narrow it."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from flask import request

from healthberry.blueprints import guard
from healthberry.blueprints.guard import member
from healthberry.blueprints.render import shown_address
from healthberry.core import inbox, members
from healthberry.core.inbox import View
from healthberry.core.narrowing import narrowing
from healthberry.models.organisations import ORGANISATION_VERIFIED

_PAGE = "/conversations/"


def list_context(view: View, after: str = "") -> dict[str, Any]:
    """Return what the list's templates need: rows, what they can be narrowed by, and the newest change they contain."""
    asking = member()
    # The number first: a change between the two is then shown twice, never missed.
    number = guard.number()
    listing = inbox.list_conversations(asking, view, after)
    narrows = narrowing(asking)
    return {
        "view": view,
        "rows": listing.rows,
        "next": listing.next,
        "first": not after,
        "number": number,
        "linked": narrows.linked,
        "next_step": members.next_step(asking),
        "kinds": sorted({channel.kind for channel in narrows.linked}),
        "services": narrows.services,
        "narrowed": partial(narrowed, view),
    }


def narrowed(view: View, **changes: Any) -> str:
    """Return the address of the list with `changes` to its view."""
    return inbox_address(replace(view, **changes))


def inbox_address(view: View) -> str:
    """Return the address of the list in this view."""
    return "/inbox" + _query(view.to_args())


def conversation_address(view: View, conversation_id: UUID) -> str:
    """Return the address of a conversation, reached from this view; needs no request, for rows that are pushed."""
    return f"{_PAGE}{conversation_id}" + _narrowing(view)


@lru_cache(maxsize=500)
def _narrowing(view: View) -> str:
    """Return the view as the end of an address: a list asks for it once for each of its lines."""
    return _query(view.to_args())


def reply_address(reply_id: UUID, act: str) -> str:
    """Return where to send what a person decides of a reply: retry, take-back, copied, confirm; needs no request."""
    return f"/replies/{reply_id}/{act}"


def stream_address(view: View, after: int, conversation_id: UUID | None = None, level: int = 2) -> str:
    """Return the address of the changes that a page with this list, and perhaps a conversation, listens to.

    `level` is the trust that the page was drawn for: at level 1 it also waits for more.
    """
    args = {"view": "inbox", **view.to_args()}
    if conversation_id is not None:
        args = {**args, "view": "conversation", "conversation": str(conversation_id)}
    if level < ORGANISATION_VERIFIED:
        args["level"] = str(level)
    return "/stream" + _query({**args, "after": str(after)})


def present_view() -> View:
    """Return the view of the page that asked: its own address where htmx tells it, else this request's arguments."""
    told = request.headers.get("HX-Current-URL")
    return View.from_args(dict(parse_qsl(shown_address().query)) if told else request.args)


def open_conversation_id() -> UUID | None:
    """Return the conversation that stands beside the list on the page that asked, where htmx tells it."""
    path = shown_address().path
    try:
        return UUID(path.removeprefix(_PAGE)) if path.startswith(_PAGE) else None
    except ValueError:
        return None


def _query(args: Mapping[str, str]) -> str:
    return f"?{urlencode(args)}" if args else ""
