from collections.abc import Callable

import pytest

from healthberry.connectors.nhsuk_walks import Backfill, Poll
from healthberry.connectors.walks import START, Position, after, pack, unpack

LIMIT = 100


def walk(served: list[str], disturb: Callable[[int, list[str]], None] = lambda page, served: None) -> set[str]:
    """Walk through `served` by positions and return all ids seen; `disturb` changes the list before each page."""
    seen: set[str] = set()
    at: Position | None = START
    for page in range(200):
        if at is None:
            return seen
        disturb(page, served)
        ids = served[at.offset : at.offset + LIMIT]
        seen.update(filter(None, ids))
        at = after(at, ids, LIMIT)
    raise AssertionError("the walk does not end")


@pytest.mark.parametrize("size", [0, 1, 9, 10, 20, 25, 50, 99, 100, 101, 199, 200, 250, 1_000])
def test_a_quiet_list_is_seen_whole(size: int) -> None:
    served = [str(number) for number in range(size)]
    assert walk(list(served)) == set(served)


def test_what_appears_in_front_while_walking_loses_nothing() -> None:
    served = [str(number) for number in range(950)]

    def appear(page: int, served: list[str]) -> None:
        served.insert(0, f"new{page}")

    assert walk(list(served), appear) >= set(served)


@pytest.mark.parametrize("removed", [1, 3, 40])
def test_what_is_removed_in_front_while_walking_loses_nothing_else(removed: int) -> None:
    served = [str(number) for number in range(950)]

    def remove(page: int, served: list[str]) -> None:
        if page == 3:
            del served[:removed]

    assert walk(list(served), remove) == set(served)


def test_elements_without_id_do_not_stop_the_walk() -> None:
    served = [str(number) if number % 7 else "" for number in range(950)]
    assert walk(list(served)) == {one for one in served if one}
    assert walk([""] * 500) == set()


def test_duplicates_do_not_stop_the_walk() -> None:
    served = [str(number // 2) for number in range(900)]
    assert walk(list(served)) == set(served)


def test_a_list_that_is_shuffled_at_every_look_still_ends() -> None:
    served = [str(number) for number in range(950)]

    def shuffle(page: int, served: list[str]) -> None:
        served[:] = served[37:] + served[:37]

    assert walk(list(served), shuffle) <= set(served)


def test_a_provider_that_clips_pages_silently_is_read_to_the_end() -> None:
    served = [str(number) for number in range(180)]
    seen: set[str] = set()
    at: Position | None = START
    while at is not None:
        ids = served[at.offset : at.offset + 50]
        seen.update(ids)
        at = after(at, ids, LIMIT)
    assert seen == set(served)


def test_a_cursor_survives_being_stored() -> None:
    state = Poll("2026-02-03", "2026-02-03", "now", "2026-02-01", 3, True, Position(99, "x", 1))
    assert unpack(Poll, pack(state)) == state


@pytest.mark.parametrize("cursor", [None, "", "{", "[]", "null", '{"at": 5, "code": "x", "days": null, "else": 1}'])
def test_an_unreadable_cursor_is_the_beginning(cursor: str | None) -> None:
    assert unpack(Backfill, cursor) == Backfill()
