"""Organisations with all their channels, what patients wrote before, and who works there."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from uuid import UUID

from sqlalchemy import null

from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.organisations import Member, Organisation
from tests.chaos.channels import KINDS, Line, link, secret_of, tell_installation, where, words, written
from tests.chaos.house import House
from tests.connectors.conftest import KEYS
from tests.world import session_name


@dataclass(frozen=True)
class Town:
    """The linked channels, the session of a member of each organisation, and the secrets of the surveys."""

    lines: Sequence[Line]
    sessions: Mapping[UUID, str]  # by organisation: whom a session names
    secrets: Mapping[UUID, str]  # by channel


def build(house: House, dealt: Sequence[Sequence[str]], history: int, random: Random) -> Town:
    """Make organisations with these kinds of channels, load so many past items over them, and link them.

    The reading begins at once.
    """
    lines, sessions = [], {}
    remembering = sum(KINDS[kind].history for kinds in dealt for kind in kinds)
    tell_installation(house.sandbox, house.web, KEYS["X_BEARER_TOKEN"])
    with house.app.app_context():
        for number, kinds in enumerate(dealt, 1):
            member = _organisation(number)
            organisation_id, code = member.organisation_id, f"C{number:02}"
            sessions[organisation_id] = session_name(house.app, member)
            for kind in kinds:
                place = where(kind, number, code)
                line = Line(KINDS[kind], place, code, organisation_id)
                _load(house, line, -(-history // remembering) if remembering else 0, random)
                channel_id = link(member, kind, place, code, house.sandbox, house.web)
                lines.append(Line(KINDS[kind], place, code, organisation_id, channel_id))
        secrets = {}
        for line in lines:
            scope.enter(line.organisation_id)
            if line.kind.name == "webhook":
                secrets[line.channel_id] = secret_of(line)
        db.session.rollback()
        scope.leave()
        db.engine.dispose()
    return Town(lines, sessions, secrets)


def _organisation(number: int) -> Member:
    scope.leave()
    nothing = null()  # None would count as not given: its channels would be looked for beside those that we link
    organisation = Organisation(
        name=f"Chaos {number}", kind="trust", ods_code=f"C{number:02}", discover_next_at=nothing
    )
    db.session.add(organisation)
    db.session.commit()
    scope.enter(organisation.id)
    people = [
        Member(
            organisation_id=organisation.id,
            email=f"{name}@chaos{number}.example",
            name=name.title(),
            role="administrator",
            level=2,
            wants_alerts=alerted,
        )
        for name, alerted in (("ada", False), ("grace", True), ("joan", True))
    ]
    db.session.add_all(people)
    db.session.commit()
    return people[0]


def _load(house: House, line: Line, count: int, random: Random) -> None:
    """Load past items, untouched by any fault."""
    if not line.kind.history:
        return
    kept = io.StringIO()
    writer = csv.writer(kept)
    writer.writerow(["text"])
    writer.writerows(
        [words(line, written(random, f"past{line.code}{line.kind.name}{number}"))] for number in range(count)
    )
    body = {"channel": line.kind.name, **line.where, "csv": kept.getvalue(), "text_column": "text"}
    house.sandbox.http.post("/control/corpus", json=body, timeout=120).raise_for_status()
