"""Who proved a mailbox and no more sees only what was published: nothing that anybody wrote in private."""

from uuid import UUID

import pytest
from sqlalchemy import select

from healthberry.core import conversations, events, inbox, places
from healthberry.core.errors import NotFound
from healthberry.core.inbox import View
from healthberry.core.narrowing import narrowing
from healthberry.extensions import db
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member
from healthberry.models.replies import OutboxMail
from tests.world import World


def listed(member: Member, view: View) -> set[UUID]:
    return {row.id for row in inbox.list_conversations(member, view).rows}


def test_at_level_one_nothing_written_in_private_is_listed_found_opened_or_mailed(world: World) -> None:
    organisation = world.organisation()
    newcomer, colleague = (world.member(organisation, level=level, wants_alerts=True) for level in (1, 2))
    nhsuk, page = world.channel(organisation), world.channel(organisation, "facebook")
    box = world.channel(organisation, "careconnect")
    (public,) = world.arrives(nhsuk, world.item("The ward was kind."))
    (letter,) = world.arrives(box, world.item("The ward lost my ring.", service_code="T9"))
    (message,) = world.arrives(page, world.item("The ward has my number.", source={"private": True}))
    events.commit()

    for view in (View(), View(status="all", q="ward"), View(status="all")):
        assert listed(newcomer, view) == {public}
        assert listed(colleague, view) == {public, letter, message}
    for hidden in (letter, message):
        with pytest.raises(NotFound):
            conversations.find(newcomer, hidden)
        assert not places.sees(newcomer, db.session.get_one(Conversation, (organisation.id, hidden)))
        assert inbox.neighbours(newcomer, View(), hidden) == (None, None)
    assert inbox.neighbours(newcomer, View(), public) == (None, None)
    assert (narrowing(newcomer).services, narrowing(colleague).services) == ([], [("T9", "T9")])
    mailed = select(OutboxMail.conversation_id).where(OutboxMail.organisation_id == organisation.id)
    assert set(db.session.scalars(mailed.where(OutboxMail.member_id == newcomer.id))) == {public}
    assert set(db.session.scalars(mailed.where(OutboxMail.member_id == colleague.id))) == {public, letter, message}


def test_pages_of_somebody_who_falls_back_to_level_one_are_drawn_anew_and_of_who_rises_are_not(world: World) -> None:
    organisation = world.organisation()
    newcomer, colleague = (world.member(organisation, level=level) for level in (1, 2))

    assert places.is_limited_anew(colleague, newcomer)
    assert not places.is_limited_anew(newcomer, colleague)
    assert not places.is_limited_anew(newcomer, newcomer)
