"""An organisation with something of everything, a backup of it, and a second machine to restore that into."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from healthberry import create_app
from healthberry.backup import schema, take
from healthberry.backup.restore import Restorer
from healthberry.core import conversations
from healthberry.extensions import db, part
from healthberry.local import postgres as local_postgres
from healthberry.local.postgres import Database, LocalPostgres
from healthberry.models.channels import Channel
from healthberry.models.conversations import Message
from healthberry.models.owned import now
from healthberry.models.replies import Reply
from healthberry.settings import Settings
from tests.backup.saved import HOSTILE, KEY, SILENT
from tests.world import World


@pytest.fixture
def office(world: World) -> Channel:
    """An organisation's channel with a secret, three conversations, a note, and replies and mails that wait."""
    organisation = world.organisation()
    member = world.member(organisation)
    in_an_hour = now() + timedelta(hours=1)
    sealed = part("vault").seal({"access_token": "hunter2"})
    channel = world.channel(organisation, "mastodon", sealed_secrets=sealed, claimed_until=in_an_hour)
    found = world.arrives(channel, *map(world.item, ("They were kind.", HOSTILE, "long " * 60_000)))
    conversations.add_note(member, found[0], "For us only")
    for conversation_id, state in zip(found, ("queued", "sending", "sent"), strict=True):
        target = db.session.scalars(select(Message.id).filter_by(conversation_id=conversation_id)).one()
        reply = Reply(
            organisation_id=organisation.id,
            conversation_id=conversation_id,
            target_id=target,
            member_id=member.id,
            member_name=member.name,
            mode="api",
            key=str(target),
            text=f"Thank you, {state}.",
            state=state,
            next_attempt_at=in_an_hour,
        )
        db.session.add(reply)
    db.session.commit()
    return channel


@pytest.fixture
def taken(office: Channel, database: Database, tmp_path: Path) -> take.Backup:
    """A backup of all that."""
    return take.take(database.owner_url, KEY, lambda _: tmp_path / "saved", SILENT)


@pytest.fixture(scope="session")
def other_machine(servers_folder: Path) -> Iterator[LocalPostgres]:
    """A second PostgreSQL, with roles, passwords and data of its own."""
    server = local_postgres.start(servers_folder / "other-postgres", durable=False)
    yield server
    server.remove()


@pytest.fixture
def empty(other_machine: LocalPostgres) -> Iterator[Database]:
    """An empty database there."""
    yield other_machine.create_database("restored")
    other_machine.drop_database("restored")


@pytest.fixture
def restorer(settings: Settings, empty: Database) -> Iterator[Restorer]:
    """What restores into the empty database."""
    there = replace(settings, database_url=empty.app_url, database_owner_url=empty.owner_url)
    with create_app(there).app_context():
        yield Restorer(there, schema.migrate, schema.knows, SILENT)
        db.engine.dispose()
