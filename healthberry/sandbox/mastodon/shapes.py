"""Statuses, accounts and notifications as Mastodon writes them in JSON, and words as its HTML."""

import json
import re
from hashlib import sha256
from html import escape
from typing import Any

from flask import request

from healthberry.sandbox import simple_store as kept
from healthberry.sandbox.moments import stamp
from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row

ELSEWHERE = "other.example"
_PARTS = re.compile(
    r"(https?://[^\s<>\"]+[^\s<>\".,;:!?)])|(?<![\w/@])(@\w+(?:@[\w.-]+\w)?)|(?<![\w&/])(#\w*[^\W\d]\w*)"
)


def account_id(acct: str) -> str:
    """Return the id of an account: a number that no float can hold."""
    return str(110_000_000_000_000_000 + int(sha256(acct.lower().encode()).hexdigest()[:12], 16))


def account_url(place: str) -> str:
    """Return the profile of `account@server`."""
    return f"{request.url_root}mastodon/{place.partition('@')[2]}/@{place.partition('@')[0]}"


def slug(author: str) -> str:
    """Return the account name that a screen name has."""
    return re.sub(r"\W+", "_", author).strip("_")[:30] or "somebody"


def account(acct: str, name: str, host: str) -> dict[str, Any]:
    """Return an account as a server on `host` sees it: `acct` names the server where it is another one."""
    username, _, server = acct.partition("@")
    whole = f"{username}@{server or host}"
    return {
        "id": account_id(whole),
        "username": username,
        "acct": acct,
        "display_name": name,
        "url": account_url(whole),
        "uri": account_url(whole),
        "bot": False,
        "locked": False,
    }


def ours(place: str) -> dict[str, Any]:
    """Return an organisation's own account."""
    return account(place.partition("@")[0], place.partition("@")[0], place.partition("@")[2])


def status_of_item(item: Row) -> dict[str, Any]:
    """Return what a patient wrote, as a status."""
    host, more = item["place"].partition("@")[2], json.loads(item["more"])
    text = item["text"]
    if more.get("mention", True) and not mentions(item):
        text = f"@{item['place'].partition('@')[0]} {text}"
    author = account(f"{slug(item['author'])}@{ELSEWHERE}", item["author"], host)
    edited = item["updated_at"] if item["updated_at"] > item["published_at"] else None
    seen = {"visibility": more.get("visibility", "public"), "spoiler_text": more.get("warning", "")}
    return _status(item, text, author, edited, host, item["in_reply_to"]) | seen


def status_of_reply(reply: Row, place: str) -> dict[str, Any]:
    """Return what an organisation answered, as a status."""
    more, host = json.loads(reply["more"]), place.partition("@")[2]
    edited = reply["updated_at"] if reply["updated_at"] > reply["published_at"] else None
    shown = _status(reply, reply["text"], ours(place), edited, host, reply["item_id"])
    return shown | {"visibility": more.get("visibility", "public")}


def mentions(item: Row) -> bool:
    """Say whether an item names its organisation by itself."""
    name = item["place"].partition("@")[0]
    return re.search(rf"(?i)(?<!\w)@{re.escape(name)}\b", item["text"]) is not None


def notification(item: Row) -> dict[str, Any]:
    """Return the notification of an item."""
    status = status_of_item(item)
    return {
        "id": notification_id(item),
        "type": "mention",
        "group_key": f"ungrouped-{notification_id(item)}",
        "created_at": stamp(item["published_at"]),
        "account": status["account"],
        "status": status,
    }


def notification_id(item: Row) -> str:
    """Return the id of an item's notification."""
    return str(34_000_000 + item["serial"])


def html_of(text: str, host: str) -> str:
    """Return words as HTML: paragraphs, links with their invisible parts, mentions, tags."""
    words, at = [], 0
    for found in _PARTS.finditer(text):
        words.append(escape(text[at : found.start()]))
        url, name, tag = found.groups()
        words.append(_link(url) if url else _mention(name, host) if name else _tag(tag, host))
        at = found.end()
    words.append(escape(text[at:]))
    paragraphs = "".join(words).split("\n\n")
    return "".join(f"<p>{one}</p>".replace("\n", "<br />") for one in paragraphs)


def _status(
    row: Row, text: str, author: dict[str, Any], edited: int | None, host: str, parent: str | None
) -> dict[str, Any]:
    return {
        "id": row["id"],
        "created_at": stamp(row["created_at"]),
        "edited_at": stamp(edited) if edited else None,
        "in_reply_to_id": parent,
        "in_reply_to_account_id": None,
        "sensitive": False,
        "language": "en",
        "uri": f"https://{ELSEWHERE}/statuses/{row['id']}",
        "url": f"{request.url_root}sites/mastodon/items/{row['item_id'] if 'item_id' in row else row['id']}",
        "content": html_of(text, host),
        "account": author,
        "media_attachments": [],
        "mentions": [],
        "tags": [{"name": one[1:].lower(), "url": ""} for one in re.findall(r"#\w+", text)],
        "replies_count": len(kept.replies(here().store, "mastodon", row["id"])),
    }


def _link(url: str) -> str:
    prefix = re.match(r"https?://(?:www\.)?", url)
    begins = prefix[0] if prefix else ""
    shown, rest = url[len(begins) : len(begins) + 30], url[len(begins) + 30 :]
    kind = "ellipsis" if rest else ""
    return (
        f'<a href="{escape(url)}" target="_blank" rel="nofollow noopener noreferrer"><span class="invisible">'
        f'{escape(begins)}</span><span class="{kind}">{escape(shown)}</span>'
        f'<span class="invisible">{escape(rest)}</span></a>'
    )


def _mention(name: str, host: str) -> str:
    username, _, server = name[1:].partition("@")
    url = escape(account_url(f"{username}@{server or host}"))
    return f'<span class="h-card"><a href="{url}" class="u-url mention">@<span>{escape(username)}</span></a></span>'


def _tag(tag: str, host: str) -> str:
    url = escape(f"{request.url_root}mastodon/{host}/tags/{tag[1:].lower()}")
    return f'<a href="{url}" class="mention hashtag" rel="tag">#<span>{escape(tag[1:])}</span></a>'
