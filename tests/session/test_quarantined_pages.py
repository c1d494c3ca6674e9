"""What could not be read: on the channel's card, on its page, and in the operator's list."""

import pytest
from flask.testing import FlaskClient

from healthberry.connectors.base import BadItem
from healthberry.core import operator, quarantine, scope
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.organisations import Organisation
from tests.world import World


@pytest.fixture
def organisation(world: World) -> Organisation:
    """Return an organisation without people."""
    return world.organisation(name="Cedar Surgery")


@pytest.fixture
def channel(world: World, organisation: Organisation) -> Channel:
    """Return a channel that sent two pieces that could not be read."""
    made = world.channel(organisation, "careopinion")
    quarantine.keep(made, [BadItem('{"body": "<script>My hip</script>"}', "It is not a story with an id.")])
    quarantine.keep(made, [BadItem("y" * 30_000, "It is larger than our database takes.", "77")])
    db.session.commit()
    return made


def test_the_card_says_how_many_pieces_could_not_be_read_and_leads_to_them(
    client: FlaskClient, world: World, organisation: Organisation, channel: Channel
) -> None:
    world.channel(organisation, "nhsuk")
    world.signed_in(client, world.member(organisation))
    scope.leave()

    page = client.get("/channels").text

    assert page.count("could not be read") == 1
    assert "2 pieces could not be read" in page
    assert f'href="/channels/{channel.id}/quarantined"' in page


def test_who_manages_sees_the_pieces_escaped_and_cut(
    client: FlaskClient, world: World, organisation: Organisation, channel: Channel
) -> None:
    world.signed_in(client, world.member(organisation))
    scope.leave()

    page = client.get(f"/channels/{channel.id}/quarantined").text

    assert page.index("It is larger than our database takes.") < page.index("It is not a story with an id.")
    assert "&lt;script&gt;My hip" in page
    assert "<script>My hip" not in page
    assert page.count("y" * 2_000) == 1
    assert "y" * 2_001 not in page


@pytest.mark.parametrize("fields", [{"role": "responder"}, {"role": "viewer"}, {"level": 1}])
def test_others_see_when_and_why_but_not_the_pieces(
    client: FlaskClient, world: World, organisation: Organisation, channel: Channel, fields: dict[str, object]
) -> None:
    world.signed_in(client, world.member(organisation, **fields))
    scope.leave()

    page = client.get(f"/channels/{channel.id}/quarantined").text

    assert "It is not a story with an id." in page
    assert "My hip" not in page
    assert "yyy" not in page


def test_a_channel_of_which_everything_could_be_read_says_so(
    client: FlaskClient, world: World, organisation: Organisation
) -> None:
    channel = world.channel(organisation)
    world.signed_in(client, world.member(organisation))
    scope.leave()

    assert "Everything could be read" in client.get(f"/channels/{channel.id}/quarantined").text


def test_only_the_newest_of_many_are_shown(
    client: FlaskClient, world: World, organisation: Organisation, channel: Channel
) -> None:
    quarantine.keep(channel, [BadItem(f"piece {number}", "It has no text.") for number in range(quarantine.SHOWN)])
    db.session.commit()
    world.signed_in(client, world.member(organisation))
    scope.leave()

    page = client.get(f"/channels/{channel.id}/quarantined").text

    assert page.count('class="piece"') == quarantine.SHOWN
    assert "The newest 100 of 102 are shown" in page


def test_the_operator_sees_ids_kind_and_reason_of_all_organisations_and_no_words(
    world: World, organisation: Organisation, channel: Channel
) -> None:
    elsewhere = world.organisation()
    other = world.channel(elsewhere, "x")
    quarantine.keep(other, [BadItem("Very private words", "It does not say when it was posted.")])
    db.session.commit()

    lines = operator.quarantined()

    assert len(lines) == 3
    assert all(len(line.splitlines()) == 1 for line in lines)
    assert f"{organisation.id}  {channel.id}  careopinion  It is not a story with an id." in lines[0]
    assert f"{elsewhere.id}  {other.id}  x  It does not say when it was posted." in lines[2]
    assert "private" not in " ".join(lines)
    assert "hip" not in " ".join(lines)
