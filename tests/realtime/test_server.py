"""Live pages over a real web server with green threads, several processes, and a bus that comes and goes."""

import http.client
from collections.abc import Callable

from flask import Flask

from healthberry.core import events, scope
from healthberry.models.channels import Channel
from tests.realtime.pages import Page
from tests.world import World

Open = Callable[..., Page]


def arrive(world: World, channel: Channel) -> int:
    world.arrives(channel, world.item())
    scope.enter(channel.organisation_id)
    events.commit()
    return events.last_number(channel.organisation_id)


def test_a_committed_change_reaches_pages_in_every_process(world: World, open_remote: Open) -> None:
    organisation = world.organisation()
    channel = world.channel(organisation)
    pages = [open_remote(world.member(organisation), after=0) for _ in range(6)]

    number = arrive(world, channel)

    assert [page.next().number for page in pages] == [number] * 6


def test_after_a_cut_every_missed_change_arrives_exactly_once(world: World, open_remote: Open) -> None:
    organisation = world.organisation()
    member, channel = world.member(organisation), world.channel(organisation)
    page = open_remote(member, after=0)
    page.until(arrive(world, channel))
    page.close()
    for _ in range(40):
        arrive(world, channel)

    back = open_remote(member, after=0, last_event_id=str(page.last_id))
    last = arrive(world, channel)

    assert [message.number for message in back.until(last)] == list(range(2, last + 1))


def test_nothing_is_missed_while_the_bus_is_away(app: Flask, world: World, open_remote: Open) -> None:
    organisation = world.organisation()
    channel = world.channel(organisation)
    page = open_remote(world.member(organisation), after=0)
    page.until(arrive(world, channel))
    app.extensions["valkey"].client_kill_filter(_type="pubsub")
    numbers = [arrive(world, channel) for _ in range(3)]

    assert [message.number for message in page.until(numbers[-1])] == numbers


def test_no_header_names_the_path_of_a_request(server: int) -> None:
    for path, status in (("/help", 200), ("/evil/help", 404)):
        connection = http.client.HTTPConnection("127.0.0.1", server, timeout=60)
        connection.request("GET", path, headers={"SCRIPT_NAME": "/evil", "PATH_INFO": "/help"})
        answer = connection.getresponse()
        assert (answer.status, b"/evil" in answer.read()) == (status, False)
        connection.close()


def test_streams_are_never_kept_back_by_a_proxy_or_a_browser(app: Flask, world: World) -> None:
    member = world.member(world.organisation())
    with app.app_context():
        answer = world.signed_in(app.test_client(), member).get("/stream?view=inbox")

    assert answer.mimetype == "text/event-stream"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert answer.headers["Cache-Control"] == "no-store"
    answer.close()
