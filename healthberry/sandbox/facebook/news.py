"""What happened on a Page, as the app is told of it."""

from typing import Any

from healthberry.sandbox.state import Sandbox

from .hooks import tell
from .wall import Thing, Wall, find


def told(sandbox: Sandbox, ident: str, verb: str) -> None:
    """Tell of anything that somebody wrote, changed or took back: the field and the shape follow from what it is."""
    found = find(sandbox.store, ident)
    if found is None:
        return
    wall, thing = found
    page_id = wall.page["page_id"]
    if thing.kind == "comment":
        comment(sandbox, page_id, ident, verb)
    elif thing.kind == "visitor":
        tell(sandbox, "page", page_id, "feed", _post(sandbox, thing, verb))
    elif thing.kind == "tagged":
        sender = {"sender_id": thing.person, "sender_name": thing.author}
        value = {"post_id": ident, **sender, "item": "post", "verb": verb, "created_time": thing.at // 1000}
        tell(sandbox, "page", page_id, "mention", value | {"message": thing.text})
    elif thing.kind == "message":
        _message(sandbox, wall, thing, verb)
    elif thing.kind == "rating":
        tell(sandbox, "page", page_id, "ratings", _rating(thing, verb))


def comment(sandbox: Sandbox, page_id: str, ident: str, verb: str) -> None:
    """Tell of a comment, the Page's own too."""
    found = find(sandbox.store, ident)
    if found is None:
        return
    wall, thing = found
    value: dict[str, Any] = {
        "from": _from(sandbox, wall, thing),
        "post": {"status_type": "mobile_status_update", "is_published": True, "id": thing.post},
        "post_id": thing.post,
        "comment_id": ident,
        "created_time": thing.at // 1000,
        "item": "comment",
        "parent_id": thing.parent or thing.post,
        "verb": verb,
    }
    if verb not in ("remove", "hide"):
        value["message"] = thing.text
    tell(sandbox, "page", page_id, "feed", value)


def echo(sandbox: Sandbox, page_id: str, person: str, mid: str, text: str, metadata: str) -> None:
    """Tell of a message that the Page sent."""
    message: dict[str, Any] = {
        "is_echo": True,
        "app_id": int(sandbox.config.keys["FACEBOOK_APP_ID"]),
        "mid": mid,
        "text": text,
    }
    if metadata:
        message["metadata"] = metadata
    event = {"sender": {"id": page_id}, "recipient": {"id": person}, "timestamp": sandbox.store.now()}
    tell(sandbox, "page", page_id, "messaging", event | {"message": message, "field": "message_echoes"})


def _message(sandbox: Sandbox, wall: Wall, thing: Thing, verb: str) -> None:
    page_id = wall.page["page_id"]
    event = {"sender": {"id": thing.person}, "recipient": {"id": page_id}, "timestamp": sandbox.store.now()}
    if verb == "edited":
        edit = {"mid": thing.id, "text": thing.text, "num_edit": 1}
        tell(sandbox, "page", page_id, "messaging", event | {"message_edit": edit, "field": "message_edits"})
        return
    message: dict[str, Any] = {"mid": thing.id}
    message |= {"is_deleted": True} if verb == "remove" else {"text": thing.text}
    tell(sandbox, "page", page_id, "messaging", event | {"message": message, "field": "messages"})


def _post(sandbox: Sandbox, thing: Thing, verb: str) -> dict[str, Any]:
    value: dict[str, Any] = {"item": "status", "post_id": thing.id, "verb": verb, "created_time": thing.at // 1000}
    if verb != "remove":
        value |= {"message": thing.text, "from": {"id": thing.person, "name": thing.author}}
    return value


def _rating(thing: Thing, verb: str) -> dict[str, Any]:
    return {
        "item": "rating",
        "verb": verb,
        "recommendation_type": "POSITIVE" if (thing.rating or 5) > 2 else "NEGATIVE",
        "review_text": thing.text,
        "reviewer_id": thing.person,
        "reviewer_name": thing.author,
        "open_graph_story_id": thing.id,
        "created_time": thing.at // 1000,
    }


def _from(sandbox: Sandbox, wall: Wall, thing: Thing) -> dict[str, str] | None:
    if thing.by_page:
        return {"id": wall.page["page_id"], "name": wall.page["name"]}
    hidden = sandbox.store.value("SELECT value FROM facebook_flags WHERE name = 'hide_authors'") == "on"
    return None if hidden else {"id": thing.person, "name": thing.author}
