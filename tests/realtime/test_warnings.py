"""Open pages hear that a channel fell silent and that it is read again, whatever else they follow."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from healthberry.core import events, scope, staleness
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.organisations import Organisation
from healthberry.models.owned import now
from healthberry.realtime.hub import Hub
from tests.realtime.pages import Message, Page
from tests.world import World

Open = Callable[..., Page]


@pytest.fixture
def organisation(world: World) -> Organisation:
    """Return an organisation without people."""
    return world.organisation()


@pytest.fixture
def channel(world: World, organisation: Organisation) -> Channel:
    """Return a channel that was last read half an hour ago."""
    half_an_hour_ago = now() - timedelta(minutes=30)
    return world.channel(organisation, "nhsuk", last_success_at=half_an_hour_ago, watched_from=half_an_hour_ago)


def sweep(channel: Channel) -> int:
    """Notice what changed, as the sweep does; return the newest number."""
    scope.enter(channel.organisation_id)
    staleness.notice(channel.organisation_id, channel.id)
    events.commit()
    return events.last_number(channel.organisation_id)


def of_warnings(messages: list[Message]) -> str:
    """Return what takes the place of the warnings."""
    (found,) = [one.data for one in messages if 'hx-target="#warnings"' in one.data]
    return found


@pytest.mark.parametrize("query", ["view=house", "view=channels", "view=inbox"])
def test_the_warning_comes_and_goes_on_an_open_page(
    world: World, organisation: Organisation, channel: Channel, open_stream: Open, query: str
) -> None:
    page = open_stream(world.member(organisation), query, after=0)

    came = of_warnings(page.until(sweep(channel)))
    assert "NHS.UK has not been read since" in came
    assert f'href="/channels/{channel.id}"' in came

    channel.last_success_at = now()
    went = of_warnings(page.until(sweep(channel)))
    assert 'id="warnings"' in went
    assert "has not been read" not in went


def test_a_page_is_warned_by_the_web_process_itself_where_no_worker_is_left_to_notice(
    world: World, organisation: Organisation, channel: Channel, hub: Hub, open_stream: Open
) -> None:
    channel.last_success_at = now()
    db.session.commit()
    page = open_stream(world.member(organisation), "view=house", after=0)
    (room,) = hub._rooms.values()
    room.check()

    channel.last_success_at = now() - timedelta(minutes=30)
    db.session.commit()
    room.check()

    assert "NHS.UK has not been read since" in page.next().data


def test_an_open_conversation_hears_whether_it_can_be_answered(
    world: World, organisation: Organisation, channel: Channel, open_stream: Open
) -> None:
    (conversation,) = world.arrives(channel, world.item())
    scope.enter(organisation.id)
    after = events.last_number(organisation.id)
    page = open_stream(world.member(organisation), f"view=conversation&conversation={conversation}", after=after)

    message = next(one for one in page.until(sweep(channel)) if "#held" in one.data)

    assert 'hx-target="#held" hx-swap="outerMorph"' in message.data
