"""Reading the lists of one account at Meta, one request at a time: what came, and where to go on."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from healthberry.connectors import graph
from healthberry.connectors import graph_walks as walks
from healthberry.connectors.base import BadItem, InboundItem, Page
from healthberry.connectors.errors import RateLimited, TooMuch, Unavailable
from healthberry.connectors.graph_walks import Walk
from healthberry.connectors.http import Params
from healthberry.connectors.reading import (
    as_history,
    damaged,
    first,
    garbled,
    mapping,
    moment,
    newest_first,
    own_id,
    read_each,
)
from healthberry.connectors.walks import pack, unpack

_SLOWLY: Final = "Meta has nearly had enough of our questions: we rest until it has time again."


class Damaged(Unavailable):
    """An id was no text on its way: what it stands for, and what hangs below it, must not be passed over."""


@dataclass(frozen=True)
class Reach:
    """How far back lists are followed: posts by when they were written, words by when they were."""

    posts: datetime
    words: datetime


@dataclass(frozen=True)
class Step:
    """What one request brought, and where to go on."""

    items: Sequence[InboundItem]
    bad: Sequence[BadItem]
    at: Walk


class Lists(ABC):
    """The lists of one account, as its own token opens them; `edges` are their names, in order."""

    def __init__(self, api: graph.Graph, token: str, edges: Sequence[str]) -> None:
        self._api, self._token, self._edges = api, token, edges

    def is_done(self, at: Walk) -> bool:
        """Say whether every list is through."""
        return at.edge >= len(self._edges) and not at.unread

    def step(self, at: Walk, reach: Reach) -> Step:
        """Make one request. A garbled page is read twice, one that is too much with half as many.

        Raises: RateLimited while the last answer's usage wants a rest; Damaged where ids came garbled twice;
        Temporary, Permanent.
        """
        if (seconds := walks.resting(at)) > 0:
            raise RateLimited(_SLOWLY, seconds)
        at = replace(at, rest="")
        try:
            step = self._comments(at, reach) if at.unread else self._list(at, reach)
        except Damaged:
            if at.again:
                raise
            return Step([], [], replace(at, again=True))
        except TooMuch:
            if (smaller := walks.fewer(at, self._usual(at))) is None:
                raise
            return Step([], [], smaller)
        if not at.again and garbled(step.items, step.bad):
            return Step(step.items, [], replace(at, again=True))
        return step

    @abstractmethod
    def _usual(self, at: Walk) -> int:
        """Return how many to ask for."""

    @abstractmethod
    def _list(self, at: Walk, reach: Reach) -> Step:
        """Read a page of a list."""

    @abstractmethod
    def _comments(self, at: Walk, reach: Reach) -> Step:
        """Read a page of what is left of one thread: the first of `at.unread`."""

    def _hear(
        self, template: str, params: Params, cursor: str, ident: str, version: str = graph.VERSION
    ) -> graph.Heard:
        wanted = [*params, *([("after", cursor)] if cursor else [])]
        return self._api.hear(self._token, template, wanted, version=version, id=ident)


def whole(elements: Sequence[Any]) -> Sequence[Any]:
    """Return the elements of a list, each with an `id`. Raises: Damaged where one was no text on its way."""
    if any(damaged(one, own_id) for one in elements):
        raise Damaged("The answer was garbled.")
    return elements


def read_whole(
    elements: Sequence[Any], read: Callable[[Any], Sequence[InboundItem]]
) -> tuple[list[InboundItem], list[BadItem]]:
    """Read elements one by one, as `read_each` does. Raises: Damaged where an id was no text on its way."""
    return read_each(whole(elements), read, own_id)


def reaches(elements: Sequence[Any], far: datetime) -> bool:
    """Say whether a list is to be followed beyond these: its oldest is within reach, or the newest are still to come.

    A page without any times goes on.
    """
    times = [moment(first(one, "updated_time", "created_time", "timestamp")) for one in map(mapping, elements)]
    known = [at for at in times if at is not None]
    return not known or known[0] < known[-1] or min(known) >= far


def backfill(lists: Lists, since: datetime, cursor: str | None) -> Page:
    """Read one page of history. Raises: Temporary, Permanent."""
    state = unpack(walks.Backfill, cursor)
    step = lists.step(state.at, Reach(since, since))
    done = lists.is_done(step.at)
    return Page(newest_first(as_history(step.items)), pack(walks.Backfill(step.at)), not done, step.bad)


def poll(lists: Lists, cursor: str | None) -> Page:
    """Read one page of a catch-up. Raises: Temporary, Permanent."""
    state = walks.begun(unpack(walks.Poll, cursor))
    floor = walks.floor_of(state)
    step = lists.step(state.at, Reach(walks.posts_since(state) if state.is_deep else floor, floor))
    done = lists.is_done(step.at)
    onward = walks.ended(replace(state, at=step.at)) if done else replace(state, at=step.at)
    return Page(newest_first(step.items), pack(onward), not done, step.bad)
