"""What a team is told, given and may write: only what is about its places."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from healthberry.core import (
    alerts,
    conversations,
    copies_by_hand,
    grants,
    noise,
    noise_lessons,
    outbox,
    thread,
    writing_down,
)
from healthberry.core.errors import Invalid, NotAllowed, NotFound
from healthberry.extensions import db
from healthberry.models.replies import OutboxMail
from tests.core.teams_house import House, listed
from tests.world import World


def test_alerts_go_to_those_who_see_it_one_by_one_and_together(world: World, house: House) -> None:
    db.session.execute(db.delete(OutboxMail))
    house.team()
    (near,) = world.arrives(house.channel, world.item("Near", service_code="NOR01", service_name="North Hospital"))
    (far,) = world.arrives(house.channel, world.item("Far", service_code="SOU01", service_name="South Hospital"))

    def told(conversation_id: UUID) -> set[UUID]:
        of_it = select(OutboxMail.member_id).where(OutboxMail.conversation_id == conversation_id)
        return set(db.session.scalars(of_it))

    assert told(near) == {house.admin.id, house.ward.id, house.colleague.id}
    assert told(far) == {house.admin.id, house.colleague.id}

    items = [world.item(f"Far {n}", service_code="SOU01", service_name="South Hospital") for n in range(25)]
    world.arrives(house.channel, *items)
    many = select(OutboxMail).where(OutboxMail.kind == alerts.MANY)
    assert house.ward.id not in {mail.member_id for mail in db.session.scalars(many)}
    mixed = [world.item(f"Mixed {n}", service_code=("NOR01", "SOU01")[n % 2]) for n in range(24)]
    world.arrives(house.channel, *mixed)
    mine = db.session.scalars(many.where(OutboxMail.member_id == house.ward.id)).one()
    loaded = alerts.load(_claimed(mine))
    assert {one.service_code for one in loaded.conversations} == {"NOR01"}
    assert len(loaded.conversations) == 12


def test_an_alert_that_waits_is_not_sent_once_its_team_no_longer_sees_it(world: World, house: House) -> None:
    mail = db.session.scalars(
        select(OutboxMail).where(OutboxMail.member_id == house.ward.id, OutboxMail.conversation_id == house.south)
    ).one()
    house.team()

    with pytest.raises(alerts.NotNeeded, match="their team"):
        alerts.load(_claimed(mail))


def _claimed(mail: OutboxMail) -> outbox.Claimed:
    claimed = outbox.claim(mail.organisation_id, mail.id)
    assert claimed
    return claimed


def test_nobody_is_given_what_their_team_does_not_see(house: House) -> None:
    house.team()

    page = thread.open_conversation(house.admin, house.south)
    assert house.ward.id not in {one.id for one in page.colleagues}
    assert house.ward.id in {one.id for one in thread.open_conversation(house.admin, house.north).colleagues}
    with pytest.raises(Invalid, match="their team"):
        conversations.assign(house.admin, house.south, house.ward.id)
    with pytest.raises(Invalid, match="Their team"):
        grants.give(house.admin, house.ward.id, house.south)


def test_filters_of_a_whole_channel_are_for_those_who_see_all_of_it(house: House) -> None:
    house.team()
    rule = uuid4()

    acts: list[Callable[[], object]] = [
        lambda: noise.listed(house.ward, house.channel.id),
        lambda: noise.add(house.ward, house.channel.id, "must_not", ["museum"]),
        lambda: noise.remove(house.ward, house.channel.id, rule),
        lambda: noise.block(house.ward, house.north),
        lambda: noise_lessons.suggestions(house.ward, house.channel.id),
        lambda: noise_lessons.refuse(house.ward, house.channel.id, "museum"),
    ]
    for act in acts:
        with pytest.raises(NotAllowed, match="ask an administrator"):
            act()
    assert not thread.open_conversation(house.ward, house.north).may_block

    house.team(name="Google", sites=[], channels=[str(house.google.id)])
    assert noise.add(house.ward, house.google.id, "must_not", ["museum"]) == 1


def test_what_is_written_down_is_about_a_place_of_ones_team(world: World, house: House) -> None:
    paper = world.channel(house.organisation, "paper", remote_id="paper")
    given = {"said": "They were kind.", "how": "phone", "key": str(uuid4()), "ward": "Ward 9"}
    theirs = writing_down.write_down(house.colleague, paper.id, given)
    db.session.commit()
    house.team(sites=[], services=["Ward 3"])

    with pytest.raises(Invalid, match="your team"):
        writing_down.write_down(house.ward, paper.id, {**given, "key": str(uuid4())})
    made = writing_down.write_down(house.ward, paper.id, {**given, "key": str(uuid4()), "ward": "Ward 3"})
    assert made in listed(house.ward)
    assert writing_down.written(house.ward, paper, theirs) is None
    with pytest.raises(NotFound):
        writing_down.take_back(house.ward, paper.id, theirs)


def test_copies_on_other_sites_are_named_only_where_they_are_seen(house: House) -> None:
    copies_by_hand.join(house.admin, house.north, house.mapped)
    assert [one.id for one in thread.open_conversation(house.admin, house.north).elsewhere] == [house.mapped]
    house.team()

    assert thread.open_conversation(house.ward, house.north).elsewhere == []
