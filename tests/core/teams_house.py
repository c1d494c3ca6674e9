"""An organisation with two sites and a team on one of them."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from healthberry.connectors.base import Author, File
from healthberry.core import (
    inbox,
    teams,
)
from healthberry.core.inbox_views import View
from healthberry.core.teams import Wish
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member, Organisation
from tests.world import World

ALL = View(status="all")


@dataclass
class House:
    """A trust of two sites: an administrator, a ward manager, and feedback about each place and about none."""

    organisation: Organisation
    admin: Member
    ward: Member
    colleague: Member
    channel: Channel
    google: Channel
    north: UUID
    outpatients: UUID
    south: UUID
    nowhere: UUID
    mapped: UUID

    @property
    def all(self) -> set[UUID]:
        """Return every conversation."""
        return {self.north, self.outpatients, self.south, self.nowhere, self.mapped}

    def team(self, **wish: object) -> UUID:
        """Make a team with the ward manager in it."""
        values: dict[str, object] = {"name": "North", "sites": ["NOR01"], "people": {self.ward.id}, **wish}
        made = teams.make(self.admin, Wish(**values))  # type: ignore[arg-type]
        db.session.commit()
        return made.id


@pytest.fixture
def house(world: World) -> House:
    organisation = world.organisation(kind="trust")
    admin, ward, colleague = (
        world.member(organisation, name="Ada Admin"),
        world.member(organisation, role="approver", name="Wanda Ward"),
        world.member(organisation, role="responder", name="Cora Colleague"),
    )
    channel, google = world.channel(organisation, "bluesky"), world.channel(organisation, "google")

    def about(code: str | None, name: str | None, on: Channel = channel) -> UUID:
        file = File("a.jpg", "image/jpeg", b"picture")
        text = f"A story about {name or 'nobody'}"
        fields = {"service_code": code, "service_name": name, "files": (file,), "author": Author("a1", "Marigold")}
        (made,) = world.arrives(on, world.item(text, **fields))
        return made

    return House(
        *(organisation, admin, ward, colleague, channel, google),
        north=about("NOR01", "North Hospital"),
        outpatients=about("NOR01 outpatients", "North Hospital, outpatients"),
        south=about("SOU01", "South Hospital"),
        nowhere=about(None, None),
        mapped=about(None, "Ward 3", google),
    )


def listed(member: Member, view: View = ALL) -> set[UUID]:
    return {row.id for row in inbox.list_conversations(member, view).rows}
