"""An item that has several ids at its site is one message here, whichever of them it was stored under."""

from sqlalchemy import select

from healthberry.core import rechecks, replies
from healthberry.extensions import db
from healthberry.models.conversations import Conversation, Message
from healthberry.models.owned import now
from tests.world import World


def _stored() -> list[tuple[str, str]]:
    found = db.session.execute(select(Message.remote_id, Message.text).order_by(Message.posted_at))
    return [(row.remote_id, row.text) for row in found]


def test_what_is_stored_under_a_later_version_is_followed_under_the_first(world: World) -> None:
    channel = world.channel(world.organisation(), "x")
    world.arrives(channel, world.item("Befor", remote_id="102", thread_id="102"))

    world.arrives(
        channel, world.item("After", remote_id="101", thread_id="101", aliases=("102", "103"), change="edited")
    )
    world.arrives(channel, world.item("Also this", remote_id="200", thread_id="101"))

    assert _stored() == [("101", "After"), ("200", "Also this")]
    assert db.session.scalars(select(Conversation.remote_thread_id)).all() == ["101"]


def test_a_second_copy_in_the_same_thread_goes(world: World) -> None:
    channel = world.channel(world.organisation(), "x")
    both = [world.item("Befor", remote_id="101", thread_id="7"), world.item("After", remote_id="102", thread_id="7")]
    world.arrives(channel, *both)

    world.arrives(channel, world.item("After", remote_id="101", thread_id="7", aliases=("102",), change="edited"))

    assert _stored() == [("101", "After")]


def test_a_second_copy_that_is_answered_stays(world: World) -> None:
    organisation = world.organisation()
    us, channel = world.member(organisation), world.channel(organisation, "x")
    world.arrives(channel, world.item("Befor", remote_id="101", thread_id="7"))
    world.arrives(channel, world.item("After", remote_id="102", thread_id="7"))
    conversation = db.session.scalars(select(Conversation)).one()
    replies.queue_reply(us, conversation.id, "Thank you.", conversation.version)
    db.session.commit()

    world.arrives(channel, world.item("After", remote_id="101", thread_id="7", aliases=("102",), change="edited"))

    assert {remote_id for remote_id, _ in _stored()} == {"101", "102"}


def test_a_look_that_finds_an_item_by_its_other_name_is_heeded(world: World) -> None:
    channel = world.channel(world.organisation(), "x")
    world.arrives(channel, world.item("Befor", remote_id="102", thread_id="102"))

    found = world.item("After", remote_id="101", thread_id="101", aliases=("102",), change="edited")
    rechecks.store(channel, ["102"], [found])
    db.session.commit()

    assert _stored() == [("101", "After")]
    assert all(at is not None and at > now() for at in db.session.scalars(select(Message.recheck_at)))


def test_what_the_organisation_had_announced_before_is_no_reply(world: World) -> None:
    channel = world.channel(world.organisation(), "x")
    asked = world.item("When do you open?", thread_id="7")
    news = world.item("Flu clinics are open", thread_id="7", direction="outbound", source={"context": True})

    world.arrives(channel, news, asked)

    conversation = db.session.scalars(select(Conversation).execution_options(populate_existing=True)).one()
    assert (conversation.replied, conversation.first_words) == (False, "When do you open?")
