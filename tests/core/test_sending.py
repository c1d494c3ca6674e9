"""What a worker takes to send, and what it leaves."""

from healthberry.core import claims, disputes, events, replies, sending
from healthberry.extensions import db
from healthberry.models.replies import Draft
from tests.world import World


def test_what_somebody_wrote_who_is_disputed_now_does_not_go_out_and_comes_back_as_a_draft(world: World) -> None:
    organisation = world.organisation()
    priya = world.member(organisation, role="administrator", level=2)
    sam = world.member(organisation, role="administrator", level=1)
    asked = world.item(source={"email": "wren@example.org"})
    (conversation_id,) = world.arrives(world.channel(organisation, "careconnect"), asked)
    reply = replies.queue_reply(priya, conversation_id, "Thank you, we will pass it on.", 1)
    claims.of_member(sam).refused_by = priya.id
    disputes.object_to(sam)
    events.commit()
    assert reply.state == "queued"

    assert sending.claim(organisation.id, reply.id) is None
    events.commit()

    assert (reply.state, reply.attempts) == ("failed", 0)
    assert "questioned" in reply.reason
    draft = db.session.scalars(db.select(Draft).filter_by(organisation_id=organisation.id, member_id=priya.id)).one()
    assert draft.text == "Thank you, we will pass it on."
