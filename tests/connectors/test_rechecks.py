"""Looking again one by one: a failure costs nothing else, and a site in trouble is neither pressed nor believed."""

from collections.abc import Callable

import pytest

from healthberry.connectors.base import Author, InboundItem
from healthberry.connectors.errors import NotAuthorised, RateLimited, Unavailable, UnexpectedAnswer
from healthberry.connectors.reading import withdrawn
from healthberry.connectors.rechecks import one_by_one
from healthberry.models.owned import now


def _item(remote_id: str) -> InboundItem:
    return InboundItem(remote_id, remote_id, "inbound", Author(None, "Sam"), "Words", now())


def _looking(**failures: Exception) -> tuple[Callable[[str], list[InboundItem]], list[str]]:
    asked: list[str] = []

    def look(remote_id: str) -> list[InboundItem]:
        asked.append(remote_id)
        if remote_id in failures:
            raise failures[remote_id]
        return [withdrawn(remote_id) if remote_id.startswith("gone") else _item(remote_id)]

    return look, asked


def _found(items: list[InboundItem]) -> list[str]:
    return [item.remote_id for item in items]


def test_what_fails_alone_is_left_out() -> None:
    look, _ = _looking(b=Unavailable("later"), d=UnexpectedAnswer("odd"))

    assert _found(one_by_one("abcde", look)) == ["a", "c", "e"]


@pytest.mark.parametrize("error", [RateLimited("slowly", 30), NotAuthorised("key")])
def test_who_asks_us_to_wait_or_refuses_our_key_is_not_asked_further(error: Exception) -> None:
    look, asked = _looking(b=error)

    with pytest.raises(type(error)):
        one_by_one("abcde", look)
    assert asked == ["a", "b"]


def test_after_three_failures_the_rest_waits() -> None:
    look, asked = _looking(**{name: Unavailable("later") for name in "bcd"})

    assert _found(one_by_one("abcdefgh", look)) == ["a"]
    assert asked == ["a", "b", "c", "d"]


def test_a_site_on_which_everything_is_gone_is_not_believed() -> None:
    look, _ = _looking()
    gone = [f"gone{number}" for number in range(5)]

    with pytest.raises(Unavailable, match="gone"):
        one_by_one(gone, look)
    assert _found(one_by_one([*gone, "a"], look)) == [*gone, "a"]
    assert _found(one_by_one(gone[:4], look)) == gone[:4]
