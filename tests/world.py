"""People, organisations and feedback to start a test from: made through the same functions as in real life."""

import hashlib
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from healthberry.blueprints.guard import name_of
from healthberry.connectors.base import Author, InboundItem, Rating
from healthberry.core import ingest, scope
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.imports import Import
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import new_id, now
from healthberry.models.sign_in import MemberSession, OperatorSession

_numbers = count(1)


class World:
    """Makes rows inside the application context of the test; every method leaves the session in that organisation."""

    def organisation(self, **fields: Any) -> Organisation:
        """Make an organisation of its own ODS code."""
        number = next(_numbers)
        values = {
            "ods_code": f"T{number:04}",
            "name": f"Cedar Surgery {number}",
            "kind": "gp_practice",
            "web_domain": f"cedar{number}.nhs.uk",
            "discover_next_at": None,
        }
        organisation = Organisation(**{**values, **fields})
        db.session.add(organisation)
        db.session.commit()
        return organisation

    def member(self, organisation: Organisation, **fields: Any) -> Member:
        """Make a member: by default a level-2 administrator."""
        scope.enter(organisation.id)
        number = next(_numbers)
        values = {
            "email": f"person{number}@example.org",
            "name": f"Priya {number}",
            "role": "administrator",
            "level": 2,
        }
        member = Member(organisation_id=organisation.id, **{**values, **fields})
        db.session.add(member)
        db.session.commit()
        return member

    def channel(self, organisation: Organisation, kind: str = "nhsuk", **fields: Any) -> Channel:
        """Link a channel whose history is loaded."""
        scope.enter(organisation.id)
        values = {
            "remote_id": organisation.ods_code or "none",
            "label": f"{kind} of {organisation.name}",
            "url": "https://www.example.org/",
            "config": {"ods_codes": [organisation.ods_code], "handle": "cedar", "user_id": "1"},
            "backfill_state": "done",
            "created_at": now() - timedelta(days=1),
        }
        channel = Channel(organisation_id=organisation.id, kind=kind, **{**values, **fields})
        db.session.add(channel)
        db.session.commit()
        return channel

    def item(self, text: str = "They were kind.", **fields: Any) -> InboundItem:
        """Make one item as a connector would give it."""
        number = next(_numbers)
        values: dict[str, Any] = {
            "remote_id": f"r{number}",
            "thread_id": f"r{number}",
            "direction": "inbound",
            "author": Author(f"a{number}", f"Marigold{number}"),
            "text": text,
            "posted_at": now() - timedelta(minutes=5),
            "title": "",
            "ratings": (Rating("Overall", 4, 5),),
        }
        return InboundItem(**{**values, **fields})

    def arrives(self, channel: Channel, *items: InboundItem, backfill: bool = False) -> list[UUID]:
        """Store items as a poll would, and return the ids of the conversations that are new."""
        scope.enter(channel.organisation_id)
        stored = ingest.store_page(channel, items, backfill=backfill)
        db.session.commit()
        return sorted(stored.new)

    def uploaded(self, channel: Channel, member: Member, **fields: Any) -> Import:
        """Make a file that waits for one answer."""
        values = {
            "channel_id": channel.id,
            "member_id": member.id,
            "member_name": member.name,
            "file_name": "may.csv",
            "size_bytes": 1,
            "sha256": "0",
            "state": "asking",
            "look": {
                "says": "A CSV file.",
                "questions": [
                    {"name": "column_date", "label": "Date", "hint": "", "choices": [["0", "Date"]], "default": ""}
                ],
            },
        }
        made = Import(organisation_id=channel.organisation_id, **{**values, **fields})
        db.session.add(made)
        db.session.commit()
        return made

    def signed_in(self, client: Any, member: Member) -> Any:
        """Sign the client in as this member, as a session cookie would."""
        name = session_name(client.application, member)
        with client.session_transaction() as session:
            session["_user_id"] = name
            session["_fresh"] = True
        return client


def session_name(app: Flask, member: Member, **fields: Any) -> str:
    """Sign `member` in on some browser, a moment ago, and return what its cookie calls the session by.

    By a connection of its own: what the test has loaded and not yet stored stays as it is.
    """
    values = {
        "id": new_id(),
        "member_id": member.id,
        "session_key": member.session_key,
        "browser": "Firefox on Linux",
        "proven_at": now(),
    }
    row = MemberSession(organisation_id=member.organisation_id, **{**values, **fields})
    with app.app_context(), Session(db.engine, info={"organisation_id": member.organisation_id}) as session:
        name = name_of(row)
        session.add(row)
        session.commit()
    return name


def operator_session(app: Flask, email: str) -> str:
    """Sign an operator in on some browser, both steps passed, and return what its cookie calls the session by."""
    with app.app_context(), Session(db.engine) as session:
        name = new_id().hex
        hashed = hashlib.sha256(name.encode()).hexdigest()
        session.add(OperatorSession(name_hash=hashed, email=email, browser="Firefox on Linux", stepped_at=now()))
        session.commit()
    return name


@pytest.fixture
def world(context: Flask) -> World:
    """Make people, organisations and feedback."""
    return World()


def moments_ago(**delta: float) -> datetime:
    """Return a moment in the past."""
    return now() - timedelta(**delta)
