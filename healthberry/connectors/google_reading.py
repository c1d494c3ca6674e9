"""Reading reviews of many locations: one step of a walk, and a second look at what is stored."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from healthberry.connectors import google_items as items
from healthberry.connectors import google_walks as walks
from healthberry.connectors.base import Access, BadItem, InboundItem
from healthberry.connectors.errors import (
    Gone,
    NotAuthorised,
    Permanent,
    RateLimited,
    Rejected,
    Temporary,
    TooMuch,
    UnexpectedAnswer,
)
from healthberry.connectors.google_api import Api, account_of
from healthberry.connectors.reading import garbled, mapping, read_each, sequence, withdrawn
from healthberry.connectors.rechecks import one_by_one
from healthberry.connectors.text import line

_CALLS_AT_ONCE: Final = 20  # of one step: quiet locations are read together
_ITEMS_AT_ONCE: Final = 200
_FEW: Final = 3  # so many reviews are looked at one by one, without reading a list


class Step:
    """One step of a walk: pages are read until there is enough of them, or something stands in the way.

    `items` and `bad` are what was read, `elements` the same as Google sent it, `total` how many reviews the location
    read last has.
    """

    def __init__(self, api: Api, access: Access, locations: Sequence[items.Location], since: datetime) -> None:
        self._api, self._access, self._locations, self._since = api, access, locations, since
        self.items: list[InboundItem] = []
        self.bad: list[BadItem] = []
        self.elements: list[Any] = []
        self.total: int | None = None
        self._old: set[str] = set()
        self._refused: list[Permanent] = []
        self._pages = 0

    def go(self, at: walks.Place) -> walks.Place | None:
        """Return where to go on; None after the last page of the last location.

        What fails for the moment after something was read is met again by the next step. A location that is refused
        is left out as long as others are not. Raises: Temporary, Permanent.
        """
        for _ in range(_CALLS_AT_ONCE):
            location = walks.reading(self._locations, at)
            if location is None or len(self.items) >= _ITEMS_AT_ONCE:
                break
            at = at if at.location == location.id else walks.Place(location.id)
            try:
                at = self._page(at, location)
            except Temporary:
                if not self._pages:
                    raise
                return at
        if self._refused and not self._pages:
            raise self._refused[0]
        return at if walks.reading(self._locations, at) else None

    def fresh(self) -> list[InboundItem]:
        """Return the items without reviews that, with their answers, are older than what is looked for."""
        return [one for one in self.items if one.thread_id not in self._old]

    def _page(self, at: walks.Place, location: items.Location) -> walks.Place:
        try:
            body = self._api.page(self._access, location, at)
        except TooMuch:
            if (smaller := walks.fewer(at)) is None:
                raise
            return smaller
        except (Gone, Rejected, NotAuthorised, UnexpectedAnswer) as error:
            # A refused token was met before, at the list of locations: this is about one of them.
            if isinstance(error, Rejected) and (restart := walks.restarted(at)):
                return restart
            self._refused.append(error)
            return walks.after(location)
        return self._keep(at, location, body)

    def _keep(self, at: walks.Place, location: items.Location, body: Mapping[str, Any]) -> walks.Place:
        account, elements = account_of(self._access), sequence(body.get("reviews"))
        found, bad = read_each(elements, lambda one: items.items_of(one, account, location), items.review_id)
        self._pages += 1
        self.items += found
        self.total = total_of(body)
        for one in elements:
            if (touched := items.touched_at(one)) and touched < self._since:
                self._old.add(items.name_of(account, location.id, items.review_id(one)))
        if not at.again and garbled(found, bad):
            return replace(at, again=True)
        self.bad += bad
        self.elements += elements
        return walks.onward(at, location, line(body.get("nextPageToken"), 2_000), elements, self._since)


def total_of(body: Mapping[str, Any]) -> int | None:
    """Return how many reviews a location has, None where its page does not say."""
    total = body.get("totalReviewCount")
    return total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else None


def look_again(
    api: Api, access: Access, locations: Sequence[items.Location], names: Sequence[str]
) -> list[InboundItem]:
    """Return the reviews with these names as they are now, gone ones as withdrawn; what can't be read is left out.

    Raises: RateLimited at once; Temporary, Permanent when nothing could be read.
    """
    known = {one.id: one for one in locations}
    found: list[InboundItem] = []
    failed: list[Temporary | Permanent] = []
    for location, here in _by_location(names).items():
        try:
            found += _Look(api, access, known.get(location) or items.Location(location, verified=False)).at(here)
        except RateLimited:
            raise
        except (Temporary, Permanent) as error:
            failed.append(error)
    if failed and not found:
        raise failed[0]
    return found


class _Look:
    """A second look at reviews of one location."""

    def __init__(self, api: Api, access: Access, location: items.Location) -> None:
        self._api, self._access, self._location = api, access, location
        self._looked_at = datetime.now(UTC)

    def at(self, names: Sequence[str]) -> list[InboundItem]:
        """Read the location's list where that costs fewer calls, and ask by name for what it does not hold."""
        if len(names) <= _FEW or not self._location.verified:
            return one_by_one(names, self._one)
        listed, complete = self._list(len(names))
        wanted = set(names)
        found = [one for one in self._read(listed) if one.thread_id in wanted]
        known = {one.remote_id for one in found}
        missing = [name for name in names if name not in known]
        if not (complete and found):
            return found + one_by_one(missing, self._one)
        # The list holds others of them, so that it is believed; still each one is asked for by its name.
        for name in missing:
            found += self._one(name)
        return found

    def _list(self, asked: int) -> tuple[list[Any], bool]:
        """Return all that the list holds and True; its first page and False where it has more pages than `asked`."""
        listed: list[Any] = []
        at = walks.Place(self._location.id)
        while True:
            body = self._api.page(self._access, self._location, at)
            listed += sequence(body.get("reviews"))
            token = line(body.get("nextPageToken"), 2_000)
            if not token or token == at.token:
                return listed, True
            if not at.token and math.ceil((total_of(body) or 0) / walks.LIMIT) > asked:
                return listed, False
            at = replace(at, token=token)

    def _one(self, name: str) -> list[InboundItem]:
        try:
            return self._read([self._api.review(self._access, name)])
        except Gone:
            return [withdrawn(name)]

    def _read(self, elements: Sequence[Any]) -> list[InboundItem]:
        account = account_of(self._access)

        def read(element: Any) -> list[InboundItem]:
            return items.checked_items_of(mapping(element), account, self._location, self._looked_at)

        return read_each(elements, read, items.review_id)[0]


def _by_location(names: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        if parts := items.parts_of(name):
            found.setdefault(parts[1], []).append(name)
    return found
