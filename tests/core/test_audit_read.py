"""The audit log, read: by whom, searched by what, a page at a time; and that reading it is written down too."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from healthberry.core import (
    audit,
    audit_log,
)
from healthberry.core.audit_log import Wanted
from healthberry.core.errors import NotAllowed
from healthberry.extensions import db
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import new_id, now
from tests.core.test_audit import aged, entries_of, member, noted_down, superuser
from tests.world import World

__all__ = ["member", "superuser"]


def test_it_is_searched_by_who_what_which_days_and_about_what(world: World, member: Member) -> None:
    other = world.member(db.session.get_one(Organisation, member.organisation_id), name="Omar 100%")
    about = new_id()
    audit.did(member, "noted", "conversation", about)
    audit.did(other, "closed", "conversation", about)
    db.session.commit()
    today = now().date()

    def found(**wanted: Any) -> list[str]:
        return [entry.action for entry in audit_log.page(member, Wanted(**wanted)).entries]

    assert found() == ["closed", "noted"]
    assert found(who="omar 100%") == ["closed"]
    assert found(who="%") == ["closed"]
    assert found(what="noted") == ["noted"]
    assert found(about=str(about)) == ["closed", "noted"]
    assert found(about=str(new_id())) == []
    assert found(first=today - timedelta(days=1), last=today + timedelta(days=1)) == ["closed", "noted"]
    assert found(last=today - timedelta(days=2)) == []
    assert found(first=today + timedelta(days=2)) == []


def test_it_is_read_a_page_at_a_time(member: Member) -> None:
    noted_down(member, audit_log.PAGE + 5)

    first = audit_log.page(member, Wanted())
    second = audit_log.page(member, Wanted(), first.next)

    numbers = [entry.number for entry in (*first.entries, *second.entries)]
    assert numbers == list(range(audit_log.PAGE + 5, 0, -1))
    assert (len(second.entries), second.next) == (5, 0)


@pytest.mark.parametrize("role", ["responder", "viewer"])
def test_only_administrators_read_it(world: World, member: Member, role: str) -> None:
    other = world.member(db.session.get_one(Organisation, member.organisation_id), role=role)

    for act in (audit_log.page, audit_log.export):
        with pytest.raises(NotAllowed):
            act(other, Wanted())


def test_taking_it_out_is_written_down_in_it(member: Member) -> None:
    noted_down(member, 2)

    taken = audit_log.export(member, Wanted(who="Priya", what="noted"))
    db.session.commit()

    assert [entry.number for entry in taken.entries] == [2, 1]
    last = entries_of(member)[-1]
    assert (last.action, last.details) == ("audit_exported", {"entries": 2, "narrowed_by": ["what", "who"]})


def test_reading_something_restricted_is_written_down_once_an_hour(
    world: World, member: Member, superuser: psycopg.Connection[Any]
) -> None:
    other = world.member(db.session.get_one(Organisation, member.organisation_id))
    one, two = new_id(), new_id()
    for reader, about in ((member, one), (member, one), (member, two), (other, one)):
        audit.read(reader, "conversation", about)
    db.session.commit()

    read = [(entry.member_id, entry.object_id) for entry in entries_of(member)]
    assert read == [(member.id, str(one)), (member.id, str(two)), (other.id, str(one))]
    aged(superuser, member, 3, years=1.1 / (24 * 365.25))
    audit.read(member, "conversation", one)
    assert len(entries_of(member)) == 4
