"""Things on a Page as nodes of the Graph API: every field that may be asked for, edges as functions."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from flask import request

from . import graph
from .nodes import Field, listed, picked
from .wall import Thing, Wall, thread_id

WEEK = 7 * 86_400_000


def stamp(moment: int) -> str:
    """Write a time as the API does, the offset without a colon."""
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def address(ident: str) -> str:
    """Return the public address of a thing."""
    return f"{request.host_url.rstrip('/')}/facebook/permalink/{ident}"


def who(wall: Wall, thing: Thing) -> Mapping[str, Any] | None:
    """Return the author, if the app may know them."""
    if thing.by_page:
        return {"id": wall.page["page_id"], "name": wall.page["name"]}
    return None if graph.flag("hide_authors") == "on" else {"id": thing.person, "name": thing.author}


def post(wall: Wall, thing: Thing, now: int) -> dict[str, Any]:
    """Return a post as a PagePost."""
    return {
        "id": thing.id,
        "message": thing.text,
        "story": None,
        "created_time": stamp(thing.at),
        "updated_time": stamp(max((one.at for one in wall.comments(thing.id)), default=thing.at)),
        "from": who(wall, thing),
        "permalink_url": address(thing.id),
        "status_type": "mobile_status_update" if thing.kind == "own" else "wall_post",
        "is_hidden": thing.state == "hidden",
        "is_published": True,
        "parent_id": None,
        "attachments": None,
        "can_reply_privately": _may_write_once(wall, thing, now),
        "message_tags": None,
        "comments": _comments(wall, thing, now),
    }


def comment(wall: Wall, thing: Thing, now: int) -> dict[str, Any]:
    """Return a comment as a Comment."""
    above = wall.find(thing.post)
    about = {"id": thing.post, "from": who(wall, above) if above else None}
    once = wall.answered_privately(thing.id)
    return {
        "id": thing.id,
        "message": thing.text,
        "created_time": stamp(thing.at),
        "from": who(wall, thing),
        "parent": {"id": thing.parent} if thing.parent else None,
        "object": {name: value for name, value in about.items() if value},
        "permalink_url": address(thing.id),
        "attachment": None,
        "comment_count": sum(1 for one in wall.comments(thing.post) if one.parent == thing.id),
        "like_count": 0,
        "is_hidden": thing.state == "hidden",
        "is_private": False,
        "can_comment": True,
        "can_hide": not thing.by_page,
        "can_remove": True,
        "can_reply_privately": _may_write_once(wall, thing, now),
        "private_reply_conversation": (lambda one: picked(thread(wall, once.person, now), one.inner)) if once else None,
        "message_tags": None,
        "admin_creator": None,
        "application": {"id": graph.app_id(), "name": "HealthBerry"} if thing.by_app else None,
        "user_likes": False,
        "comments": _comments(wall, thing, now),
    }


def _may_write_once(wall: Wall, thing: Thing, now: int) -> bool:
    return not thing.by_page and now - thing.at < WEEK and wall.answered_privately(thing.id) is None


def rating(wall: Wall, thing: Thing, now: int) -> dict[str, Any]:
    """Return a recommendation, which has no id of its own."""
    positive = (thing.rating or 5) > 2
    return {
        "created_time": stamp(thing.at),
        "has_rating": False,
        "has_review": True,
        "rating": None,
        "recommendation_type": "positive" if positive else "negative",
        "review_text": thing.text,
        "reviewer": who(wall, thing),
        "open_graph_story": {"id": thing.id},
    }


def thread(wall: Wall, person: str, now: int) -> dict[str, Any]:
    """Return a private exchange as a UnifiedThread."""
    messages = [one for one in wall.messages(person) if one.state == "published"]
    theirs = next((one for one in messages if not one.by_page), None)
    name = theirs.author if theirs else "A person"
    people = [{"id": person, "name": name}, {"id": wall.page["page_id"], "name": wall.page["name"]}]
    return {
        "id": thread_id(person),
        "updated_time": stamp(messages[0].at if messages else 0),
        "participants": {"data": people},
        "unread_count": 0,
        "can_reply": theirs is not None and now - theirs.at < 86_400_000,
        "messages": lambda one: listed(
            messages,
            lambda said: picked(message(wall, said, name), one.inner),
            f"{request.path}/{thread_id(person)}/messages",
            one.arguments,
            25,
        ),
    }


def message(wall: Wall, thing: Thing, name: str) -> dict[str, Any]:
    """Return a private message."""
    us = {"id": wall.page["page_id"], "name": wall.page["name"]}
    them = {"id": thing.person, "name": name}
    return {
        "id": thing.id,
        "created_time": stamp(thing.at),
        "from": us if thing.by_page else them,
        "to": {"data": [them if thing.by_page else us]},
        "message": thing.text,
        "attachments": None,
    }


def _comments(wall: Wall, thing: Thing, now: int) -> Callable[[Field], dict[str, Any]]:
    def edge(one: Field) -> dict[str, Any]:
        return comments(wall, thing, now, one.inner, one.arguments)

    return edge


def comments(wall: Wall, thing: Thing, now: int, fields: list[Field], asked: Mapping[str, str]) -> dict[str, Any]:
    """Return a page of the comments under a post, or of the answers to a comment."""
    if thing.kind == "comment":
        rows = [one for one in wall.comments(thing.post) if one.parent == thing.id]
    else:
        rows = wall.comments(thing.id)
        if asked.get("filter", "toplevel") == "toplevel":
            rows = [one for one in rows if not one.parent]
    if asked.get("order") != "reverse_chronological":
        rows = rows[::-1]

    def show(one: Thing) -> dict[str, Any] | None:
        return picked(comment(wall, one, now), fields) if one.state in ("published", "hidden") else None

    return listed(rows, show, f"{request.path.rsplit('/', 1)[0]}/{thing.id}/comments", asked, 25)
