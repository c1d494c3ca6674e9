"""Reading pages of threads with their replies, and a second look at what is stored."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from healthberry.connectors import youtube_items as items
from healthberry.connectors import youtube_walks as walks
from healthberry.connectors.base import Access, BadItem, InboundItem, Page
from healthberry.connectors.errors import Gone, Unavailable
from healthberry.connectors.reading import identifier, mapping, newest_first, read_each, withdrawn
from healthberry.connectors.youtube_api import Api

BATCH: Final = 50  # ids in one question
_NOT_BELIEVED: Final = 5


def page_of(api: Api, access: Access, elements: Sequence[Any], ours: items.Ours, state: walks.Poll) -> Page:
    """Return the threads of a page as items; replies that did not come with them are asked for.

    Raises: Temporary, Permanent.
    """
    found, bad = read_each(elements, lambda one: items.items_of(one, ours), items.thread_id)
    known = {one.remote_id: one for one in found}
    for element in elements:
        own = items.thread_id(element)
        if own in known and walks.has_other_replies(state, element):
            replies, unread = _replies(api, access, element, ours)
            known |= {one.remote_id: one for one in replies}
            bad += unread
    return Page(newest_first(known.values()), None, False, bad)


def _replies(api: Api, access: Access, thread: Any, ours: items.Ours) -> tuple[list[InboundItem], list[BadItem]]:
    parent, video = items.thread_id(thread), identifier(mapping(mapping(thread).get("snippet")).get("videoId"))
    try:
        elements = api.replies(access, parent)
    except Gone:
        return [], []  # deleted a moment ago

    def read(element: Any) -> list[InboundItem]:
        return [items.comment_of(element, ours, video=video, parent=parent)]

    return read_each(elements, read, items.thread_id)


def look_again(api: Api, access: Access, remote_ids: Sequence[str], ours: items.Ours) -> list[InboundItem]:
    """Return comments and replies as they are now, those that are not there as withdrawn.

    Raises: Temporary, Permanent; Unavailable when five or more are all gone.
    """
    threads, replies = [one for one in remote_ids if "." not in one], [one for one in remote_ids if "." in one]

    def read_thread(element: Any) -> list[InboundItem]:
        return items.items_of(element, ours)[:1]

    def read_reply(element: Any) -> list[InboundItem]:
        return [items.comment_of(element, ours, parent=items.thread_id(element).partition(".")[0])]

    found = _looked_up(threads, lambda ids: api.threads_of(access, ids), read_thread)
    found += _looked_up(replies, lambda ids: api.comments_of(access, ids), read_reply)
    if len(found) >= _NOT_BELIEVED and all(one.change == "withdrawn" for one in found):
        raise Unavailable("Everything that we asked for is said to be gone.")
    return found


def _looked_up(
    remote_ids: Sequence[str],
    ask: Callable[[Sequence[str]], Sequence[Any]],
    read: Callable[[Any], list[InboundItem]],
) -> list[InboundItem]:
    found: list[InboundItem] = []
    for start in range(0, len(remote_ids), BATCH):
        asked = remote_ids[start : start + BATCH]
        elements = ask(asked)
        found += [replace(one, change="edited") for one in read_each(elements, read, items.thread_id)[0]]
        there = {items.thread_id(one) for one in elements}
        # An element whose id was garbled may be any of them: then none is said to be gone.
        if "" not in there:
            found += [withdrawn(one) for one in asked if one not in there]
    return found
