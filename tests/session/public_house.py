"""An organisation whose public page is on, and strangers who read it."""

import html
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import pytest
from flask import Flask

from healthberry.core import (
    public_pages,
    scope,
)
from healthberry.core.public_addresses import make
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member, Organisation
from healthberry.models.public import PublicPage
from tests.world import World, moments_ago

R = TypeVar("R")


@dataclass
class House:
    """An organisation whose page is on, with one channel whose words are shown."""

    world: World
    org: UUID
    member_id: UUID
    channel_id: UUID

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"/public/{self.org}"

    @property
    def organisation(self) -> Organisation:
        """The organisation, entered."""
        return self._row(Organisation, self.org)

    @property
    def member(self) -> Member:
        """Its administrator; the organisation is entered."""
        return self._row(Member, (self.org, self.member_id))

    @property
    def channel(self) -> Channel:
        """Its channel; the organisation is entered."""
        return self._row(Channel, (self.org, self.channel_id))

    @property
    def page(self) -> PublicPage:
        """The page as it is kept; the organisation is entered."""
        return self._row(PublicPage, self.org)

    def _row(self, model: type[R], key: Any) -> R:
        scope.enter(self.org)
        return db.session.get_one(model, key)

    def address(self, conversation_id: UUID) -> str:
        """The public address of a conversation."""
        return f"{self.url}/{make(self.page, conversation_id)}"

    def says(
        self, text: str, channel: Channel | None = None, *, answer: str = "", new: bool = False, **fields: Any
    ) -> UUID:
        """Store a story from before they joined, or a new one; with an answer."""
        when = {} if new else {"posted_at": moments_ago(days=40)}
        item = self.world.item(text, **when, **fields)
        ours = [self.world.item(answer, thread_id=item.thread_id, direction="outbound")] if answer else []
        (made,) = self.world.arrives(channel or self.channel, item, *ours, backfill=not new)
        return made


@pytest.fixture
def house(world: World) -> House:
    organisation = world.organisation(name="Cedar Surgery")
    member, channel = world.member(organisation), world.channel(organisation)
    public_pages.choose(member, [str(channel.id)])
    public_pages.switch_on(member, seen=True)
    db.session.commit()
    return House(world, organisation.id, member.id, channel.id)


def read_as_stranger(app: Flask, url: str) -> str:
    scope.leave()
    answer = app.test_client().get(url)
    assert answer.status_code == 200
    return html.unescape(answer.text)


def status(app: Flask, url: str) -> int:
    scope.leave()
    return app.test_client().get(url).status_code
