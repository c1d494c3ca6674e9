"""Unlinking a channel: the question, what stays, what goes, and what comes too late."""

from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from healthberry.connectors.base import Authorisation, Discovery, Listing, Page
from healthberry.core import answering, channels, reading, rechecks, scope, unlinking
from healthberry.core.errors import Conflict
from healthberry.extensions import db
from healthberry.jobs import tokens
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member, Organisation
from healthberry.models.replies import Draft, Reply
from tests.world import World


@pytest.fixture
def organisation(world: World) -> Organisation:
    """Return an organisation without people."""
    return world.organisation(name="Cedar Surgery")


@pytest.fixture
def admin(world: World, organisation: Organisation, client: FlaskClient) -> Member:
    """Return its administrator, signed in."""
    member = world.member(organisation)
    world.signed_in(client, member)
    return member


@pytest.fixture
def channel(world: World, organisation: Organisation) -> Channel:
    """Return its handle on X."""
    return world.channel(organisation, "x", label="@cedar", remote_id="1")


def unlinks(client: FlaskClient, channel_id: UUID, keep: str) -> int:
    """Unlink by the form; return the status."""
    return client.post(f"/channels/{channel_id}/unlink", data={"keep": keep}).status_code


def conversations_of(organisation_id: UUID, channel_id: UUID) -> int:
    """Count what the channel brought."""
    scope.enter(organisation_id)
    return len(db.session.scalars(db.select(Conversation.id).filter_by(channel_id=channel_id)).all())


def state_of(organisation_id: UUID, channel_id: UUID) -> tuple[str, int, bool]:
    """Return state, items loaded, and whether anything is left to erase."""
    scope.enter(organisation_id)
    channel = db.session.get_one(Channel, (organisation_id, channel_id), populate_existing=True)
    return channel.state, channel.items_loaded, channel.erase_at is not None


def test_an_unlinked_channel_keeps_what_it_brought_and_can_be_linked_again(
    client: FlaskClient, admin: Member, channel: Channel, world: World
) -> None:
    where = organisation_id, channel_id = channel.organisation_id, channel.id
    found = Listing(channel.kind, "another-id", channel.label, channel.url, {})
    world.arrives(channel, world.item("They were kind."))

    assert unlinks(client, channel_id, "kept") == 303

    page = client.get("/channels").get_data(as_text=True)
    assert f'id="channel-{channel_id}"' not in page
    assert "Link again" in page
    assert state_of(*where)[0] == "unlinked"
    assert unlinking.erase_part(*where) is False
    assert conversations_of(*where) == 1
    assert channels.link_found(organisation_id, Discovery([found])) == []
    client.post(f"/channels/{channel_id}/on")
    assert state_of(*where)[0] == "active"


def test_an_erased_channel_leaves_nothing_and_its_neighbours_everything(
    client: FlaskClient, admin: Member, organisation: Organisation, channel: Channel, world: World
) -> None:
    where = organisation_id, channel_id = channel.organisation_id, channel.id
    other = world.channel(organisation, "nhsuk")
    beside = organisation_id, other.id
    world.arrives(channel, *[world.item(f"Number {number}.") for number in range(501)])
    world.arrives(other, world.item("I stay."))

    assert unlinks(client, channel_id, "erased") == 303
    assert client.post(f"/channels/{channel_id}/on").status_code == 409
    scope.enter(organisation_id)
    parts = 1
    while unlinking.erase_part(*where):
        db.session.commit()
        parts += 1
    db.session.commit()

    assert parts == 3, "501 conversations are two parts, and a last look finds none"
    assert state_of(*where) == ("unlinked", 0, False)
    assert (conversations_of(*where), conversations_of(*beside)) == (0, 1)


def test_unlinking_asks_first_and_only_who_manages_channels(
    client: FlaskClient, admin: Member, organisation: Organisation, channel: Channel, world: World
) -> None:
    where = organisation_id, channel_id = channel.organisation_id, channel.id
    colleague = world.member(organisation, role="responder")
    stranger = world.member(world.organisation())
    assert "Erase it" in client.get(f"/channels/{channel_id}/unlink").get_data(as_text=True)
    assert unlinks(client, channel_id, "") == 422

    scope.enter(organisation_id)
    world.signed_in(client, db.session.merge(colleague, load=False))
    assert client.get(f"/channels/{channel_id}/unlink").status_code == 403
    assert unlinks(client, channel_id, "erased") == 403

    scope.enter(organisation_id)
    world.signed_in(client, db.session.merge(stranger, load=False))
    assert unlinks(client, channel_id, "erased") == 404
    assert state_of(*where)[0] == "active"


