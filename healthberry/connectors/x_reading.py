"""Reading X: history, what is new, and whether what is stored is still shown.

Three lists are walked one after the other, page by page: mentions, our own answers, and what is beyond these two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from healthberry.connectors import x_beyond
from healthberry.connectors import x_posts as posts
from healthberry.connectors import x_walks as walks
from healthberry.connectors.base import Access, BadItem, InboundItem, Page
from healthberry.connectors.errors import RateLimited, Rejected, TooMuch
from healthberry.connectors.http import Params
from healthberry.connectors.reading import (
    as_history,
    garbled,
    newest_first,
    read_each,
    sequence,
    withdrawn,
)
from healthberry.connectors.walks import pack, unpack
from healthberry.connectors.x_calls import BARE, FIELDS, Calls

_NOT_SEARCHED: Final = "(the search for answers and quotes that do not mention us)"
_TOO_LARGE: Final = "It is larger than we take."

State = walks.Backfill | walks.Poll
Read = tuple[Page, Mapping[str, Any]]


class Reading:
    """Reads the posts of one account's channel."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def backfill(self, access: Access, since: datetime, cursor: str | None) -> Page:
        """Read one page of mentions, then of our own answers, then of what is beyond; no total is known.

        Raises: Temporary, Permanent.
        """
        us, state = self._calls.us(access), unpack(walks.Backfill, cursor)
        window = [("since_id", str(walks.oldest_found()))] if state.beyond else [("start_time", walks.rfc3339(since))]
        try:
            page, body = self._list(access, us, state, window)
        except TooMuch:
            if (smaller := walks.fewer(state)) is None:
                raise
            return Page([], pack(smaller), more=True)
        suspect = not state.again and garbled(page.items, page.bad)
        known = walks.seen(state, self._roots(state, body))
        onward = replace(state, again=True) if suspect else walks.onward(known, walks.meta_of(body))
        page = replace(page, bad=()) if suspect else page
        return replace(page, items=as_history(page.items), cursor=pack(onward), more=not onward.done)

    def poll(self, access: Access, cursor: str | None) -> Page:
        """Read one page of what is newer than the last complete catch-up, list by list.

        A checkpoint moves only after the last page, to the newest id of the first one. Raises: Temporary, Permanent.
        """
        us, state = self._calls.us(access), walks.begun(unpack(walks.Poll, cursor))
        try:
            page, body = self._list(access, us, state, walks.window(state))
        except TooMuch:
            if (smaller := walks.fewer(state)) is None:
                raise
            return Page([], pack(smaller), more=True)
        except RateLimited:
            if not state.beyond:
                raise
            # Mentions must not wait for the search: the next poll goes on where this one was stopped.
            return Page([], pack(walks.rested(state)), more=False)
        suspect = not state.again and garbled(page.items, page.bad)
        known = walks.seen(state, self._roots(state, body))
        onward = replace(state, again=True) if suspect else walks.next_poll(known, walks.meta_of(body))
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
            found += self._page(body, us).items
            found += [withdrawn(remote_id) for remote_id in walks.gone(body) if remote_id in asked]
        return found

    def one(self, access: Access, remote_id: str) -> Page:
        """Look one post up, with the post that it answers; one that is not shown is no item. Raises: as `recheck`."""
        return self._page(self._calls.posts(access, [remote_id]), self._calls.us(access), context=True)

    def _list(self, access: Access, us: posts.Us, state: State, window: Params) -> Read:
        """Read a page of the list that it is the turn of. Raises: Temporary, Permanent; TooMuch: ask for fewer."""
        size = state.size or walks.LIMIT
        try:
            body = self._body(access, us, state, [*window, *FIELDS], size)
        except TooMuch:
            if size > walks.fewest_of(state):
                raise
            return self._one_by_one(access, us, state, window)
        except Rejected as error:
            if not state.beyond:
                raise
            # An installation that may not search still reads mentions.
            return Page([], None, more=False, bad=[BadItem(_NOT_SEARCHED, error.reason)]), {}
        return self._page(body, us, answers_only=state.own, context=not state.own), body

    def _body(self, access: Access, us: posts.Us, state: State, params: Params, size: int) -> Mapping[str, Any]:
        if not state.beyond:
            wanted = [*params, *([("exclude", "retweets")] if state.own else [])]
            which = "tweets" if state.own else "mentions"
            return self._calls.timeline(access, us.user_id, which, state.token, wanted, size)
        if not (asked := x_beyond.query(us, state.ours)):
            return {}
        size = max(size, walks.fewest_of(state))
        try:
            return self._calls.search(access, asked, state.token, params, size)
        except Rejected:
            return self._calls.search(access, x_beyond.plain_query(us, state.ours), state.token, params, size)

    def _one_by_one(self, access: Access, us: posts.Us, state: State, window: Params) -> Read:
        """Step over what is too large: ask for the ids of the page alone, then for each post by itself."""
        bare = self._body(access, us, state, [*window, *BARE], walks.fewest_of(state))
        whole, bad, paid = Page([], None, more=False), list[BadItem](), list[str]()
        for remote_id in filter(None, map(posts.newest_id, sequence(bare.get("data")))):
            try:
                found = self._page(
                    self._calls.posts(access, [remote_id]), us, answers_only=state.own, context=not state.own
                )
            except TooMuch:
                bad.append(BadItem(f"(post {remote_id}: not kept)", _TOO_LARGE, remote_id))
                paid.append(remote_id)
                continue
            whole = replace(whole, items=[*whole.items, *found.items])
            bad, paid = [*bad, *found.bad], [*paid, *found.paid]
        return replace(whole, bad=bad, paid=paid), bare

    def _page(
        self, body: Mapping[str, Any], us: posts.Us, *, answers_only: bool = False, context: bool = False
    ) -> Page:
        beside = posts.included(body)
        given = sequence(body.get("data"))
        elements = [one for one in given if posts.answered(one)] if answers_only else given
        read = posts.with_context if context else posts.alone
        found, bad = read_each(elements, lambda one: read(one, beside, us, self._calls.web), posts.post_id)
        paid = [*filter(None, map(posts.newest_id, given)), *beside.posts]
        return Page(newest_first(found), None, False, bad, paid=paid)

    @staticmethod
    def _roots(state: State, body: Mapping[str, Any]) -> list[str]:
        """Return the ids of our own posts on this page that answer nobody: those are what others quote."""
        if not state.own:
            return []
        own = [posts.post_id(one) for one in sequence(body.get("data")) if not posts.answered(one)]
        return [remote_id for remote_id in own if remote_id]
