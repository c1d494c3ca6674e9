"""Whoever locks a row that changes refer to holds nobody up who writes down another change.

A change takes its number first and refers to its organisation, channel, conversation and member then. Were these locked
with their keys by somebody who waits for a number, both would wait for each other.
"""

from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest

from healthberry.connectors.base import Access, Linkable, Linkables, Listing
from healthberry.core import (
    channels,
    conversations,
    discovery,
    linking,
    members,
    reading,
    rechecks,
    reconciling,
    revoking,
    tokens,
)
from healthberry.core.pending_links import Begun
from healthberry.extensions import db
from healthberry.local.postgres import Database
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member, Organisation
from tests.world import World

_PARENTS = {
    "organisations": "id = %(organisation)s",
    "channels": "organisation_id = %(organisation)s",
    "conversations": "organisation_id = %(organisation)s",
    "members": "organisation_id = %(organisation)s",
}


class Scene:
    """An organisation with a member, a channel and a conversation."""

    def __init__(self, world: World) -> None:
        self.organisation: Organisation = world.organisation()
        self.member: Member = world.member(self.organisation)
        self.other: Member = world.member(self.organisation, level=1)
        self.channel: Channel = world.channel(self.organisation)
        (self.conversation_id,) = world.arrives(self.channel, world.item())
        self.ids: tuple[UUID, UUID] = (self.organisation.id, self.channel.id)


def _link(scene: Scene) -> None:
    found = [Linkable(Listing("feed", "news", "News", "https://news.example/feed", {"address": "x"}))]
    linking.link(scene.member, Begun("feed", Access({}), found=Linkables(found)), found)


LOCKERS: dict[str, Callable[[Scene], object]] = {
    "a member links a channel": _link,
    "a look for channels ends": lambda scene: discovery.end_look(scene.ids[0], []),
    "a member wants a look": lambda scene: discovery.want_look(scene.member),
    "a member handles a conversation": lambda scene: conversations.find(scene.member, scene.conversation_id, lock=True),
    "a conversation wakes": lambda scene: conversations.wake(scene.ids[0], scene.conversation_id),
    "a member changes a channel": lambda scene: channels.find(*scene.ids, lock=True),
    "tokens are renewed": lambda scene: tokens.claim(*scene.ids),
    "a channel is polled": lambda scene: reading.claim_poll(*scene.ids),
    "history is loaded": lambda scene: reading.claim_backfill(*scene.ids),
    "a channel is looked at again": lambda scene: rechecks.claim(*scene.ids),
    "a channel's counts are compared": lambda scene: reconciling.claim(*scene.ids),
    "a worker hands a channel back": lambda scene: reading.give_back(*scene.ids, "claimed_until"),
    "permissions are given back": lambda scene: revoking.claim(*scene.ids),
    "a colleague is changed": lambda scene: members.approve(scene.member, scene.other.id),
}


@pytest.mark.parametrize("locker", LOCKERS.values(), ids=LOCKERS)
def test_a_change_can_be_written_down_about_what_somebody_else_has_locked(
    world: World, database: Database, locker: Callable[[Scene], object]
) -> None:
    scene = Scene(world)

    locker(scene)
    db.session.flush()

    with psycopg.connect(database.owner_url, autocommit=True) as other:
        other.execute("SELECT set_config('app.organisation_id', %s, false)", [str(scene.ids[0])])
        for table, which in _PARENTS.items():
            looked = f"SELECT id FROM {table} WHERE {which} FOR KEY SHARE NOWAIT"  # noqa: S608 - words of our own
            assert other.execute(looked, {"organisation": scene.ids[0]}).fetchall(), table
    db.session.rollback()
