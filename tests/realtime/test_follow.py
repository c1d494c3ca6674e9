"""What an open page is told: the right rows, once, in order, and nothing of anybody else."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from healthberry import create_app
from healthberry.core import conversations, events, operator, scope, sessions, unlinking
from healthberry.extensions import db
from healthberry.local import valkey
from healthberry.local.postgres import Database
from healthberry.models.channels import Channel
from healthberry.realtime.hub import Hub, hub_of
from healthberry.settings import Settings
from tests.realtime.pages import Page, open_page
from tests.world import World

Open = Callable[..., Page]


def arrive(world: World, channel: Channel, text: str = "They were kind.", **fields: str) -> tuple[UUID, int]:
    """Let one item arrive and tell it; return the id of its conversation and the newest number."""
    (conversation_id,) = world.arrives(channel, world.item(text, **fields))
    scope.enter(channel.organisation_id)
    events.commit()
    return conversation_id, events.last_number(channel.organisation_id)


def test_a_new_conversation_waits_among_the_arrivals(world: World, open_stream: Open) -> None:
    organisation = world.organisation()
    page = open_stream(world.member(organisation), after=0)
    conversation_id, number = arrive(world, world.channel(organisation), "Thank you, ward 7")

    message = page.next()

    assert message.number == number
    assert '<hx-partial hx-target="#arrivals" hx-swap="beforeend">' in message.data
    assert f'id="conversation-{conversation_id}"' in message.data
    assert "Thank you, ward 7" in message.data


def test_a_row_changes_in_its_place_and_is_greyed_when_it_leaves_the_view(world: World, open_stream: Open) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    conversation_id, number = arrive(world, world.channel(organisation))
    page = open_stream(member, after=number)

    conversations.close(member, conversation_id, "spam")
    events.commit()
    message = page.next()

    assert f'<hx-partial hx-target="#conversation-{conversation_id}" hx-swap="outerMorph">' in message.data
    assert "item--left" in message.data
    assert "#arrivals" not in message.data


def test_what_enters_a_narrowed_view_is_an_arrival_there(world: World, open_stream: Open) -> None:
    organisation = world.organisation()
    member, colleague = world.member(organisation), world.member(organisation)
    conversation_id, number = arrive(world, world.channel(organisation))
    mine = open_stream(member, "view=inbox&assigned=me", after=number)
    theirs = open_stream(colleague, "view=inbox&assigned=me", after=number)

    conversations.assign(member, conversation_id, member.id)
    events.commit()

    assert "#arrivals" in mine.next().data
    seen_by_colleague = theirs.next().data
    assert "#arrivals" not in seen_by_colleague
    assert "item--left" in seen_by_colleague


def test_the_unread_mark_is_each_members_own(world: World, open_stream: Open) -> None:
    organisation = world.organisation()
    reader, other = world.member(organisation), world.member(organisation)
    conversation_id, number = arrive(world, world.channel(organisation))
    conversations.mark_read(reader, conversation_id)
    events.commit()
    pages = open_stream(reader, after=number), open_stream(other, after=number)

    conversations.wait(reader, conversation_id)
    events.commit()

    assert ["item--unread" in page.next().data for page in pages] == [False, True]


def test_a_returning_page_gets_every_missed_change_once_in_order(world: World, open_stream: Open) -> None:
    organisation = world.organisation()
    member, channel = world.member(organisation), world.channel(organisation)
    page = open_stream(member, after=0)
    _, first = arrive(world, channel)
    page.until(first)
    page.close()

    missed = [arrive(world, channel)[1] for _ in range(5)]
    back = open_stream(member, after=0, last_event_id=str(first))
    live = arrive(world, channel)[1]

    assert [message.number for message in back.until(live)] == [*missed, live]


def test_who_missed_too_much_is_told_to_reload_and_goes_on_from_there(world: World, open_stream: Open) -> None:
    organisation = world.organisation()
    member, channel = world.member(organisation), world.channel(organisation)
    world.arrives(channel, *[world.item() for _ in range(201)])
    events.commit()
    page = open_stream(member, after=0)

    reload = page.next()
    _, number = arrive(world, channel)

    assert (reload.event, reload.number) == ("reload", number - 1)
    assert page.next().number == number


def test_a_page_that_is_ahead_of_its_process_is_not_told_again(
    app: Flask, world: World, hub: Hub, open_stream: Open
) -> None:
    organisation = world.organisation()
    channel = world.channel(organisation)
    behind = open_stream(world.member(organisation), after=0)
    world.arrives(channel, world.item())
    db.session().info.pop("pending_events")  # committed, but this process has not heard of it yet
    page = open_stream(world.member(organisation), after=1)
    _, number = arrive(world, channel)

    assert [message.number for message in page.until(number)] == [2]
    assert [message.number for message in behind.until(number)] == [1, 2]


def test_a_number_from_the_future_means_reload(world: World, open_stream: Open) -> None:
    organisation = world.organisation()
    page = open_stream(world.member(organisation), after=99)

    assert page.next().event == "reload"


def test_changes_of_other_organisations_never_arrive(world: World, open_stream: Open) -> None:
    ours, theirs = world.organisation(), world.organisation()
    page = open_stream(world.member(ours), after=0)
    spy = open_stream(world.member(theirs), after=0)
    arrive(world, world.channel(theirs), "Not for us")
    _, number = arrive(world, world.channel(ours), "For us")

    heard = page.next()
    assert (heard.number, "For us" in heard.data, "Not for us" in heard.data) == (number, True, False)
    assert "Not for us" in spy.next().data


def test_level_1_is_told_of_the_row_without_names(world: World, open_stream: Open) -> None:
    organisation = world.organisation()
    colleague = world.member(organisation, name="Rosalind Thistlewood")
    newcomer = world.member(organisation, level=1)
    conversation_id, number = arrive(world, world.channel(organisation))
    query = f"view=conversation&conversation={conversation_id}"
    outside, inside = open_stream(newcomer, query, after=number), open_stream(colleague, query, after=number)

    conversations.assign(colleague, conversation_id, colleague.id)
    conversations.add_note(colleague, conversation_id, "Ring the ward sister")
    number = events.last_number(organisation.id)
    events.commit()

    heard = "".join(message.data for message in outside.until(number))
    assert f"conversation-{conversation_id}" in heard
    assert "Rosalind" not in heard
    assert "Thistlewood" not in heard
    assert "ward sister" not in heard
    assert "Rosalind" in "".join(message.data for message in inside.until(number))


def test_an_open_conversation_gets_new_entries_but_never_a_form(world: World, open_stream: Open) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    conversation_id, number = arrive(world, world.channel(organisation))
    page = open_stream(member, f"view=conversation&conversation={conversation_id}", after=number)

    conversations.add_note(member, conversation_id, "Ring the ward sister")
    events.commit()
    data = page.next().data

    assert '<hx-partial hx-target="#entries" hx-swap="innerMorph">' in data
    assert "Ring the ward sister" in data
    assert "<textarea" not in data
    assert "csrf_token" not in data


def test_hostile_words_stay_words(world: World, open_stream: Open) -> None:
    organisation = world.organisation()
    page = open_stream(world.member(organisation), after=0)
    words = 'x\n\nid: 99\nevent: reload\ndata: <hx-partial hx-target="body"><script>alert(1)'
    arrive(world, world.channel(organisation), words)

    message = page.next()

    assert message.event == ""
    assert page.last_id == message.number == 1
    assert 'hx-target="body"' not in message.data
    assert "<script" not in message.data


def test_a_stream_is_refused_to_whoever_is_signed_out(client: FlaskClient) -> None:
    answer = client.get("/stream?view=inbox")

    assert answer.status_code == 401
    assert answer.headers["HX-Reswap"] == "none"


def test_another_organisations_conversation_is_not_there(world: World, open_stream: Open) -> None:
    conversation_id, _ = arrive(world, world.channel(world.organisation()))
    stranger = world.member(world.organisation())

    assert open_stream(stranger, f"view=conversation&conversation={conversation_id}").status == 404


def test_a_member_who_leaves_or_is_signed_out_everywhere_hears_no_more(world: World, open_stream: Open) -> None:
    organisation = world.organisation()
    member, colleague = world.member(organisation), world.member(organisation)
    page = open_stream(colleague, after=0)

    colleague.left_at = world.item().posted_at
    events.record(organisation.id, "member_left", member=member)
    events.commit()

    assert page.next().event == "signed-out"


def test_a_page_of_a_session_that_its_owner_ended_hears_no_more(world: World, open_stream: Open) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    ended = open_stream(member, after=0)
    first = {one.id for one in sessions.listed(member)}
    lasting = open_stream(member, after=0)

    sessions.end(member, first.pop())
    events.commit()

    assert ended.next().event == "signed-out"
    arrive(world, world.channel(organisation), "Thank you, ward 7")
    assert "Thank you, ward 7" in lasting.next().data


def test_no_database_connection_is_held_while_a_stream_waits(app: Flask, world: World, open_stream: Open) -> None:
    organisation = world.organisation()
    pages = [open_stream(world.member(organisation), after=0) for _ in range(12)]
    _, number = arrive(world, world.channel(organisation))
    for page in pages:
        page.until(number)
    events.forget()

    assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_without_the_bus_pages_are_late_but_miss_nothing(
    settings: Settings, database: Database, world: World, tmp_path: Path
) -> None:
    bus = valkey.start(tmp_path / "valkey", durable=False)
    alone = create_app(replace(settings, redis_url=bus.url))
    organisation = world.organisation()
    channel, member = world.channel(organisation), world.member(organisation)
    try:
        with alone.app_context():
            page = open_page(world.signed_in(alone.test_client(), member), "view=inbox", after=0)
        assert hub_of(alone).listening.wait(10)
        bus.stop()
        numbers = [arrive(world, channel)[1] for _ in range(2)]

        assert [message.number for message in page.until(numbers[-1])] == numbers
        page.close()
    finally:
        hub_of(alone).stop()
        bus.stop()
        with alone.app_context():
            db.engine.dispose()


def test_what_the_bus_lost_is_found_in_the_database(world: World, hub: Hub, open_stream: Open) -> None:
    organisation = world.organisation()
    channel = world.channel(organisation)
    page = open_stream(world.member(organisation), after=0)
    world.arrives(channel, world.item())
    db.session().info.pop("pending_events")  # committed, and nobody was told
    _, number = arrive(world, channel)

    assert [message.number for message in page.until(number)] == [1, 2]


@pytest.mark.parametrize(("view", "place"), [("inbox", "#trust"), ("channels", "#next-step")])
def test_whoever_may_publish_from_now_on_reads_it_on_the_open_page(
    world: World, open_stream: Open, view: str, place: str
) -> None:
    organisation = world.organisation(web_domain=None)
    member = world.member(organisation, level=1, role="responder", email="pat@nhs.net")
    other = world.member(organisation, level=1, role="responder")
    code = organisation.ods_code or ""
    page = open_stream(member, f"view={view}&level=1", after=0)
    theirs = open_stream(other, f"view={view}&level=1", after=0)

    operator.verify("pat@nhs.net", code)
    events.commit()
    channel = world.channel(organisation)
    arrive(world, channel) if view == "inbox" else events.record(organisation.id, "c", channel_id=channel.id)
    events.commit()

    message = page.next()
    assert f'<hx-partial hx-target="{place}"' in message.data
    assert "You can publish now" in message.data
    assert "You can publish now" not in theirs.next().data


def test_a_card_goes_when_its_channel_is_unlinked_and_the_list_is_loaded_anew_when_it_is_erased(
    world: World, open_stream: Open
) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    channel_id = world.channel(organisation).id
    cards, rows = open_stream(member, "view=channels", after=0), open_stream(member, after=0)

    unlinking.unlink(member, channel_id, erase=True)
    events.commit()
    message = cards.next()
    assert f'<hx-partial hx-target="#channel-{channel_id}" hx-swap="delete">' in message.data
    assert "is being erased" in message.data

    unlinking.erase_part(organisation.id, channel_id)
    events.commit()
    assert "is being erased" not in cards.next().data
    assert 'data-loaded="erased"' in rows.next().data
