"""An organisation with something to read on three channels, for the tests in a browser."""

from dataclasses import dataclass
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Page

from healthberry.connectors.base import Author, Rating
from healthberry.core import events, scope
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member
from healthberry.models.replies import Reply
from tests.world import World, moments_ago


@dataclass
class Office:
    """An organisation with something to read on three channels."""

    world: World
    member: Member
    nhsuk: Channel
    careopinion: Channel
    x: Channel
    story: UUID
    post: UUID

    def arrives(self, channel: Channel, text: str, **fields: object) -> UUID:
        """Let something arrive, and tell open pages."""
        (made,) = self.world.arrives(channel, self.world.item(text, **fields))
        events.commit()
        return made

    def author_returns(self, text: str) -> None:
        """Let the author of the post write again, and tell open pages."""
        again = {"thread_id": "p1", "in_reply_to": "p1", "posted_at": moments_ago(seconds=0), "ratings": ()}
        self.world.arrives(self.x, self.world.item(text, **again))
        events.commit()

    def reply(self) -> Reply:
        """Return the newest reply, as it is in the database now."""
        scope.enter(self.member.organisation_id)
        db.session.rollback()
        db.session.expire_all()
        newest: Reply = db.session.scalars(db.select(Reply).order_by(Reply.queued_at.desc()).limit(1)).one()
        return newest


@pytest.fixture
def office(app: Flask, world: World) -> Office:
    """Some forty conversations; a story and a post are the newest."""
    organisation = world.organisation(name="City Hospitals Trust")
    member = world.member(organisation, name="Priya Kaur")
    world.member(organisation, name="Dawn Osei")
    sealed = app.extensions["vault"].seal({"access_token": "token", "account_id": "9"})
    nhsuk = world.channel(organisation, "nhsuk")
    careopinion = world.channel(organisation, "careopinion")
    x = world.channel(organisation, "x", remote_id="9", label="@city", account="@city", sealed_secrets=sealed)
    old = [
        world.item(f"The waiting room was warm, number {i}.", title=f"Visit {i}", service_name="Radiology")
        for i in range(40)
    ]
    world.arrives(nhsuk, *old)
    (post,) = world.arrives(
        x,
        world.item(
            "Five hours in A&E. https://example.org/a",
            remote_id="p1",
            thread_id="p1",
            ratings=(),
            author=Author("s", "@samwrites"),
            url="https://x.example/1",
        ),
    )
    (story,) = world.arrives(
        careopinion,
        world.item(
            "Mum was moved at night.\n\nNobody told us why.",
            title="Nobody told us why Mum was being moved",
            author=Author("m", "Marigold57"),
            ratings=(Rating("Dignity", 2, 5),),
            service_name="Ward 12",
        ),
    )
    return Office(world, member, nhsuk, careopinion, x, story, post)


def field(page: Page) -> str:
    """Return what stands in the reply's field."""
    return page.input_value("#text")