def test_what_a_provider_answers_after_the_unlinking_is_not_stored(
    admin: Member, channel: Channel, world: World, context: Flask
) -> None:
    where = organisation_id, channel_id = channel.organisation_id, channel.id
    scope.enter(organisation_id)
    reader = reading.claim_poll(organisation_id, channel_id)
    db.session.commit()
    assert reader is not None
    unlinking.unlink(admin, channel_id, erase=False)
    db.session.commit()

    assert reading.store_poll(reader, Page([world.item("Too late.")], "after", more=False)).messages == 0
    reading.store_backfill(reader, Page([world.item("Too late as well.")], "after", more=False))
    db.session.commit()

    assert conversations_of(*where) == 0


def test_what_a_look_for_edits_brings_after_the_unlinking_is_not_stored(
    admin: Member, channel: Channel, world: World
) -> None:
    where = channel.organisation_id, channel.id
    item = world.item("They were kind.")
    world.arrives(channel, item)
    unlinking.unlink(admin, where[1], erase=True)
    while unlinking.erase_part(*where):
        db.session.commit()
    db.session.commit()

    rechecks.store(channels.find(*where), [item.remote_id], [item])
    db.session.commit()

    assert conversations_of(*where) == 0


def test_tokens_that_come_after_the_unlinking_are_not_kept(
    app: Flask, admin: Member, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    organisation_id, channel_id = channel.organisation_id, channel.id
    channel.sealed_secrets = app.extensions["vault"].seal({"refresh_token": "old"})
    db.session.commit()

    def unlinks_meanwhile(access: object) -> Authorisation:
        unlinking.unlink(admin, channel_id, erase=False)
        db.session.commit()
        return Authorisation({"access_token": "new"}, None, "1", "@cedar")

    monkeypatch.setattr(app.extensions["connectors"].get("x"), "refresh", unlinks_meanwhile)

    assert tokens.renew(organisation_id, channel_id) == "no"
    kept = channels.find(organisation_id, channel_id).sealed_secrets
    assert app.extensions["vault"].open(kept) == {"refresh_token": "old"}, "kept until it is given back"


def test_signing_in_does_not_link_again_what_was_unlinked_meanwhile(admin: Member, channel: Channel) -> None:
    channel_id = channel.id
    unlinking.unlink(admin, channel_id, erase=True)
    with pytest.raises(Conflict, match="was unlinked"):
        channels.connect(admin, channel_id, Authorisation({"access_token": "new"}, None, "1", "@cedar"))


@pytest.mark.parametrize("state", ["queued", "sending", "unknown"])
def test_a_reply_on_its_way_is_waited_for(
    client: FlaskClient, admin: Member, channel: Channel, world: World, state: str
) -> None:
    where = channel.organisation_id, channel.id
    written(world, admin, channel, state)

    assert unlinks(client, where[1], "erased") == 409
    assert state_of(*where)[0] == "active"


def test_a_reply_that_was_to_be_seen_on_the_site_is_given_back(
    client: FlaskClient, admin: Member, channel: Channel, world: World
) -> None:
    organisation_id, channel_id = channel.organisation_id, channel.id
    reply_id = written(world, admin, channel, "copied")

    assert unlinks(client, channel_id, "kept") == 303

    scope.enter(organisation_id)
    reply = db.session.get_one(Reply, (organisation_id, reply_id), populate_existing=True)
    assert reply.state == "failed"
    assert "unlinked" in reply.reason
    assert [draft.text for draft in db.session.scalars(db.select(Draft))] == ["Thank you."]


def written(world: World, member: Member, channel: Channel, state: str) -> UUID:
    """Write a reply to something new; return its id."""
    (conversation_id,) = world.arrives(channel, world.item("They were kind."))
    target = answering.target_of(channel.organisation_id, conversation_id)
    assert target is not None
    reply = Reply(
        organisation_id=channel.organisation_id,
        conversation_id=conversation_id,
        target_id=target.id,
        member_id=member.id,
        member_name=member.name,
        mode="api",
        key="key",
        text="Thank you.",
        state=state,
    )
    db.session.add(reply)
    db.session.commit()
    return reply.id
