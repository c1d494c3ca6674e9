"""What is no feedback is set aside by rules, never deleted, and people's marks teach a suggestion."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from healthberry.connectors.base import Author
from healthberry.core import conversations, inbox, noise, noise_lessons
from healthberry.core.errors import Invalid, NotAllowed, NotFound
from healthberry.core.inbox import View
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member, Organisation
from healthberry.models.replies import OutboxMail
from tests.world import World


@pytest.fixture
def member(world: World) -> Member:
    return world.member(world.organisation())


@pytest.fixture
def channel(world: World, member: Member) -> Channel:
    return world.channel(db.session.get_one(Organisation, member.organisation_id), "x", remote_id="5")


def _ids(member: Member, **view: Any) -> list[UUID]:
    return [row.id for row in inbox.list_conversations(member, View(**view)).rows]


def _add(member: Member, channel: Channel, kind: str, *words: str) -> None:
    noise.add(member, channel.id, kind, words)
    db.session.commit()


def test_what_has_a_forbidden_word_is_set_aside_without_an_alert(
    world: World, member: Member, channel: Channel
) -> None:
    _add(member, channel, "must_not", "War  Museum")

    (aside,) = world.arrives(channel, world.item("Lovely day at the war\nmuseum!"))
    (shown,) = world.arrives(channel, world.item("The warmuseum ward was clean."))

    assert _ids(member) == [shown] == _ids(member, status="all")
    assert _ids(member, status="aside") == [aside]
    assert len(db.session.scalars(select(OutboxMail)).all()) == 1
    assert aside not in _ids(member, unread=True)


def test_what_has_none_of_the_wanted_words_is_set_aside(world: World, member: Member, channel: Channel) -> None:
    _add(member, channel, "must", "hospital", "ward")

    (shown,) = world.arrives(channel, world.item("On the WARD they were kind."))
    (aside,) = world.arrives(channel, world.item("Toward the sea."))

    assert _ids(member) == [shown]
    assert _ids(member, status="aside") == [aside]


def test_a_blocked_author_is_set_aside_on_that_channel_alone(world: World, member: Member, channel: Channel) -> None:
    troll = Author("a-troll", "Troll")
    (first,) = world.arrives(channel, world.item("Buy my pills", author=troll))
    other = world.channel(db.session.get_one(Organisation, member.organisation_id), "x", remote_id="6")

    noise.block(member, first)
    db.session.commit()
    (later,) = world.arrives(channel, world.item("Buy more", author=troll))
    (elsewhere,) = world.arrives(other, world.item("Buy there", author=troll))

    assert set(_ids(member, status="aside")) == {first, later}
    assert _ids(member) == [elsewhere]


def test_a_new_rule_takes_what_is_open_and_nobodys_and_removing_it_brings_all_back(
    world: World, member: Member, channel: Channel
) -> None:
    (nobodys,) = world.arrives(channel, world.item("A museum"))
    (mine,) = world.arrives(channel, world.item("Our museum"))
    conversations.assign(member, mine, member.id)
    db.session.commit()

    _add(member, channel, "must_not", "museum")
    assert _ids(member) == [mine]
    (rule,) = noise.listed(member, channel.id)[1]
    assert rule.count == 1

    assert noise.remove(member, channel.id, rule.rule.id) == 1
    db.session.commit()
    assert set(_ids(member)) == {mine, nobodys}


def test_one_is_brought_back_by_hand_and_the_next_is_set_aside_as_before(
    world: World, member: Member, channel: Channel
) -> None:
    _add(member, channel, "must_not", "museum")
    (aside,) = world.arrives(channel, world.item("A museum"))

    assert "museum" in noise.reason(conversations.find(member, aside))
    conversations.reopen(member, aside)
    db.session.commit()
    world.arrives(channel, world.item("Another museum"))

    assert _ids(member) == [aside]
    assert len(_ids(member, status="aside")) == 1


def test_somebody_sets_one_aside_by_hand(world: World, member: Member, channel: Channel) -> None:
    (one,) = world.arrives(channel, world.item("Win a prize"))
    conversations.set_aside(member, one)
    db.session.commit()
    assert _ids(member) == []
    assert noise.reason(conversations.find(member, one)) == "Somebody set it aside."


def test_marks_teach_a_phrase_that_stands_hardly_anywhere_else(world: World, member: Member, channel: Channel) -> None:
    for number in range(3):
        (wrong,) = world.arrives(channel, world.item(f"Visited the Imperial War Museum with {number} children"))
        conversations.close(member, wrong, "not_about_us")
    for number in range(5):
        world.arrives(channel, world.item(f"Visited the ward with {number} children, the nurses were lovely"))
    db.session.commit()

    told = noise_lessons.suggestions(member, channel.id)

    assert [(one.phrase, one.count) for one in told] == [("imperial war museum", 3)]
    noise_lessons.refuse(member, channel.id, told[0].phrase)
    db.session.commit()
    assert "imperial war museum" not in [one.phrase for one in noise_lessons.suggestions(member, channel.id)]


def test_two_marks_teach_nothing(world: World, member: Member, channel: Channel) -> None:
    for _ in range(2):
        (wrong,) = world.arrives(channel, world.item("The Imperial War Museum"))
        conversations.close(member, wrong, "not_about_us")
    db.session.commit()
    assert noise_lessons.suggestions(member, channel.id) == ()


@pytest.mark.parametrize("words", [[], ["  "], ["x" * 101], ["!!!"]])
def test_words_that_cannot_be_found_are_refused(member: Member, channel: Channel, words: list[str]) -> None:
    with pytest.raises(Invalid):
        noise.add(member, channel.id, "must_not", words)


def test_only_who_handles_conversations_of_this_organisation_filters(
    world: World, member: Member, channel: Channel
) -> None:
    with pytest.raises(NotAllowed):
        noise.add(
            world.member(db.session.get_one(Organisation, member.organisation_id), level=1), channel.id, "must", ["a"]
        )
    _add(member, channel, "must_not", "museum")
    rule = noise.rules_of(channel)[0]
    stranger = world.member(world.organisation())
    with pytest.raises(NotFound):
        noise.remove(stranger, channel.id, rule.id)


def test_an_author_without_a_name_of_the_channels_cannot_be_blocked(
    world: World, member: Member, channel: Channel
) -> None:
    (one,) = world.arrives(channel, world.item("Hello", author=Author(None, "")))
    with pytest.raises(Invalid):
        noise.block(member, one)
    assert db.session.get_one(Conversation, (member.organisation_id, one)).status == "open"
