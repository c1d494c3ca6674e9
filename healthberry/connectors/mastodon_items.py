"""Statuses of Mastodon become items, and their threads are found.

Source: documentation of Mastodon, "entities/Status" and "methods/statuses". A status names the one that it answers, not
its conversation: where a thread began is asked for, and stays what it was for whatever is stored (a status whose parent
is deleted names none any more).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from healthberry.connectors.base import Author, InboundItem
from healthberry.connectors.errors import Gone, Rejected, UnexpectedAnswer
from healthberry.connectors.mastodon_server import Calls
from healthberry.connectors.mastodon_words import comparable, plain
from healthberry.connectors.reading import Unreadable, address, first, identifier, mapping, moment, sequence, small
from healthberry.connectors.text import clean, line

_NOT_PUBLIC: Final = ("private", "direct")
_VISIBILITIES: Final = ("public", "unlisted", *_NOT_PUBLIC)


@dataclass(frozen=True)
class Us:
    """Our account: its id and the host of its server."""

    account_id: str
    host: str


class Threads:
    """Where the threads of some statuses began; each is asked for once."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._began: dict[str, str] = {}

    def of(self, status: Any) -> str:
        """Return the id of the status that a thread began with. Raises: Temporary, Permanent."""
        own, parent = status_id(status), answered(status)
        if not parent:
            self._began[own] = own
        elif own not in self._began and parent not in self._began:
            self._ask(own, parent)
        return self._began.setdefault(own, self._began.get(parent, own))

    def _ask(self, own: str, parent: str) -> None:
        try:
            context = self._calls.object("/api/v1/statuses/{id}/context", id=own)
        except (Gone, Rejected, UnexpectedAnswer):  # one thread that cannot be had holds up nothing else
            context = {}
        above = [one for one in map(status_id, sequence(context.get("ancestors"))) if one]
        began = above[0] if above else parent
        below = [one for one in map(status_id, sequence(context.get("descendants"))) if one]
        self._began |= dict.fromkeys([*above, parent, own, *below], began)


def status_id(status: Any) -> str:
    """Return the id of a status on its account's server, "" where it has none."""
    return identifier(mapping(status).get("id"))


def answered(status: Any) -> str:
    """Return the id of the status that this one answers, "" where it answers none."""
    return identifier(mapping(status).get("in_reply_to_id"))


def written_by(status: Any) -> str:
    """Return the id of the account that wrote a status."""
    return identifier(mapping(mapping(status).get("account")).get("id"))


def visibility(status: Any) -> str:
    """Return who may see a status: public, unlisted, private or direct; what we do not know is taken for private."""
    given = line(mapping(status).get("visibility"), 50)
    return given if given in _VISIBILITIES else "private" if given else "public"


def item(status: Any, us: Us, thread_id: str) -> InboundItem:
    """Return a status as an item, as it is now. Raises: Unreadable."""
    given = mapping(status)
    remote_id, posted_at = status_id(given), moment(given.get("created_at"))
    if not remote_id:
        raise Unreadable("It is not a status with an id.")
    if posted_at is None:
        raise Unreadable("It does not say when it was posted.")
    account = mapping(given.get("account"))
    seen_by = visibility(given)
    return InboundItem(
        remote_id=remote_id,
        thread_id=thread_id or remote_id,
        in_reply_to=answered(given) or None,
        direction="outbound" if written_by(given) == us.account_id else "inbound",
        author=_author(account, us.host),
        title=line(given.get("spoiler_text"), 300),
        text=_text(given),
        posted_at=posted_at,
        url=address(first(given, "url", "uri")),
        attachments=_attachments(given),
        syndication_key=line(given.get("uri"), 500) or None,
        change="edited",
        source=small(
            visibility=seen_by,
            # Nobody may take for public what only its receivers see.
            private=True if seen_by in _NOT_PUBLIC else "",
            acct=line(account.get("acct"), 300),
            name=account.get("display_name"),
            lang=given.get("language"),
        ),
    )


def says(status: Any, account_id: str, target: str, words: str) -> bool:
    """Say whether a status of this account answers `target` with `words`."""
    if written_by(status) != account_id or answered(status) != target:
        return False
    return comparable(_text(mapping(status))) == comparable(words)


def _text(status: Mapping[str, Any]) -> str:
    content = status.get("content")
    return plain(content) if isinstance(content, str) and content else clean(status.get("text"))


def _author(account: Mapping[str, Any], host: str) -> Author:
    acct = line(first(account, "acct", "username"), 300).lstrip("@")
    whole = f"@{acct}" if "@" in acct or not acct else f"@{acct}@{host}"
    name = whole if acct else line(account.get("display_name"), 100)
    return Author(identifier(account.get("id")) or None, name, address(account.get("url")))


def _attachments(status: Mapping[str, Any]) -> tuple[Mapping[str, str], ...]:
    found = []
    for media in map(mapping, sequence(status.get("media_attachments"))):
        known = {
            "type": line(media.get("type"), 50),
            "url": address(first(media, "url", "remote_url", "preview_url")) or "",
            "description": line(media.get("description"), 500),
        }
        if media:
            found.append({name: value for name, value in known.items() if value})
    return tuple(found)


def statuses(body: Sequence[Any], *, notified: bool) -> list[Any]:
    """Return the statuses of a list, oldest first, so that what is answered comes before its answer."""
    found = [mapping(one).get("status") if notified and isinstance(one, Mapping) else one for one in body]
    # A notification whose status is gone has none any more.
    return [one for one in reversed(found) if one is not None]
