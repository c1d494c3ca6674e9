"""What could not be read is tried again by each new version, warns after a day, and stops when people say so."""

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from healthberry.connectors.base import BadItem, InboundItem, Page
from healthberry.connectors.errors import Rejected, Unavailable
from healthberry.core import events, ingest, quarantine, sweep, unread, walks, warnings
from healthberry.core.errors import NotAllowed
from healthberry.extensions import db
from healthberry.jobs import walks as jobs
from healthberry.models.channels import Channel, QuarantinedItem
from healthberry.models.conversations import Message
from healthberry.models.organisations import Organisation
from healthberry.models.owned import now
from tests.pushed import Pushed, item, use
from tests.world import World

OLD = "0.0.1"


class Reading(Pushed):
    """Can be asked by name, and walked through."""

    def __init__(self) -> None:
        super().__init__(poll_seconds=60)
        self.answers: list[InboundItem] | Exception = []
        self.named: list[str] = []

    def recheck(self, access: object, remote_ids: Sequence[str]) -> list[InboundItem]:
        """Return what the test says."""
        self.named += remote_ids
        if isinstance(self.answers, Exception):
            raise self.answers
        return self.answers


@pytest.fixture
def source(app: Flask) -> Reading:
    """A source that the test speaks for."""
    made = Reading()
    use(app, made)
    return made


@pytest.fixture
def channel(world: World, source: Reading) -> Channel:
    """Return a channel of it."""
    return world.channel(world.organisation(), "pushed", last_success_at=now())


def upgraded() -> None:
    """Let what lies there have been tried by an older version only."""
    db.session.execute(update(QuarantinedItem).values(tried_with=OLD))
    db.session.commit()


def due(channel: Channel) -> bool:
    return ("unread", str(channel.id)) in {(one.kind, one.id) for one in sweep.due_work()}


def try_again(channel: Channel) -> None:
    """Try what is due, as a worker does."""
    jobs.read_quarantined(str(channel.organisation_id), str(channel.id))
    db.session.refresh(channel)


def left() -> list[str]:
    return list(db.session.scalars(select(QuarantinedItem.raw).order_by(QuarantinedItem.raw)))


def stored() -> list[str]:
    return sorted(db.session.scalars(select(Message.remote_id)))


def test_a_new_version_reads_what_was_sent_from_what_was_kept_once(channel: Channel, source: Reading) -> None:
    quarantine.keep(channel, [BadItem(json.dumps({"id": "a"}), "It has no text.")], is_delivery=True)
    db.session.commit()
    assert not due(channel), "this version has tried it"

    upgraded()
    assert due(channel)
    try_again(channel)

    assert stored() == ["a"]
    assert left() == []
    assert channel.items_quarantined == 0
    assert not due(channel)


def test_what_still_cannot_be_read_stays_and_is_not_tried_again_by_this_version(
    channel: Channel, source: Reading
) -> None:
    def refuse(body: str) -> Page:
        raise Rejected("It is in no language we know.")

    source.reads = refuse
    quarantine.keep(channel, [BadItem("{}", "It has no text.")], is_delivery=True)
    upgraded()

    try_again(channel)

    assert left() == ["{}"]
    assert channel.items_quarantined == 1
    assert not due(channel)


def test_a_piece_with_a_name_is_asked_for_by_it(channel: Channel, source: Reading) -> None:
    quarantine.keep(channel, [BadItem("<bad>", "It has no date.", "r1"), BadItem("<worse>", "It has no date.", "r2")])
    upgraded()
    source.answers = [item({"id": "r1", "change": "edited"})]

    try_again(channel)

    assert sorted(source.named) == ["r1", "r2"]
    assert stored() == ["r1"]
    assert left() == ["<worse>"]
    assert not due(channel)


def test_while_its_source_is_away_a_piece_waits_and_is_tried_later_by_the_same_version(
    channel: Channel, source: Reading
) -> None:
    quarantine.keep(channel, [BadItem("<bad>", "It has no date.", "r1")])
    upgraded()
    source.answers = Unavailable("It is away.")

    try_again(channel)

    assert not due(channel), "not at once"
    db.session.execute(update(QuarantinedItem).values(tried_at=now() - unread.PAUSE * 2))
    db.session.commit()
    assert due(channel)


def test_a_piece_without_a_name_has_the_channel_walked_through_once_more(channel: Channel, source: Reading) -> None:
    quarantine.keep(channel, [BadItem("<bad>", "It has no id.")])
    upgraded()
    try_again(channel)
    walk = walks.of(channel)
    assert walk is not None
    assert walk.reason == walks.UNREAD
    assert left() == ["<bad>"]

    jobs.walk(str(channel.organisation_id), str(channel.id))

    db.session.refresh(channel)
    assert left() == [], "its source does not serve it in this form any more"
    assert channel.items_quarantined == 0


def test_what_comes_again_in_a_form_that_can_be_read_waits_no_more(channel: Channel) -> None:
    quarantine.keep(channel, [BadItem("<bad>", "It has no date.", "r1"), BadItem("<other>", "It has no date.", "r2")])
    db.session.commit()

    ingest.store_page(channel, [item({"id": "r1"})], backfill=False)
    db.session.commit()

    assert left() == ["<other>"]
    assert channel.items_quarantined == 1


def test_a_piece_warns_once_it_is_a_day_old_until_somebody_has_dealt_with_it(channel: Channel, world: World) -> None:
    quarantine.keep(channel, [BadItem("<bad>", "It has no id."), BadItem("<worse>", "It has no id.")])
    db.session.commit()

    def neglected(hours: int) -> list[int]:
        found = warnings.of_organisation(channel.organisation_id, clock=now() + timedelta(hours=hours))
        return [one.count for one in found.neglected]

    assert neglected(23) == []
    assert neglected(25) == [2]

    organisation = db.session.get_one(Organisation, channel.organisation_id)
    viewer, admin = world.member(organisation, role="responder"), world.member(organisation)
    with pytest.raises(NotAllowed):
        unread.handle(viewer, channel.id)
    unread.handle(admin, channel.id)
    events.commit()

    assert neglected(25) == []
    assert len(left()) == 2, "they stay"


def test_people_may_have_them_tried_again_without_an_upgrade(channel: Channel, world: World) -> None:
    quarantine.keep(channel, [BadItem(json.dumps({"id": "a"}), "It has no text.")], is_delivery=True)
    db.session.commit()

    organisation = db.session.get_one(Organisation, channel.organisation_id)
    unread.want(world.member(organisation), channel.id)
    db.session.commit()

    assert due(channel)
