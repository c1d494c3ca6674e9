"""The pages of what the ordinary list does not show: copies of one story, and noise."""

from uuid import UUID

import pytest
from flask.testing import FlaskClient

from healthberry.core import conversations, noise
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member, Organisation
from tests.world import World

STORY = "I waited two hours for a blood test and nobody told us why, but the nurse who came could not have been kinder."


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
def opinion(world: World, organisation: Organisation) -> Channel:
    return world.channel(organisation, "careopinion")


@pytest.fixture
def nhsuk(world: World, organisation: Organisation) -> Channel:
    return world.channel(organisation, "nhsuk")


@pytest.fixture
def both(world: World, admin: Member, opinion: Channel, nhsuk: Channel) -> tuple[UUID, UUID]:
    """Return a story that is shown, and its copy."""
    (story,) = world.arrives(opinion, world.item(STORY, title="Blood test"))
    (copy,) = world.arrives(nhsuk, world.item(STORY, title="Blood test"))
    return story, copy


def test_a_story_on_two_sites_says_where_else_it_stands(client: FlaskClient, both: tuple[UUID, UUID]) -> None:
    story, copy = both
    inbox = client.get("/inbox").text
    assert "Also on NHS.UK" in inbox
    assert str(copy) not in inbox
    page = client.get(f"/conversations/{story}").text
    assert f"/conversations/{copy}" in page
    assert "where it needs its own answer" in page
    other = client.get(f"/conversations/{copy}").text
    assert "In the inbox as one with" in other
    assert f"/conversations/{story}" in other


def test_parted_both_stand_in_the_inbox_and_can_be_joined_again(client: FlaskClient, both: tuple[UUID, UUID]) -> None:
    story, copy = both
    assert client.post(f"/conversations/{copy}/part").status_code == 303
    assert all(str(one) in client.get("/inbox").text for one in both)

    offered = client.get(f"/conversations/{story}/same").text
    assert f'value="{copy}"' in offered
    assert client.post(f"/conversations/{story}/same", data={"other": str(copy)}).status_code == 303
    assert str(copy) not in client.get("/inbox").text


@pytest.mark.parametrize("other", ["", "nonsense", "01890000-0000-7000-8000-000000000000"])
def test_joining_with_nothing_asks_again(client: FlaskClient, both: tuple[UUID, UUID], other: str) -> None:
    answer = client.post(f"/conversations/{both[0]}/same", data={"other": other})
    assert answer.status_code == 422
    assert "Choose the same story on another site." in answer.text


def test_a_filter_is_added_shown_and_removed_with_what_it_caught(
    client: FlaskClient, admin: Member, world: World, nhsuk: Channel
) -> None:
    (noisy,) = world.arrives(nhsuk, world.item("A day at the museum"))
    address = f"/channels/{nhsuk.id}/filters"

    assert client.post(address, data={"kind": "must_not", "words": "museum\n\n"}).status_code == 303
    page = client.get(address).text
    assert "museum" in page
    assert "1 set aside" in page
    assert str(noisy) not in client.get("/inbox").text
    assert str(noisy) in client.get("/inbox?status=aside").text
    assert "It has the words “museum”." in client.get(f"/conversations/{noisy}").text

    (rule,) = noise.rules_of(nhsuk)
    assert client.post(f"{address}/{rule.id}/remove").status_code == 303
    assert "One conversation is back in the inbox." in client.get(address).text
    assert str(noisy) in client.get("/inbox").text


def test_a_filter_without_words_asks_again_and_keeps_the_choice(
    client: FlaskClient, admin: Member, nhsuk: Channel
) -> None:
    answer = client.post(f"/channels/{nhsuk.id}/filters", data={"kind": "must", "words": " "})
    assert answer.status_code == 422
    assert "Write at least one word." in answer.text
    assert 'value="must" checked' in answer.text


def test_a_suggestion_is_taken_or_refused(client: FlaskClient, admin: Member, world: World, nhsuk: Channel) -> None:
    for number in range(3):
        (wrong,) = world.arrives(nhsuk, world.item(f"Hall {number} of the Imperial War Museum"))
        conversations.close(admin, wrong, "not_about_us")
    db.session.commit()
    address = f"/channels/{nhsuk.id}/filters"
    assert "imperial war museum" in client.get(address).text
    client.post(f"{address}/refuse", data={"phrase": "imperial war museum"})
    assert "imperial war museum" not in client.get(address).text


def test_an_author_is_blocked_after_a_question(
    client: FlaskClient, admin: Member, world: World, nhsuk: Channel
) -> None:
    (first,) = world.arrives(nhsuk, world.item("Buy my pills"))
    assert "Block <bdi>" in client.get(f"/conversations/{first}/block").text
    assert client.post(f"/conversations/{first}/block").status_code == 303
    assert str(first) not in client.get("/inbox").text
    assert "Blocked author" in client.get(f"/channels/{nhsuk.id}/filters").text


def test_one_is_set_aside_by_hand_and_opened_again(
    client: FlaskClient, admin: Member, world: World, nhsuk: Channel
) -> None:
    (one,) = world.arrives(nhsuk, world.item("Win a prize"))
    client.post(f"/conversations/{one}/aside")
    assert str(one) not in client.get("/inbox").text
    assert "Somebody set it aside." in client.get(f"/conversations/{one}").text
    client.post(f"/conversations/{one}/reopen")
    assert str(one) in client.get("/inbox").text


@pytest.mark.parametrize("path", ["/conversations/{one}/same", "/channels/{channel}/filters"])
def test_strangers_find_nothing(client: FlaskClient, world: World, nhsuk: Channel, path: str) -> None:
    (one,) = world.arrives(nhsuk, world.item("Hello"))
    address = path.format(one=one, channel=nhsuk.id)
    world.signed_in(client, world.member(world.organisation()))
    assert client.get(address).status_code == 404
    assert client.post(address).status_code == 404
