"""What Facebook sends of a Page: a hint, looked up by its id, so that it reads as the lists tell it.

Source: developers.facebook.com, "Webhooks reference: page" and "Messenger webhook events"; the shape of comments is
that of recorded deliveries, those of mentions and ratings are from memory. Any order, and the same one twice.

| piece | becomes |
|---|---|
| feed: comment or post removed, deleted or hidden | withdrawn |
| feed: comment or post added, edited, shown again | the item as it is now |
| feed: reactions and the rest | nothing |
| mention | the comment or post that mentions the Page |
| ratings | the recommendation as it was sent: nobody serves it any more |
| message, echo, edit | a poll, which knows names and threads; nothing where messages are not read |
| message taken back | withdrawn |
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from healthberry.connectors import facebook_items as items
from healthberry.connectors.base import Author, InboundItem, Page
from healthberry.connectors.errors import Gone, NotAuthorised, Rejected
from healthberry.connectors.facebook_items import Us
from healthberry.connectors.graph import at_seconds
from healthberry.connectors.graph_hooks import opened
from healthberry.connectors.reading import identifier, mapping, read_each, small, withdrawn
from healthberry.connectors.text import clean, line

Look = Callable[[str, bool], Sequence[InboundItem]]  # id, whether it is a post

_GONE: Final = ("remove", "delete", "hide")
_POSTS: Final = ("post", "status", "photo", "video", "share", "link", "note")
_NOTHING: Final = Page([], None, more=False)


def read(body: str, us: Us, look: Look, *, messages: bool) -> Page:
    """Return what a delivery says; `look` asks for one item as it is now. Raises: Temporary, Permanent."""
    which, piece, time = opened(body)
    if which in ("messaging", "standby"):
        return _messaging(piece) if messages else _NOTHING
    value = mapping(piece.get("value"))
    if piece.get("field") == "feed":
        return _as_page(_feed(value, us, look))
    if piece.get("field") == "mention":
        return _as_page(_mention(value, us, look, time))
    if piece.get("field") == "ratings":
        return _rating(value, us)
    return _NOTHING


def _as_page(found: Sequence[InboundItem]) -> Page:
    return Page(found, None, more=False)


def _feed(value: Mapping[str, Any], us: Us, look: Look) -> Sequence[InboundItem]:
    kind, verb = line(value.get("item")), line(value.get("verb"))
    is_comment = kind == "comment"
    found = identifier(value.get("comment_id" if is_comment else "post_id"))
    if not found or not (is_comment or kind in _POSTS):
        return []
    if verb in _GONE:
        return [withdrawn(found)]
    if not is_comment and items.is_ours(value, us):
        return []
    try:
        return look(found, not is_comment)
    except Gone:
        return [withdrawn(found)]


def _mention(value: Mapping[str, Any], us: Us, look: Look, time: Any) -> Sequence[InboundItem]:
    comment_id, post_id = identifier(value.get("comment_id")), identifier(value.get("post_id"))
    found = comment_id or post_id
    if not found or identifier(value.get("sender_id")) == us.page_id:
        return []
    if line(value.get("verb")) in _GONE:
        return [withdrawn(found)]
    try:
        return look(found, not comment_id)
    except Gone:
        return [withdrawn(found)]
    except (NotAuthorised, Rejected):
        # What stands on strangers' walls may not be served to us: the delivery itself is all there is.
        return _as_sent(value, found, us, time)


def _as_sent(value: Mapping[str, Any], found: str, us: Us, time: Any) -> Sequence[InboundItem]:
    posted_at = at_seconds(value.get("created_time")) or at_seconds(time)
    text = clean(value.get("message"))
    if posted_at is None or not text:
        return []
    author = Author(identifier(value.get("sender_id")) or None, line(value.get("sender_name"), 200))
    source = small(is_post=not value.get("comment_id"))
    return [InboundItem(found, found, "inbound", author, text, posted_at, url=f"{us.web}/{found}", source=source)]


def _rating(value: Mapping[str, Any], us: Us) -> Page:
    if line(value.get("item")) == "comment":
        return _NOTHING
    story = identifier(value.get("open_graph_story_id"))
    if line(value.get("verb")) in _GONE:
        return _as_page([withdrawn(f"{items.RATING}{story}")] if story else [])
    found, bad = read_each([value], lambda one: items.rating(one, us), lambda one: story)
    return Page(found, None, more=False, bad=bad)


def _messaging(piece: Mapping[str, Any]) -> Page:
    message = mapping(piece.get("message"))
    if message.get("is_deleted") is True:
        found = identifier(message.get("mid"))
        return _as_page([withdrawn(found)] if found else [])
    if message or piece.get("message_edit"):
        return Page([], None, more=False, poll_now=True)
    return _NOTHING
