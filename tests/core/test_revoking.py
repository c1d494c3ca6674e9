"""What an unlinked channel was allowed at its provider is given back: once, tried again, and said where it fails."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from healthberry.connectors.base import Access
from healthberry.connectors.errors import Rejected, Unavailable
from healthberry.core import channels, events, scope, sweep, unlinking
from healthberry.extensions import db
from healthberry.jobs.revoking import revoke
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from tests.world import World

TOKENS = {"access_token": "open", "refresh_token": "sesame"}


class Provider:
    """Stands where X does: what was given back, and what it answers to that."""

    def __init__(self) -> None:
        self.given_back: list[Access] = []
        self.answer: Exception | None = None
        self.meanwhile: Callable[[], None] = lambda: None

    def revoke(self, access: Access) -> None:
        self.given_back.append(access)
        self.meanwhile()
        if self.answer:
            raise self.answer


@pytest.fixture
def provider(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """X, as far as it takes tokens back."""
    made = Provider()
    monkeypatch.setattr(app.extensions["connectors"].get("x"), "revoke", made.revoke)
    return made


@pytest.fixture
def organisation(world: World) -> Organisation:
    """Return an organisation without people."""
    return world.organisation()


@pytest.fixture
def admin(world: World, organisation: Organisation) -> Member:
    """Return its administrator."""
    return world.member(organisation)


def signed_in(app: Flask, world: World, organisation: Organisation, kind: str = "x", remote_id: str = "1") -> Channel:
    """Return a channel that somebody signed in for."""
    channel = world.channel(organisation, kind, label="@cedar", remote_id=remote_id)
    channel.sealed_secrets = app.extensions["vault"].seal(TOKENS)
    db.session.commit()
    return channel


def unlinked(member: Member, channel: Channel) -> tuple[UUID, UUID]:
    """Unlink it as the page does; return the ids that a job is given."""
    ids = channel.organisation_id, channel.id
    unlinking.unlink(member, channel.id, erase=False)
    db.session.commit()
    return ids


def works(ids: tuple[UUID, UUID]) -> Channel:
    """Let the job run; return the channel as it is then."""
    revoke(*map(str, ids))
    return stored(ids)


def stored(ids: tuple[UUID, UUID]) -> Channel:
    scope.enter(ids[0])
    return db.session.get_one(Channel, ids, populate_existing=True)


def due() -> list[str]:
    """Return the ids of channels that the sweep would send the job to."""
    return [one.id for one in sweep.due_work() if one.kind == "revoke"]


def test_the_tokens_of_an_unlinked_channel_are_given_back_once_and_forgotten(
    app: Flask, world: World, organisation: Organisation, admin: Member, provider: Provider
) -> None:
    ids = unlinked(admin, signed_in(app, world, organisation))
    assert due() == [str(ids[1])], "also without the nudge"

    channel = works(ids)
    assert [access.secrets["refresh_token"] for access in provider.given_back] == ["sesame"]
    assert (channel.state, channel.sealed_secrets, channel.revoke_at) == ("unlinked", None, None)
    works(ids)
    assert len(provider.given_back) == 1
    assert due() == []


def test_a_channel_for_which_nobody_signed_in_has_nothing_to_give_back(
    world: World, organisation: Organisation, admin: Member, provider: Provider
) -> None:
    ids = unlinked(admin, world.channel(organisation, "x", remote_id="1"))
    assert works(ids).revoke_at is None
    assert provider.given_back == []


def test_a_provider_that_is_away_is_asked_again_and_in_the_end_people_are_told(
    app: Flask, world: World, organisation: Organisation, admin: Member, provider: Provider
) -> None:
    ids = unlinked(admin, signed_in(app, world, organisation))
    provider.answer = Unavailable("X did not answer.")
    tries = 0
    while (channel := works(ids)).revoke_at is not None:
        tries += 1
        assert channel.revoke_at > now(), "not at once"
        assert (channel.state, channel.trouble) == ("unlinked", "")
        works(ids)
        assert len(provider.given_back) == tries, "not before its time"
        stored(ids).revoke_at = now() - timedelta(seconds=1)
        db.session.commit()

    assert len(provider.given_back) == tries + 1 == 5
    assert channel.sealed_secrets is None
    assert "X did not answer." in channel.trouble
    assert "take it off there" in channel.trouble


def test_a_provider_that_refuses_is_not_asked_again_and_the_page_says_so(
    app: Flask, client: FlaskClient, world: World, organisation: Organisation, admin: Member, provider: Provider
) -> None:
    world.signed_in(client, admin)
    scope.enter(organisation.id)
    ids = unlinked(admin, signed_in(app, world, organisation))
    provider.answer = Rejected("X does not know this installation.")

    channel = works(ids)

    assert (channel.state, channel.sealed_secrets, channel.revoke_at) == ("unlinked", None, None)
    for page in ("/channels", f"/channels/{ids[1]}"):
        assert "X does not know this installation." in client.get(page).text


def test_what_another_linked_channel_needs_is_forgotten_but_not_given_back(
    app: Flask, world: World, organisation: Organisation, admin: Member, provider: Provider
) -> None:
    signed_in(app, world, organisation, remote_id="2")
    ids = unlinked(admin, signed_in(app, world, organisation))

    channel = works(ids)

    assert provider.given_back == []
    assert (channel.sealed_secrets, channel.revoke_at) == (None, None)


def test_a_channel_that_is_linked_again_before_it_gave_anything_back_gives_nothing_back(
    app: Flask, world: World, organisation: Organisation, admin: Member, provider: Provider
) -> None:
    ids = unlinked(admin, signed_in(app, world, organisation))
    channels.switch(admin, ids[1], on=True)
    events.commit()

    channel = works(ids)

    assert provider.given_back == []
    assert (channel.state, channel.sealed_secrets) == ("active", None), "somebody has to sign in again"


def test_a_channel_that_is_linked_again_while_the_provider_is_asked_keeps_its_new_tokens(
    app: Flask, world: World, organisation: Organisation, admin: Member, provider: Provider
) -> None:
    ids = unlinked(admin, signed_in(app, world, organisation))

    def linked_again() -> None:
        channels.switch(admin, ids[1], on=True)
        channels.find(*ids).sealed_secrets = app.extensions["vault"].seal({"access_token": "new"})
        db.session.commit()

    provider.meanwhile = linked_again
    provider.answer = Unavailable("X did not answer.")

    channel = works(ids)

    assert (channel.state, channel.revoke_at, channel.trouble) == ("active", None, "")
    assert app.extensions["vault"].open(channel.sealed_secrets) == {"access_token": "new"}
