"""What may be kept for two years only loses its words then, and they do not come back."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

from healthberry.connectors.base import Author as Writer
from healthberry.core import drafts, expiry, inbox
from healthberry.core.inbox import View
from healthberry.extensions import db
from healthberry.models.channels import Author, Channel
from healthberry.models.conversations import Conversation, CopyPrint, Message
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from tests.world import World

STORY = (
    "I waited two hours for a blood test and nobody told us why, but the nurse who came in the end could not have been "
    "kinder to my mother and explained everything twice."
)


@pytest.fixture
def member(world: World) -> Member:
    return world.member(world.organisation())


@pytest.fixture
def nhsuk(world: World, member: Member) -> Channel:
    return _channel(world, member, "nhsuk")


def _channel(world: World, member: Member, kind: str) -> Channel:
    return world.channel(db.session.get_one(Organisation, member.organisation_id), kind)


def _month(days: int) -> str:
    return f"{now() - timedelta(days=days):%Y-%m}"


def _aged(conversation_id: UUID, days: int = 800) -> None:
    """Let the experience have been so long ago."""
    here = update(Conversation).where(Conversation.id == conversation_id)
    db.session.execute(here.values(experienced=_month(days)))
    db.session.commit()


def _expire(channel: Channel) -> int:
    gone = expiry.expire_part(channel)
    db.session.commit()
    return gone


def _found(member: Member, **view: Any) -> list[UUID]:
    return [row.id for row in inbox.list_conversations(member, View(**view)).rows]


def test_an_old_review_loses_its_words_and_keeps_its_dates_and_its_rating(
    world: World, member: Member, nhsuk: Channel
) -> None:
    item = world.item(STORY, title="Blood test", url="https://www.nhs.uk/1", experienced=_month(10))
    answer = world.item("Dear Marigold", thread_id=item.thread_id, direction="outbound", ratings=())
    (old,) = world.arrives(nhsuk, item, answer)
    drafts.save(member, old, "About your blood test", 0)
    assert _found(member, status="all", q="blood") == [old]
    _aged(old)

    assert _expire(nhsuk) == 1

    conversation = db.session.scalars(select(Conversation).execution_options(populate_existing=True)).one()
    assert (conversation.title, conversation.first_words, conversation.screen_name, conversation.url) == (
        "",
        "",
        "",
        None,
    )
    assert (conversation.rating, conversation.started_at, conversation.withdrawn) == (4, item.posted_at, True)
    assert conversation.expired_at is not None
    messages = db.session.scalars(select(Message).execution_options(populate_existing=True)).all()
    assert [(one.text, one.title, one.screen_name, one.url, one.author_id) for one in messages] == [
        ("", "", "", None, None)
    ] * 2
    assert _found(member, status="all", q="blood") == []
    assert [db.session.scalar(select(func.count()).select_from(model)) for model in (CopyPrint, Author)] == [0, 0]
    assert drafts.find(member, old) is None


def test_what_was_forgotten_does_not_come_back_while_its_site_still_shows_it(
    world: World, member: Member, nhsuk: Channel
) -> None:
    item = world.item(STORY)
    (old,) = world.arrives(nhsuk, item)
    _aged(old)
    _expire(nhsuk)

    again = world.item(STORY, remote_id=item.remote_id, thread_id=item.thread_id, change="edited")
    answer = world.item("Dear Marigold", thread_id=item.thread_id, direction="outbound")
    never_here = world.item("Long ago", experienced=_month(800))
    assert world.arrives(nhsuk, again, answer, never_here) == []

    assert db.session.scalars(select(Message.text)).all() == [""]


def test_younger_reviews_and_other_kinds_of_channels_keep_their_words(
    world: World, member: Member, nhsuk: Channel
) -> None:
    (young,) = world.arrives(nhsuk, world.item(STORY, author=Writer("a", "Wren")))
    _aged(young, 690)
    opinion = _channel(world, member, "careopinion")
    (story,) = world.arrives(opinion, world.item("The car park was full again and the machine refused my card."))
    _aged(story)

    _expire(nhsuk)
    _expire(opinion)

    assert "" not in db.session.scalars(select(Message.text)).all()


def test_a_story_that_is_kept_elsewhere_takes_the_place_of_its_old_copy(
    world: World, member: Member, nhsuk: Channel
) -> None:
    (old,) = world.arrives(nhsuk, world.item(STORY, syndication_key="careopinion:1"))
    opinion = _channel(world, member, "careopinion")
    (story,) = world.arrives(opinion, world.item(STORY, syndication_key="careopinion:1"))
    assert _found(member) == [old]
    _aged(old)

    _expire(nhsuk)

    assert _found(member) == [story]


def test_many_are_forgotten_part_by_part(world: World, member: Member, nhsuk: Channel) -> None:
    world.arrives(nhsuk, *(world.item(f"Review {number}") for number in range(expiry.AT_ONCE + 1)))
    db.session.execute(update(Conversation).values(experienced=_month(800)))
    db.session.commit()

    assert [_expire(nhsuk), _expire(nhsuk), _expire(nhsuk)] == [expiry.AT_ONCE, 1, 0]
    assert set(db.session.scalars(select(Message.text))) == {""}


def test_an_index_leads_to_what_is_too_old(world: World, nhsuk: Channel) -> None:
    plan = text(
        "EXPLAIN SELECT id FROM conversations WHERE organisation_id = :org AND channel_id = :channel"
        " AND expired_at IS NULL AND happened_on < '2020-01-01'"
    )
    db.session.execute(text("SET LOCAL enable_seqscan = off"))
    rows = db.session.execute(plan, {"org": nhsuk.organisation_id, "channel": nhsuk.id}).scalars()
    assert "ix_conversations_lasting" in " ".join(rows)


@pytest.mark.parametrize(
    ("experienced", "day"),
    [
        ("2024-02", date(2024, 2, 29)),
        ("2023-12", date(2023, 12, 31)),
        (None, date(2024, 3, 5)),
        ("soon", date(2024, 3, 5)),
    ],
)
def test_the_time_counts_from_the_end_of_the_month_of_the_experience_here_as_in_the_database(
    world: World, member: Member, experienced: str | None, day: date
) -> None:
    posted = datetime(2024, 3, 5, 23, 30, tzinfo=UTC)
    item = world.item(STORY, posted_at=posted, experienced=experienced)
    world.arrives(_channel(world, member, "careopinion"), item)
    assert expiry.happened_on(item) == day
    assert db.session.scalars(select(Conversation.happened_on)).one() == day
