"""Reading an account's lists page by page, and looking again at what is stored."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from healthberry.connectors import mastodon_items as items
from healthberry.connectors import mastodon_walks as walks
from healthberry.connectors.base import InboundItem, Page
from healthberry.connectors.errors import Gone, NotAuthorised, Permanent
from healthberry.connectors.http import Params
from healthberry.connectors.http_answers import Answer
from healthberry.connectors.mastodon_server import Calls
from healthberry.connectors.reading import mapping, moment, newest_first, read_each, withdrawn
from healthberry.connectors.rechecks import one_by_one

BATCH: Final = 20


class Reader:
    """Reads pages of an account's lists."""

    def __init__(self, calls: Calls, us: items.Us, lists: Sequence[walks.Listed]) -> None:
        self.lists = lists
        self._calls, self._us = calls, us

    def read(
        self,
        one: walks.Listed,
        params: Params,
        *,
        since: datetime | None,
        known: frozenset[str] = frozenset(),
    ) -> tuple[Page, Sequence[Any], Answer]:
        """Return a page without what was before `since` or is known, what the server said, and its answer."""
        body, answer = self._calls.list(one.template, [*one.params, *params], **one.path)
        fresh = [
            element
            for element in body
            if walks.element_id(element) not in known and not (since and _before(element, since))
        ]
        wanted = items.statuses(fresh, notified=one.notified)
        if one.own:
            wanted = [status for status in wanted if items.answered(status)]
        threads = items.Threads(self._calls)
        # What the account wrote under a tag of its own, and answers nobody, is no feedback.
        found, bad = read_each(
            wanted,
            lambda status: [items.item(status, self._us, threads.of(status))] if self._is_feedback(status) else [],
            items.status_id,
        )
        return Page(newest_first(found), None, False, bad), body, answer

    def _is_feedback(self, status: Any) -> bool:
        return items.written_by(status) != self._us.account_id or bool(items.answered(status))


def _before(element: Any, since: datetime) -> bool:
    at = moment(mapping(element).get("created_at"))
    return at is not None and at < since


def again(calls: Calls, us: items.Us, remote_ids: Sequence[str]) -> list[InboundItem]:
    """Return statuses as they are now, and those that are gone. Raises: Temporary, Permanent."""
    known = _together(calls, remote_ids)

    def look(remote_id: str) -> Sequence[InboundItem]:
        try:
            status = known.get(remote_id) or calls.object("/api/v1/statuses/{id}", id=remote_id)
        except Gone:
            return [withdrawn(remote_id)]
        found, _ = read_each([status], lambda one: [items.item(one, us, "")], items.status_id)
        return [one for one in found if one.remote_id == remote_id]

    return one_by_one(remote_ids, look)


def _together(calls: Calls, remote_ids: Sequence[str]) -> dict[str, Any]:
    """Return what a server gives of several posts at once: nothing before version 4.3."""
    found: dict[str, Any] = {}
    for start in range(0, len(remote_ids), BATCH):
        asked = remote_ids[start : start + BATCH]
        try:
            body, _ = calls.list("/api/v1/statuses", [("id[]", one) for one in asked])
        except NotAuthorised:
            raise
        except Permanent:
            return found
        found |= {one: status for status in body if (one := items.status_id(status)) in asked}
    return found
