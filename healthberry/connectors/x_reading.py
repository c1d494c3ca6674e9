"""Reading X: history, what is new, and whether what is stored is still shown.

Two lists are walked one after the other, page by page: mentions, then our own answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from healthberry.connectors import x_posts as posts
from healthberry.connectors import x_walks as walks
from healthberry.connectors.base import Access, InboundItem, Page
from healthberry.connectors.errors import TooMuch
from healthberry.connectors.http import Params
from healthberry.connectors.reading import as_history, garbled, newest_first, read_each, sequence, withdrawn
from healthberry.connectors.walks import pack, unpack
from healthberry.connectors.x_calls import FIELDS, Calls


class Reading:
    """Reads the posts of one account's channel."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def backfill(self, access: Access, since: datetime, cursor: str | None) -> Page:
        """Read one page of mentions, after the last one pages of our own answers, newest first; no total is known.

        Raises: Temporary, Permanent.
        """
        us, state = self._calls.us(access), unpack(walks.Backfill, cursor)
        try:
            page, meta = self._list(access, us, state, [("start_time", walks.rfc3339(since))])
        except TooMuch:
            if (smaller := walks.fewer(state)) is None:
                raise
            return Page([], pack(smaller), more=True)
        suspect = not state.again and garbled(page.items, page.bad)
        onward = replace(state, again=True) if suspect else walks.onward(state, meta)
        page = replace(page, bad=()) if suspect else page
        return replace(page, items=as_history(page.items), cursor=pack(onward), more=not onward.done)

    def poll(self, access: Access, cursor: str | None) -> Page:
        """Read one page of what is newer than the last complete catch-up: mentions, then our own answers.

        The checkpoint moves only after the last page, to the newest id of the first one. Raises: Temporary, Permanent.
        """
        us, state = self._calls.us(access), walks.begun(unpack(walks.Poll, cursor))
        try:
            page, meta = self._list(access, us, state, walks.window(state))
        except TooMuch:
            if (smaller := walks.fewer(state)) is None:
                raise
            return Page([], pack(smaller), more=True)
        suspect = not state.again and garbled(page.items, page.bad)
        onward = replace(state, again=True) if suspect else walks.next_poll(state, meta)
        page = replace(page, bad=()) if suspect else page
        return replace(page, cursor=pack(onward), more=not onward.resting)

    def recheck(self, access: Access, remote_ids: Sequence[str]) -> list[InboundItem]:
        """Look posts up, 100 at a time: as they are now; deleted or hidden ones as withdrawn.

        Raises: Temporary, Permanent.
        """
        us = self._calls.us(access)
        found: list[InboundItem] = []
        for start in range(0, len(remote_ids), walks.LIMIT):
            asked = remote_ids[start : start + walks.LIMIT]
            body = self._calls.posts(access, asked)
            found += self.page(body, us).items
            found += [withdrawn(remote_id) for remote_id in walks.gone(body) if remote_id in asked]
        return found

    def page(self, body: Mapping[str, Any], us: posts.Us, *, answers_only: bool = False) -> Page:
        """Read the posts of an answer."""
        beside = posts.included(body)
        elements = sequence(body.get("data"))
        if answers_only:
            elements = [one for one in elements if posts.answered(one)]
        found, bad = read_each(elements, lambda one: [posts.item(one, beside, us, self._calls.web)], posts.post_id)
        return Page(newest_first(found), None, False, bad)

    def _list(
        self, access: Access, us: posts.Us, state: walks.Backfill | walks.Poll, params: Params
    ) -> tuple[Page, walks.Meta]:
        wanted = [*params, *([("exclude", "retweets")] if state.own else []), *FIELDS]
        which = "tweets" if state.own else "mentions"
        body = self._calls.timeline(access, us.user_id, which, state.token, wanted, state.size or walks.LIMIT)
        return self.page(body, us, answers_only=state.own), walks.meta_of(body)
