"""Posts and comments as the API and the archives of Google+ wrote them. A page has one post for each month."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import NamedTuple

from healthberry.sandbox import simple_store as kept
from healthberry.sandbox.moments import stamp
from healthberry.sandbox.places import quoted
from healthberry.sandbox.site import Json
from healthberry.sandbox.store import Row, Store

_INVITATION = "Tell us about your visit in {month}<br>We are listening"


class Said(NamedTuple):
    """One comment, by somebody or by the page itself."""

    id: str
    author: str
    text: str
    at: int
    ours: bool


def posts(store: Store, place: str) -> list[tuple[str, list[Row]]]:
    """Return each post, called by its month (YYYYMM), with the comments on it; the newest first."""
    months: dict[str, list[Row]] = {}
    for row in kept.visible_items(store, "google_plus", place):
        months.setdefault(f"{_day(row['published_at']):%Y%m}", []).append(row)
    return sorted(months.items(), reverse=True)


def said(store: Store, rows: Sequence[Row]) -> list[Said]:
    """Return the comments and the page's answers in the order in which they were written."""
    found = [Said(row["id"], row["author"], row["text"], row["published_at"], False) for row in rows]
    for row in rows:
        for answer in kept.replies(store, "google_plus", row["id"]):
            found.append(Said(answer["id"], answer["author"], answer["text"], answer["published_at"], True))
    return sorted(found, key=lambda one: (one.at, one.id))


def person(place: str) -> Json:
    """Describe a page as its API did."""
    return {"kind": "plus#person", "id": place, "displayName": _name(place), "url": _profile(place)}


def activity(place: str, post: str, rows: Sequence[Row], root: str) -> Json:
    """Describe a post as the API did."""
    return {
        "kind": "plus#activity",
        "id": f"z12{place}.{post}",
        "url": f"{root}/sites/google_plus/places/{quoted(place)}",
        "title": _post_words(post).replace("<br>", " "),
        "published": stamp(_began(post)),
        "updated": stamp(_began(post)),
        "verb": "post",
        "actor": person(place),
        "object": {"objectType": "note", "content": _post_words(post), "replies": {"totalItems": len(rows)}},
        "access": {"kind": "plus#acl", "items": [{"type": "public"}]},
        "provider": {"title": "Google+"},
    }


def comment(place: str, activity_id: str, one: Said, root: str) -> Json:
    """Describe a comment as the API did."""
    actor = person(place) if one.ours else {"id": _person_id(one.author), "displayName": one.author}
    return {
        "kind": "plus#comment",
        "id": one.id,
        "verb": "post",
        "published": stamp(one.at),
        "updated": stamp(one.at),
        "actor": actor,
        "object": {"objectType": "comment", "content": _html(one.text)},
        "selfLink": f"{root}/google_plus/plus/v1/comments/{one.id}",
        "inReplyTo": [{"id": activity_id}],
        "plusoners": {"totalItems": 0},
    }


def json_file(store: Store, place: str, post: str, rows: Sequence[Row]) -> tuple[str, str]:
    """Return name and text of a post's file in an archive."""
    owner = _author(_name(place), place)
    document = {
        "url": f"https://plus.google.com/+{place}/posts/{post}",
        "creationTime": _written(_began(post)),
        "updateTime": _written(_began(post)),
        "author": owner,
        "content": _post_words(post),
        "comments": [_archived(place, post, one, owner) for one in said(store, rows)],
        "resourceName": f"users/{place}/posts/Ugj{post}",
        "activityId": f"z12{place}.{post}",
        "postAcl": {"isPublic": True, "visibleToStandardAcl": {"circles": [{"type": "CIRCLE_TYPE_PUBLIC"}]}},
    }
    return f"{post}01 - Tell us about your visit in.json", json.dumps(document, ensure_ascii=False, indent=2)


def html_file(store: Store, place: str, post: str, rows: Sequence[Row]) -> tuple[str, str]:
    """Return name and text of a post's file in an archive for people."""
    comments = "".join(
        f'<div class="comment"><a class="author" href="{_profile(place if one.ours else _person_id(one.author))}">'
        f'{escape(_name(place) if one.ours else one.author)}</a> <span class="time">{_written(one.at)}</span>'
        f'<span class="comment-content">{_html(one.text)}</span></div>'
        for one in said(store, rows)
    )
    page = (
        f'<!doctype html><title>Post</title><a class="author" href="{_profile(place)}">{escape(_name(place))}</a>'
        f'<span class="time">{_written(_began(post))}</span><div class="main-content">{_post_words(post)}</div>'
        f'<div class="visibility">Shared publicly</div><div class="comments">{comments}</div>'
    )
    return f"{post}01 - Tell us about your visit in.html", page


def _archived(place: str, post: str, one: Said, owner: Json) -> Json:
    return {
        "creationTime": _written(one.at),
        "updateTime": _written(one.at),
        "author": owner if one.ours else _author(one.author, _person_id(one.author)),
        "content": _html(one.text),
        "postUrl": f"https://plus.google.com/+{place}/posts/{post}",
        "resourceName": f"users/{place}/posts/Ugj{post}/comments/{one.id}",
    }


def _author(name: str, ident: str) -> Json:
    return {"displayName": name, "profilePageUrl": _profile(ident), "resourceName": f"users/{ident}"}


def _profile(ident: str) -> str:
    return f"https://plus.google.com/{ident}"


def _person_id(author: str) -> str:
    return "10" + "".join(f"{ord(letter) % 97:02}" for letter in author)[:19]


def _name(place: str) -> str:
    return place.replace("-", " ").replace("_", " ").title()


def _post_words(post: str) -> str:
    return _INVITATION.format(month=f"{datetime.strptime(post, '%Y%m').replace(tzinfo=UTC):%B %Y}")


def _began(post: str) -> int:
    return int(datetime.strptime(post, "%Y%m").replace(tzinfo=UTC).timestamp() * 1000)


def _day(moment: int) -> datetime:
    return datetime.fromtimestamp(moment / 1000, UTC)


def _written(moment: int) -> str:
    return f"{_day(moment):%Y-%m-%d %H:%M:%S}+0000"


def _html(text: str) -> str:
    return escape(text).replace("\n", "<br>")
