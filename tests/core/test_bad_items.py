"""What the database refuses of a page is kept aside; its neighbours arrive, and the channel is read on."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.event import listen, remove
from sqlalchemy.exc import OperationalError

from healthberry.connectors.base import BadItem, InboundItem, Page
from healthberry.connectors.text import LONGEST_TEXT
from healthberry.core import events, ingest, quarantine, reading
from healthberry.core.events import Event
from healthberry.extensions import db
from healthberry.models.activities import Activity
from healthberry.models.channels import QuarantinedItem
from healthberry.models.conversations import Conversation, Message
from healthberry.models.owned import now
from tests.world import World

# Each hands the database something that it does not take, in another way.
REFUSED = {
    "NUL in the words": {"text": "be\x00fore"},
    "half a character": {"title": "\ud800"},
    "NUL in a fact": {"source": {"lang": "\x00"}},
    "no number": {"source": {"lang": float("nan")}},
    "an endless id": {"remote_id": "".join(map(chr, range(0x4E00, 0x4E00 + 9_000)))},
}


def _words(number: int) -> str:
    return chr(0x4E00 + number // 20_000) + chr(0x4E00 + number % 20_000)


def _hyphenated(number: int) -> str:
    # A compound is kept whole and in its parts: twice its length, at four bytes a character.
    return "-".join(
        "".join(chr(0x20000 + (number * 7 + place * 41 + letter * 3) % 40_000) for letter in range(30))
        for place in range(15)
    )


def _accented(number: int) -> str:
    return "".join(chr(0x23A + (number >> shift) % 4) for shift in range(0, 16, 2)) + str(number)


def _address(number: int) -> str:
    return f"{number:x}.uk/{number:x}"


def _full(word: Callable[[int], str], numbers: Iterator[int]) -> str:
    made, length = [], 0
    while length < LONGEST_TEXT:
        made.append(word(next(numbers)))
        length += len(made[-1]) + 1
    return " ".join(made)[:LONGEST_TEXT]


def _kept() -> list[tuple[str | None, str]]:
    return [(row[0], row[1]) for row in db.session.execute(select(QuarantinedItem.remote_id, QuarantinedItem.reason))]


def _stored() -> set[str]:
    return set(db.session.scalars(select(Message.remote_id)))


@pytest.mark.parametrize("word", [_words, _hyphenated, _accented, _address])
def test_a_thread_of_the_longest_messages_in_the_costliest_words_is_searched(
    world: World, word: Callable[[int], str]
) -> None:
    channel = world.channel(world.organisation())
    numbers = count()
    items = [
        world.item(_full(word, numbers), thread_id="t", title=_full(word, numbers)[:500], posted_at=now())
        for _ in "abc"
    ]

    world.arrives(channel, *items)

    assert _kept() == []
    assert _stored() == {item.remote_id for item in items}


def test_the_last_of_many_long_messages_is_not_lost_to_the_search(world: World) -> None:
    channel = world.channel(world.organisation())
    numbers = count()
    long = [world.item(_full(_words, numbers), thread_id="t", posted_at=now() - timedelta(hours=2)) for _ in "abcde"]

    world.arrives(channel, *long, world.item("wheelchair", thread_id="t"))

    found = db.session.scalars(select(func.search_conversations("wheelchair", func.jsonb_build_object(), 10))).all()
    assert len(found) == 1


@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED.keys())
def test_an_item_that_the_database_refuses_is_kept_aside_and_its_neighbours_arrive(
    world: World, fields: dict[str, Any]
) -> None:
    channel = world.channel(world.organisation())
    neighbours = [world.item(f"Neighbour {number}") for number in range(20)]
    bad = world.item(**{"text": "I am refused", **fields})
    page = Page([*neighbours[:7], bad, *neighbours[7:]], "further", more=False)

    reading.store_poll(channel, page)
    events.commit()

    assert _stored() == {item.remote_id for item in neighbours}
    ((_, reason),) = _kept()
    assert "our database" in reason
    db.session.refresh(channel)
    assert (channel.poll_cursor, channel.items_loaded, channel.items_quarantined) == ("further", 20, 1)


def test_the_same_refused_item_again_is_kept_once_and_changes_nothing(world: World) -> None:
    channel = world.channel(world.organisation())
    items = [world.item(), world.item(source={"lang": "\x00"}), world.item()]

    for _ in range(2):
        world.arrives(channel, *items)

    assert len(_kept()) == 1
    assert len(_stored()) == 2
    db.session.refresh(channel)
    assert channel.items_quarantined == 1


def test_within_a_thread_only_the_refused_message_is_missing(world: World) -> None:
    channel = world.channel(world.organisation())
    first = world.item("First")
    bad = world.item("Second", thread_id=first.thread_id, source={"lang": "\x00"})
    third = world.item("Third", thread_id=first.thread_id)

    world.arrives(channel, third, bad, first)

    assert _stored() == {first.remote_id, third.remote_id}
    assert db.session.scalar(select(func.count()).select_from(Conversation)) == 1


def test_nothing_is_told_of_what_was_taken_back(world: World, told: list[Event]) -> None:
    organisation = world.organisation()
    world.member(organisation)
    channel = world.channel(organisation)

    ingest.store_page(
        channel, [world.item(), world.item(), world.item(source={"lang": "\x00"}), world.item()], backfill=False
    )
    events.commit()

    recorded = dict(db.session.execute(select(Activity.number, Activity.kind)).all())
    assert sorted(recorded.values()) == ["conversation_arrived"] * 3 + ["items_quarantined"]
    assert sorted(recorded) == [1, 2, 3, 4]
    assert {event.number: event.kind for event in told if event.number} == recorded
    assert sorted(event.kind for event in told if not event.number) == ["mail_queued"] * 3


def test_what_its_source_took_down_is_not_kept_raw_either(world: World) -> None:
    channel = world.channel(world.organisation())
    bad = world.item("Very private words", source={"lang": "\x00"})
    world.arrives(channel, bad)
    assert len(_kept()) == 1

    world.arrives(channel, world.item("", remote_id=bad.remote_id, change="withdrawn"))

    assert _kept() == []
    db.session.refresh(channel)
    assert channel.items_quarantined == 0


def test_a_piece_whose_id_was_broken_on_the_way_is_let_go_once_the_whole_one_comes(world: World) -> None:
    channel = world.channel(world.organisation())
    whole = world.item("They listened.")
    quarantine.keep(channel, [BadItem('{"id": "..."}', "Its id is no number.", f"\ufffd\ufffd{whole.remote_id}")])
    events.commit()
    assert len(_kept()) == 1

    world.arrives(channel, whole)

    assert _kept() == []


def test_a_usual_page_is_stored_under_one_savepoint(world: World, statements: list[str]) -> None:
    channel = world.channel(world.organisation())
    items: list[InboundItem] = [world.item() for _ in range(50)]
    statements.clear()

    world.arrives(channel, *items)

    assert [one for one in statements if one.startswith("SAVEPOINT")] == ["SAVEPOINT sa_savepoint_1"]


def test_what_is_no_fault_of_the_page_is_raised_and_nothing_kept_aside(world: World) -> None:
    channel = world.channel(world.organisation())
    db.session.execute(db.text("SET LOCAL statement_timeout = '1ms'"))

    with pytest.raises(OperationalError):
        ingest.store_page(channel, [world.item("x " * 40_000) for _ in range(60)], backfill=False)
    events.forget()

    assert _kept() == []


@pytest.fixture
def told(world: World) -> list[Event]:
    """Every event that is handed out."""
    heard: list[Event] = []
    events.set_subscribers({"*": [heard.append]})
    return heard


@pytest.fixture
def statements(world: World) -> Iterator[list[str]]:
    """Every statement that goes to the database."""
    sent: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        sent.append(statement)

    listen(db.engine, "before_cursor_execute", note)
    yield sent
    remove(db.engine, "before_cursor_execute", note)
