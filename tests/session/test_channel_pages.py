"""Channels: their cards, switching them, and the way to a provider's sign-in and back."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from healthberry.core import discovery, paid_reads, pending_links, scope
from healthberry.extensions import db
from healthberry.models.channels import Channel
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
    ("kind", "says"),
    [
        ("fft", "Upload a file to begin."),
        ("google_plus", "Upload a file to begin."),
        ("paper", "Write down the first one."),
        ("webhook", "There is no message yet. A new one appears in the inbox by itself."),
    ],
)
def test_a_card_without_anything_yet_says_how_it_begins(
    client: FlaskClient, admin: Member, organisation: Organisation, world: World, kind: str, says: str
) -> None:
    world.channel(organisation, kind, remote_id=kind)

    assert says in client.get("/channels").get_data(as_text=True)


def test_mails_are_sent_as_an_address_and_posts_published_as_an_account(
    client: FlaskClient, admin: Member, organisation: Organisation, world: World
) -> None:
    world.channel(organisation, "email", remote_id="pals", account="pals@cedar.example")
    world.channel(organisation, "facebook", remote_id="1", account="Cedar")
    page = client.get("/channels").get_data(as_text=True)

    assert "Replies are sent as <bdi>pals@cedar.example</bdi>." in page
    assert "Replies are published as <bdi>Cedar</bdi>." in page


def test_a_channel_that_does_not_let_us_in_does_not_say_that_replies_are_published(
    client: FlaskClient, admin: Member, organisation: Organisation, world: World
) -> None:
    world.channel(organisation, "x", remote_id="1", account="cedar", state="failing", trouble="X refused our token.")
    page = client.get("/channels").get_data(as_text=True)

    assert "X refused our token." in page
    assert "Replies are published" not in page


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
    scope.enter(channel.organisation_id)
    for told in (first, second):
        assert pending_links.look_up(admin, "x", told["state"]).verifier not in str(first) + str(second)


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


def test_a_channel_that_costs_something_says_how_much_was_read(
    world: World, organisation: Organisation, admin: Member, channel: Channel, client: FlaskClient
) -> None:
    paid_reads.count("x", [str(number) for number in range(1234)])
    db.session.commit()
    page = client.get(f"/channels/{channel.id}").get_data(as_text=True)
    assert "Read from X" in page
    assert "1,234 posts in" in page
    other = world.channel(organisation, "careopinion")
    assert "Read from" not in client.get(f"/channels/{other.id}").get_data(as_text=True)
