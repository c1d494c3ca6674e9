"""An author who asks to be erased, and what is looked at afterwards."""

from typing import Any
from uuid import UUID

import psycopg
import pytest
from cryptography.fernet import Fernet, MultiFernet

from healthberry.connectors.base import Author as Writer
from healthberry.connectors.base import InboundItem
from healthberry.core import (
    erasing,
    events,
)
from healthberry.core.vault import Vault
from healthberry.extensions import db
from healthberry.jobs import keeping as jobs
from healthberry.models.channels import Channel
from healthberry.models.keeping import Erasure
from healthberry.models.organisations import Member, Organisation
from tests.world import World

MARK = "Quetzalcoatlus"  # stands in everything that the author wrote, and in their names
AUTHOR = Writer(f"did:{MARK}-1", f"@{MARK}", f"https://example.org/@{MARK}")
STORY = (
    f"{MARK} waited two hours for a blood test and nobody told us why, but the nurse who came in the end could not "
    "have been kinder to my mother and explained everything twice."
)


@pytest.fixture
def member(world: World) -> Member:
    return world.member(world.organisation())


@pytest.fixture
def channel(world: World, member: Member) -> Channel:
    return world.channel(db.session.get_one(Organisation, member.organisation_id), "bluesky")


def written(world: World, words: str = STORY, **fields: Any) -> InboundItem:
    """Make an item in which every place that can name its author does."""
    number = world.item().remote_id
    values: dict[str, Any] = {
        "remote_id": f"at://{MARK}/{number}",
        "thread_id": f"at://{MARK}/{number}",
        "author": AUTHOR,
        "title": f"{MARK}'s title",
        "url": f"https://example.org/{MARK}",
        "source": {"uri": f"at://{MARK}", "quoted": MARK},
        "details": (("Who", MARK),),
        "attachments": ({"url": f"https://example.org/{MARK}.jpg", "name": MARK},),
        "author_role": f"{MARK}'s daughter",
        "syndication_key": f"{MARK}:1",
        "in_reply_to": f"at://{MARK}/0",
        "may_not_reply": f"{MARK} said no",
        "also": f"tag:{MARK}/{number}",
    }
    return world.item(words, **{**values, **fields})


def writer_of(member: Member, conversation_id: UUID, place: int = 0) -> UUID:
    return erasing.writers(member, conversation_id)[place].id


def erase(member: Member, conversation_id: UUID, *, answers: bool = False, notes: bool = False, place: int = 0) -> Any:
    who = writer_of(member, conversation_id, place)
    begun = erasing.begin(member, conversation_id, who, reference="IG-7", answers=answers, notes=notes)
    erasure_id = begun.id
    events.commit()
    jobs.erase(str(member.organisation_id), str(erasure_id))
    db.session.expire_all()
    return db.session.get_one(Erasure, (member.organisation_id, erasure_id))


def tables_with(owner: psycopg.Connection, mark: str) -> list[str]:
    """Return every table of the database in which `mark` stands, in any column, in any case."""
    found = []
    names = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    for (name,) in names:
        held = owner.execute(f"SELECT count(*) FROM {name} t WHERE t::text ILIKE %s", [f"%{mark}%"])  # noqa: S608
        if (held.fetchone() or (0,))[0]:
            found.append(name)
    return sorted(found)


def both(newer: str, old: Vault) -> Vault:
    made = Vault([newer])
    made._fernet = MultiFernet([Fernet(newer), *old._fernet._fernets])
    return made
