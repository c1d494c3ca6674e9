"""Who else is at a conversation: told to colleagues, for as long as it is true."""

from collections.abc import Callable

from flask import Flask

from healthberry.core import events
from healthberry.realtime import presence
from tests.realtime.pages import Page
from tests.world import World

Open = Callable[..., Page]


def test_colleagues_see_who_came_who_writes_and_who_went(app: Flask, world: World, open_stream: Open) -> None:
    organisation = world.organisation()
    priya, tom = world.member(organisation, name="Priya"), world.member(organisation, name="Tom")
    (conversation_id,) = world.arrives(world.channel(organisation), world.item())
    events.commit()
    query = f"view=conversation&conversation={conversation_id}"
    page = open_stream(tom, query)
    other = open_stream(priya, query)

    assert "Priya is here" in page.next().data

    presence.write(priya, conversation_id, writing=True)
    said = page.next().data
    assert "Priya is replying" in said
    assert "Tom" not in said

    other.close()
    assert "Priya" not in page.next().data


def test_level_1_is_told_of_nobody(world: World, open_stream: Open) -> None:
    organisation = world.organisation()
    colleague, newcomer = world.member(organisation, name="Rosalind"), world.member(organisation, level=1)
    channel = world.channel(organisation)
    (conversation_id,) = world.arrives(channel, world.item())
    events.commit()
    number = events.last_number(organisation.id)
    query = f"view=conversation&conversation={conversation_id}"
    page = open_stream(newcomer, query, after=number)
    watcher = open_stream(world.member(organisation), query, after=number)
    presence.write(colleague, conversation_id, writing=True)
    while "Rosalind is replying" not in watcher.next().data:
        pass

    world.arrives(channel, world.item("A later one"))
    events.commit()

    assert "A later one" in page.next().data


def test_who_no_longer_writes_is_not_shown_as_writing(app: Flask, world: World) -> None:
    organisation = world.organisation()
    priya = world.member(organisation)
    (conversation_id,) = world.arrives(world.channel(organisation), world.item())
    presence.arrive(priya, conversation_id)
    presence.write(priya, conversation_id, writing=True)
    presence.write(priya, conversation_id, writing=False)

    (one,) = presence.at(organisation.id, conversation_id)

    assert not one.writing


def test_presence_is_forgotten_by_itself(app: Flask, world: World) -> None:
    organisation = world.organisation()
    (conversation_id,) = world.arrives(world.channel(organisation), world.item())
    presence.write(world.member(organisation), conversation_id, writing=True)

    valkey = app.extensions["valkey"]
    (key,) = valkey.keys("healthberry:presence:*")

    assert 0 < valkey.ttl(key) <= presence.HERE_SECONDS
