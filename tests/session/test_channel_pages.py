"""Channels: their cards, switching them, and the way to a provider's sign-in and back."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from healthberry.connectors.base import Discovery, Listing, Page
from healthberry.core import channels, discovery, erasing, reading, scope
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from healthberry.settings import Settings
from tests.world import World


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The settings of an installation that may sign in with X; nothing listens there."""
    return replace(
        settings, x_client_id="client", x_client_secret="secret-of-the-client", sandbox_url="http://127.0.0.1:9"
    )


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


def again(channel: Channel) -> Channel:
    """Read the channel again."""
    scope.enter(channel.organisation_id)
    db.session.expire_all()
    return db.session.get_one(Channel, (channel.organisation_id, channel.id))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"backfill_state": "waiting", "amount": "about 40 reviews"}, ["Waiting", "About 40 reviews. Waiting"]),
        ({"backfill_state": "running", "items_loaded": 1204, "items_total": 2900}, ["1,204 of 2,900", 'max="2900"']),
        ({"backfill_state": "running", "items_loaded": 77}, ["77 so far"]),
        ({"backfill_state": "done", "items_loaded": 412, "backfill_finished_at": now()}, ["412 here", "All loaded"]),
        ({"backfill_state": "done", "items_loaded": 0}, ["Nothing yet", "There is no"]),
        ({"state": "failing", "trouble": "X refused the key."}, ["Needs somebody", "X refused the key."]),
        ({"state": "off"}, ["Off", "Nothing new is read", "Switch on"]),
    ],
)
def test_a_card_says_what_is_going_on(
    client: FlaskClient,
    world: World,
    organisation: Organisation,
    admin: Member,
    fields: dict[str, object],
    words: list[str],
) -> None:
    world.channel(organisation, "nhsuk", **fields)
    scope.leave()

    page = client.get("/channels").text

    assert [one for one in words if one not in page] == []


def test_while_channels_are_looked_for_the_list_asks_again_and_then_stops(
    client: FlaskClient, world: World, organisation: Organisation, admin: Member
) -> None:
    organisation.discover_next_at = now()
    db.session.commit()
    scope.leave()
    assert "Looking for your channels" in client.get("/welcome").text
    assert "every 1s" in client.get("/channels/found").text

    scope.enter(organisation.id)
    discovery.end_look(organisation.id, ["The website cedar.nhs.uk names no account on X."])
    db.session.commit()
    scope.leave()
    part = client.get("/channels/found").text
    assert "every 1s" not in part
    assert "names no account on X" in part


def test_switching_off_and_on_by_form_and_by_htmx(client: FlaskClient, admin: Member, channel: Channel) -> None:
    scope.leave()

    answer = client.post(f"/channels/{channel.id}/off")
    assert answer.headers["Location"] == f"/channels#channel-{channel.id}"
    assert again(channel).state == "off"

    scope.leave()
    part = client.post(f"/channels/{channel.id}/on", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert part.text.lstrip().startswith("{#") is False
    assert f'id="channel-{channel.id}"' in part.text
    assert "<html" not in part.text
    assert again(channel).state == "active"


def begin(client: FlaskClient, channel: Channel, wanted: str = "") -> dict[str, str]:
    """Press "Connect", and return what the provider is told."""
    answer = client.post(f"/channels/{channel.id}/connect", data={"next": wanted})
    assert answer.status_code == 303
    assert "form-action 'self' http://127.0.0.1:9" in answer.headers["Content-Security-Policy"]
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def test_connecting_gives_the_provider_a_fresh_state_and_keeps_the_verifier(
    client: FlaskClient, admin: Member, channel: Channel
) -> None:
    scope.leave()

    first, second = begin(client, channel), begin(client, channel)

    assert first["state"] != second["state"]
    assert first["redirect_uri"] == "http://localhost/channels/x/callback"
    assert first["code_challenge_method"] == "S256"
    with client.session_transaction() as session:
        assert session["connecting"]["verifier"] not in str(first) + str(second)


@pytest.mark.parametrize("state", ["", "wrong", "é"])
def test_an_answer_with_another_state_links_nothing(
    client: FlaskClient, admin: Member, channel: Channel, state: str
) -> None:
    scope.leave()
    begin(client, channel)

    answer = client.get("/channels/x/callback", query_string={"code": "abc", "state": state})

    assert answer.status_code == 409
    assert "started too long ago" in answer.text
    assert again(channel).sealed_secrets is None


def test_an_answer_counts_once_and_only_for_who_asked(
    client: FlaskClient, world: World, organisation: Organisation, admin: Member, channel: Channel
) -> None:
    scope.leave()
    state = begin(client, channel)["state"]
    declined = {"error": "access_denied", "state": state}
    assert "done=declined" in client.get("/channels/x/callback", query_string=declined).headers["Location"]
    assert client.get("/channels/x/callback", query_string=declined).status_code == 409

    state = begin(client, channel)["state"]
    colleague = world.member(organisation)
    world.signed_in(client, colleague)
    scope.leave()
    assert client.get("/channels/x/callback", query_string={"error": "no", "state": state}).status_code == 403


def test_after_a_refusal_one_is_back_where_one_came_from_on_this_site_only(
    client: FlaskClient, admin: Member, channel: Channel
) -> None:
    for wanted, leads_to in (("/conversations/1#reply", "/conversations/1#reply"), ("//evil.example", "/channels?")):
        scope.leave()
        state = begin(client, channel, wanted)["state"]
        answer = client.get("/channels/x/callback", query_string={"error": "access_denied", "state": state})
        assert answer.headers["Location"].startswith(leads_to)


def test_a_provider_that_does_not_answer_is_said_and_nothing_is_linked(
    client: FlaskClient, admin: Member, channel: Channel
) -> None:
    scope.leave()
    state = begin(client, channel)["state"]

    answer = client.get("/channels/x/callback", query_string={"code": "abc", "state": state})

    assert answer.status_code == 409
    assert "said--trouble" in answer.text
    assert again(channel).sealed_secrets is None


def test_only_administrators_connect(
    client: FlaskClient, world: World, organisation: Organisation, channel: Channel
) -> None:
    world.signed_in(client, world.member(organisation, role="responder"))
    scope.leave()

    assert client.get(f"/channels/{channel.id}/connect").status_code == 403
    assert client.post(f"/channels/{channel.id}/connect").status_code == 403
    assert "Connect to publish" not in client.get("/channels").text


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
    assert erasing.erase_part(*where) is False
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
    world.arrives(channel, *[world.item(f"Number {number}.") for number in range(7)])
    world.arrives(other, world.item("I stay."))

    assert unlinks(client, channel_id, "erased") == 303
    assert client.post(f"/channels/{channel_id}/on").status_code == 409
    scope.enter(organisation_id)
    parts = 1
    while erasing.erase_part(*where):
        db.session.commit()
        parts += 1
    db.session.commit()

    assert parts > 1
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
    channels.unlink(admin, channel_id, erase=False)
    db.session.commit()

    assert reading.store_poll(reader, Page([world.item("Too late.")], "after", more=False)).messages == 0
    reading.store_backfill(reader, Page([world.item("Too late as well.")], "after", more=False))
    db.session.commit()

    assert conversations_of(*where) == 0
