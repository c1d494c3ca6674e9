"""What a team sees: of all that is asked for, only what is about its places."""

from collections.abc import Callable
from itertools import product
from uuid import UUID

import pytest
from sqlalchemy import select

from healthberry.core import (
    attachments,
    conversations,
    copies_by_hand,
    drafts,
    inbox,
    inbox_standing,
    noise,
    places,
    replies,
    roles,
    teams,
    thread,
)
from healthberry.core.errors import NotFound
from healthberry.core.inbox_views import View
from healthberry.core.narrowing import narrowing
from healthberry.core.places import Places
from healthberry.core.teams import Wish
from healthberry.extensions import db
from healthberry.models.attachments import Attachment
from healthberry.models.conversations import Conversation
from tests.core.teams_house import ALL, House, listed


def test_whoever_is_in_no_team_sees_everything(house: House) -> None:
    assert listed(house.ward) == listed(house.admin) == house.all


def test_a_site_counts_with_all_that_is_in_it_a_service_alone_a_channel_whole(house: House) -> None:
    team = house.team()
    assert listed(house.ward) == {house.north, house.outpatients}

    def seen(**wish: object) -> set[UUID]:
        values = {"name": "North", "people": {house.ward.id}, **wish}
        teams.change(house.admin, team, Wish(**values))  # type: ignore[arg-type]
        return listed(house.ward)

    assert seen(services=["NOR01 outpatients"]) == {house.outpatients}
    assert seen(services=["Ward 3"]) == {house.mapped}, "a ward of which only the name is known"
    assert seen(channels=[str(house.google.id)]) == {house.mapped}
    assert seen(unplaced=True) == {house.nowhere}
    assert seen(sites=["SOU01"], unplaced=True) == {house.south, house.nowhere}
    assert seen(sites=["SOU01"], people=set()) == house.all, "in no team any more"


def test_in_several_teams_somebody_sees_what_one_of_them_sees(house: House) -> None:
    house.team()
    house.team(name="South", sites=["SOU01"])

    assert listed(house.ward) == {house.north, house.outpatients, house.south}


def test_administrators_see_everything_until_they_are_none_any_more(house: House) -> None:
    house.team(people={house.admin.id, house.ward.id})
    assert listed(house.admin) == house.all

    roles.change_role(house.admin, house.ward.id, "administrator")
    assert listed(house.ward) == house.all
    roles.change_role(house.admin, house.admin.id, "responder")
    assert listed(house.admin) == {house.north, house.outpatients}


def test_what_a_team_does_not_see_is_not_there_however_it_is_asked_for(house: House) -> None:
    note = "For the team"
    conversations.add_note(house.ward, house.south, note)
    reply = replies.queue_reply(house.ward, house.south, "Thank you for telling us.", 1)
    reply.state = "failed"
    drafts.put(house.ward.organisation_id, house.ward.id, house.south, "Thanks", 1)
    db.session.commit()
    files = {one.message_id: one.id for one in db.session.scalars(select(Attachment))}
    of_south = [files[e.message.id] for e in thread.open_conversation(house.ward, house.south).entries if e.message]
    house.team()
    far = house.south

    acts: list[Callable[[], object]] = [
        lambda: thread.open_conversation(house.ward, far),
        lambda: conversations.find(house.ward, far),
        lambda: conversations.mark_read(house.ward, far),
        lambda: conversations.mark_unread(house.ward, far),
        lambda: conversations.assign(house.ward, far, None),
        lambda: conversations.close(house.ward, far, "spam"),
        lambda: conversations.add_note(house.ward, far, note),
        lambda: drafts.save(house.ward, far, "Thanks", 1),
        lambda: replies.queue_reply(house.ward, far, "Thanks", 1),
        lambda: replies.find(house.ward, reply.id),
        lambda: replies.retry(house.ward, reply.id),
        lambda: replies.take_back(house.ward, reply.id),
        lambda: attachments.find(house.ward, of_south[0]),
        lambda: copies_by_hand.offers(house.ward, far),
        lambda: copies_by_hand.join(house.ward, house.north, far),
        lambda: noise.block(house.ward, far),
    ]
    for act in acts:
        with pytest.raises(NotFound):
            act()
    assert thread.open_conversation(house.colleague, far).conversation.id == far
    assert inbox_standing.row_of(house.ward, ALL, far) is None
    assert inbox.neighbours(house.ward, ALL, far) == (None, None)
    assert far not in inbox.neighbours(house.ward, ALL, house.outpatients)


def test_lists_searches_and_what_they_can_be_narrowed_by_keep_to_the_places(house: House) -> None:
    house.team()
    near = {house.north, house.outpatients}

    assert listed(house.colleague, View(status="all", q="story")) == house.all
    assert listed(house.ward, View(status="all", q="story")) == near
    assert listed(house.ward, View(status="all", q="story", unread=True)) == near
    assert listed(house.ward, View(status="all", unread=True)) == near
    assert listed(house.ward, View(status="all", service="SOU01")) == set()
    assert listed(house.ward, View(channel="google")) == set()
    assert [code for code, _ in narrowing(house.ward).services] == ["NOR01", "NOR01 outpatients"]
    assert "SOU01" in dict(narrowing(house.colleague).services)


def test_the_condition_of_a_query_the_search_and_the_look_at_one_say_the_same(house: House) -> None:
    ids = [[], [str(house.google.id)]]
    for sites, services, channels, unplaced in product(
        ([], ["NOR01"], ["NOR"]), ([], ["NOR01 outpatients", "Ward 3"], ["SOU01"]), ids, (False, True)
    ):
        some = Places.of(sites, services, channels, unplaced)
        house.ward.limited_to = some.to_json()
        db.session.flush()
        rows = db.session.scalars(select(Conversation)).all()
        one_by_one = {row.id for row in rows if places.sees(house.ward, row)}

        assert listed(house.ward) == one_by_one, some
        assert listed(house.ward, View(status="all", q="story")) == one_by_one, some
        assert {row.id for row in db.session.scalars(select(Conversation).where(*places.within(some)))} == one_by_one
