"""The same story on two sites is shown once, counted once, and can be parted and joined by hand."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from healthberry.core import channels, copies, copies_by_hand, inbox, ingest, unlinking
from healthberry.core.conversations import reopen
from healthberry.core.errors import Invalid, NotAllowed, NotFound
from healthberry.core.inbox import View
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from healthberry.models.replies import OutboxMail
from tests.world import World

STORY = (
    "I waited two hours for a blood test and nobody told us why, but the nurse who came in the end could not have been "
    "kinder to my mother and explained everything twice."
)
EDITED = STORY.replace("two hours", "2 hours").replace("kinder", "nicer") + " [Edited by the moderator]"
OTHER = "The car park was full again and the machine refused every card that we tried, so we were late for the clinic."


@pytest.fixture
def member(world: World) -> Member:
    return world.member(world.organisation())


@pytest.fixture
def opinion(world: World, member: Member) -> Channel:
    return world.channel(_organisation(member), "careopinion")


@pytest.fixture
def nhsuk(world: World, member: Member) -> Channel:
    return world.channel(_organisation(member), "nhsuk")


def _organisation(member: Member) -> Any:
    return db.session.get_one(Organisation, member.organisation_id)


def _ids(member: Member, **view: Any) -> list[UUID]:
    return [row.id for row in inbox.list_conversations(member, View(**view)).rows]


def _conversation(member: Member, conversation_id: UUID) -> Conversation:
    statement = select(Conversation).execution_options(populate_existing=True)
    return db.session.scalars(
        statement.where(Conversation.organisation_id == member.organisation_id, Conversation.id == conversation_id)
    ).one()


def test_a_story_with_the_same_key_on_two_sites_is_shown_once(
    world: World, member: Member, opinion: Channel, nhsuk: Channel
) -> None:
    (story,) = world.arrives(opinion, world.item("Short.", syndication_key="careopinion:77"))
    (copy,) = world.arrives(nhsuk, world.item("Short and edited.", syndication_key="careopinion:77"))

    assert _ids(member) == [story]
    assert _ids(member, status="all") == [story]
    assert _ids(member, channel="nhsuk") == [story] == _ids(member, channel="careopinion")
    assert inbox.list_conversations(member, View()).rows[0].also_on == ("nhsuk",)
    assert [one.id for one in copies.elsewhere(member, _conversation(member, story))] == [copy]
    assert [one.id for one in copies.elsewhere(member, _conversation(member, copy))] == [story]


def test_near_identical_words_within_thirty_days_are_the_same_story(
    world: World, member: Member, opinion: Channel, nhsuk: Channel
) -> None:
    (story,) = world.arrives(opinion, world.item(STORY))
    world.arrives(nhsuk, world.item(EDITED, posted_at=now() - timedelta(days=29)))

    assert _ids(member) == [story]
    assert inbox.list_conversations(member, View(q="blood")).rows[0].id == story
    assert len(_ids(member, q="moderator")) == 0


def test_other_words_later_ones_and_short_ones_are_not(
    world: World, member: Member, opinion: Channel, nhsuk: Channel
) -> None:
    world.arrives(opinion, world.item(STORY), world.item("Very good, thank you."))
    late = world.item(STORY, posted_at=now() - timedelta(days=40))
    world.arrives(nhsuk, world.item(OTHER), late, world.item("Very good, thank you."))

    assert len(_ids(member)) == 5


def test_the_same_words_twice_on_one_site_are_two(world: World, member: Member, opinion: Channel) -> None:
    world.arrives(opinion, world.item(STORY))
    world.arrives(opinion, world.item(STORY))

    assert len(_ids(member)) == 2


def test_nothing_is_compared_across_organisations(world: World, member: Member, opinion: Channel) -> None:
    world.arrives(opinion, world.item(STORY, syndication_key="careopinion:5"))
    stranger = world.member(world.organisation())
    theirs = world.channel(_organisation(stranger), "nhsuk")

    (own,) = world.arrives(theirs, world.item(STORY, syndication_key="careopinion:5"))

    assert _ids(stranger) == [own]


def test_a_copy_alerts_nobody_and_is_unread_for_nobody(
    world: World, member: Member, opinion: Channel, nhsuk: Channel
) -> None:
    world.arrives(opinion, world.item(STORY))
    before = len(db.session.scalars(select(OutboxMail)).all())

    (copy,) = world.arrives(nhsuk, world.item(STORY))

    assert len(db.session.scalars(select(OutboxMail)).all()) == before == 1
    assert copy not in _ids(member, unread=True)


def test_parted_by_hand_it_stands_alone_and_is_never_joined_by_itself(
    world: World, member: Member, opinion: Channel, nhsuk: Channel
) -> None:
    (story,) = world.arrives(opinion, world.item(STORY))
    item = world.item(STORY)
    (copy,) = world.arrives(nhsuk, item)

    assert copies_by_hand.part(member, copy) == story
    copies_by_hand.part(member, copy)
    world.arrives(nhsuk, item)
    google = world.channel(_organisation(member), "x", remote_id="9")
    (third,) = world.arrives(google, world.item(STORY))

    assert set(_ids(member)) == {story, copy}
    assert _conversation(member, story).also_on == ["x"]
    assert _conversation(member, third).copy_of == story


def test_joined_by_hand_the_older_one_is_shown_whichever_was_open(
    world: World, member: Member, opinion: Channel, nhsuk: Channel
) -> None:
    (story,) = world.arrives(opinion, world.item(STORY))
    (other,) = world.arrives(nhsuk, world.item("My mother waited two hours for blood, the nurse was kind."))

    assert [one.id for one in copies_by_hand.offers(member, other)] == [story]
    assert copies_by_hand.join(member, other, story) == story
    assert copies_by_hand.join(member, story, other) == story
    assert _ids(member) == [story]
    assert list(copies_by_hand.offers(member, other)) == []


def test_two_of_one_channel_are_not_joined(world: World, member: Member, opinion: Channel) -> None:
    (one,) = world.arrives(opinion, world.item(STORY))
    (other,) = world.arrives(opinion, world.item(OTHER))
    with pytest.raises(Invalid):
        copies_by_hand.join(member, one, other)


def test_strangers_and_readers_join_and_part_nothing(
    world: World, member: Member, opinion: Channel, nhsuk: Channel
) -> None:
    (story,) = world.arrives(opinion, world.item(STORY))
    (copy,) = world.arrives(nhsuk, world.item(STORY))
    viewer = world.member(_organisation(member), level=1)
    with pytest.raises(NotAllowed):
        copies_by_hand.part(viewer, copy)
    stranger = world.member(world.organisation())
    with pytest.raises(NotFound):
        copies_by_hand.part(stranger, copy)
    with pytest.raises(NotFound):
        copies_by_hand.join(stranger, copy, story)


def test_where_the_shown_one_is_taken_down_the_copy_takes_its_place_with_its_owner(
    world: World, member: Member, opinion: Channel, nhsuk: Channel
) -> None:
    item = world.item(STORY)
    (story,) = world.arrives(opinion, item)
    (copy,) = world.arrives(nhsuk, world.item(STORY))
    _conversation(member, story).assignee_id = member.id
    db.session.commit()

    ingest.store_page(opinion, [_gone(item)], backfill=False)
    db.session.commit()

    assert _ids(member) == [copy]
    assert _conversation(member, copy).assignee_id == member.id
    assert _conversation(member, story).copy_of == copy
    assert inbox.list_conversations(member, View()).rows[0].also_on == ()


def test_where_the_shown_ones_channel_is_erased_the_copy_stays(
    world: World, member: Member, opinion: Channel, nhsuk: Channel
) -> None:
    world.arrives(opinion, world.item(STORY))
    (copy,) = world.arrives(nhsuk, world.item(STORY))
    unlinking.unlink(member, opinion.id, erase=True)
    db.session.commit()

    while unlinking.erase_part(member.organisation_id, opinion.id):
        db.session.commit()
    db.session.commit()

    assert _ids(member) == [copy]
    assert channels.unlinked_of(member)[0].erase_at is None


def test_a_copy_is_not_moved_by_itself(world: World, member: Member, opinion: Channel, nhsuk: Channel) -> None:
    world.arrives(opinion, world.item(STORY))
    (copy,) = world.arrives(nhsuk, world.item(STORY))
    with pytest.raises(Invalid):
        reopen(member, copy)


def _gone(item: Any) -> Any:
    return replace(item, text="", title="", change="withdrawn")
