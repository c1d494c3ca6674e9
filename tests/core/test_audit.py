"""The audit log: what is written into it, that nobody changes it, and that whoever does is found out."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import create_engine, select

from healthberry.core import (
    audit,
    audit_log,
    audit_verifying,
    conversations,
    events,
    holds,
    keeping_steps,
    origin,
    scope,
)
from healthberry.core.audit_verifying import Verdict
from healthberry.extensions import db
from healthberry.local.postgres import SUPERUSER, Database, LocalPostgres
from healthberry.models.audit import AuditChain, AuditEntry
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import new_id, now
from tests.world import World

REFUSED = psycopg.errors.InsufficientPrivilege


@pytest.fixture
def member(world: World) -> Member:
    return world.member(world.organisation())


@pytest.fixture
def superuser(postgres: LocalPostgres, database: Database) -> Iterator[psycopg.Connection[Any]]:
    """Whom no grant and no wall holds back."""
    name = database.owner_url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(postgres.url(SUPERUSER, name), autocommit=True) as connection:
        yield connection


def entries_of(member: Member) -> list[AuditEntry]:
    mine = AuditEntry.organisation_id == member.organisation_id
    return list(db.session.scalars(select(AuditEntry).where(mine).order_by(AuditEntry.number)))


def _verdict(database: Database, member: Member) -> Verdict:
    db.session.commit()
    engine = create_engine(database.owner_url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with engine.connect() as connection:
            (found,) = audit_verifying.verify(connection, str(member.organisation_id))
    finally:
        engine.dispose()
    return found


def noted_down(member: Member, count: int) -> None:
    for _ in range(count):
        audit.did(member, "noted", "conversation", new_id())
    db.session.commit()


def aged(superuser: psycopg.Connection[Any], member: Member, upto: int, years: float = 6.5) -> None:
    """Make the first entries as old as if the years had passed, sealed as they would have been."""
    org = member.organisation_id
    superuser.execute("ALTER TABLE audit_entries DISABLE TRIGGER USER")
    superuser.execute(
        "UPDATE audit_entries SET at = at - %s WHERE organisation_id = %s AND number <= %s",
        (timedelta(days=365.25 * years), org, upto),
    )
    for (number,) in superuser.execute(
        "SELECT number FROM audit_entries WHERE organisation_id = %s ORDER BY number", (org,)
    ).fetchall():
        superuser.execute(
            "UPDATE audit_entries e SET previous_hash = coalesce((SELECT p.hash FROM audit_entries p WHERE"
            " p.organisation_id = e.organisation_id AND p.number = e.number - 1), e.previous_hash)"
            " WHERE organisation_id = %s AND number = %s",
            (org, number),
        )
        superuser.execute(
            "UPDATE audit_entries e SET hash = audit_hash(e) WHERE organisation_id = %s AND number = %s", (org, number)
        )
    superuser.execute(
        "UPDATE audit_chains c SET last_hash = e.hash FROM audit_entries e WHERE c.organisation_id = %s"
        " AND e.organisation_id = c.organisation_id AND e.number = c.last_number",
        (org,),
    )
    superuser.execute("ALTER TABLE audit_entries ENABLE TRIGGER USER")


def test_what_a_member_does_is_written_down_with_whom_what_and_from_where(world: World, member: Member) -> None:
    channel = world.channel(db.session.get_one(Organisation, member.organisation_id))
    (one,) = world.arrives(channel, world.item("They were kind."))
    origin.come_from("203.0.113.77", "request-1234")

    conversations.close(member, one, "spam")
    db.session.commit()
    origin.forget()

    (entry,) = entries_of(member)
    assert (entry.actor, entry.member_id, entry.name) == ("member", member.id, member.name)
    assert (entry.action, entry.object_kind, entry.object_id) == ("closed", "conversation", str(one))
    assert (entry.network, entry.request_id, entry.details) == ("203.0.113.0/24", "request-1234", {"reason": "spam"})
    assert abs(entry.at - now()) < timedelta(minutes=1)


def test_what_happens_by_itself_is_no_ones_deed(world: World, member: Member) -> None:
    channel = world.channel(db.session.get_one(Organisation, member.organisation_id))
    world.arrives(channel, world.item("They were kind."))

    assert entries_of(member) == []


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("::1", "::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("unix:", ""),
        ("", ""),
    ],
)
def test_only_the_network_of_an_address_is_kept(address: str, network: str) -> None:
    assert origin.network(address) == network


def test_what_was_taken_back_is_not_written_down_and_leaves_no_gap(member: Member, database: Database) -> None:
    noted_down(member, 1)
    with suppress(RuntimeError), events.savepoint():
        audit.did(member, "noted")
        raise RuntimeError
    noted_down(member, 1)

    assert [entry.number for entry in entries_of(member)] == [1, 2]
    assert _verdict(database, member).broken == ""


def test_whoever_writes_chooses_neither_number_nor_time_nor_seal(member: Member, database: Database) -> None:
    noted_down(member, 1)
    with psycopg.connect(database.app_url) as connection:
        connection.execute("SELECT set_config('app.organisation_id', %s, true)", (str(member.organisation_id),))
        connection.execute(
            "INSERT INTO audit_entries VALUES (%s, 77, '2001-01-01', 'member', NULL, 'Mallory', 'noted', '', '', '',"
            " '', '{}', '\\x00', '\\x00')",
            (member.organisation_id,),
        )

    last = entries_of(member)[-1]
    assert (last.number, last.name) == (2, "Mallory")
    assert abs(last.at - now()) < timedelta(minutes=1)
    assert _verdict(database, member) == Verdict(
        db.session.get_one(Organisation, member.organisation_id).name, 2, 2, last.hash.hex()
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET name = 'Somebody else'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "UPDATE audit_chains SET last_number = 0",
        "DELETE FROM audit_chains",
        "INSERT INTO audit_chains SELECT gen_random_uuid(), 0, '', 0, ''",
        "ALTER TABLE audit_entries DISABLE TRIGGER USER",
    ],
)
def test_the_applications_role_only_adds_to_it(member: Member, database: Database, statement: str) -> None:
    noted_down(member, 1)

    with psycopg.connect(database.app_url) as connection:
        connection.execute("SELECT set_config('app.organisation_id', %s, true)", (str(member.organisation_id),))
        with pytest.raises(REFUSED):
            connection.execute(statement.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET name = 'Somebody else'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "DELETE FROM audit_chains",
        "TRUNCATE audit_chains",
    ],
)
def test_even_the_owner_of_the_tables_is_refused_by_them(member: Member, database: Database, statement: str) -> None:
    noted_down(member, 1)

    with psycopg.connect(database.owner_url) as connection, pytest.raises(REFUSED, match="only added to"):
        connection.execute(statement.encode())


def test_what_one_organisation_did_is_read_by_no_other(world: World, member: Member, database: Database) -> None:
    other = world.member(world.organisation())
    noted_down(other, 1)
    audit.operated("work_retried", "ada@host.example")
    db.session.commit()

    with psycopg.connect(database.app_url) as connection:
        connection.execute("SELECT set_config('app.organisation_id', %s, true)", (str(member.organisation_id),))
        seen = [
            connection.execute("SELECT count(*) FROM audit_entries").fetchone(),
            connection.execute("SELECT count(*) FROM audit_chains").fetchone(),
        ]
        with pytest.raises(REFUSED):
            connection.execute(
                "INSERT INTO audit_entries (organisation_id, actor, name, action, object_kind, object_id, network,"
                " request_id, details) VALUES (%s, 'member', '', 'noted', '', '', '', '', '{}')",
                (other.organisation_id,),
            )

    assert seen == [(0,), (0,)]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit_entries SET name = 'Somebody else' WHERE {mine} AND number = 2", "Entry 2 was changed"),
        ("UPDATE audit_entries SET details = '{{\"a\": 1}}' WHERE {mine} AND number = 3", "Entry 3 was changed"),
        (
            "UPDATE audit_entries SET at = at + interval '1 microsecond' WHERE {mine} AND number = 1",
            "Entry 1 was changed",
        ),
        ("UPDATE audit_entries SET member_id = NULL WHERE {mine} AND number = 1", "Entry 1 was changed"),
        ("DELETE FROM audit_entries WHERE {mine} AND number = 2", "Entry 2 is missing"),
        ("DELETE FROM audit_entries WHERE {mine} AND number = 1", "Entry 1 is missing"),
        ("DELETE FROM audit_entries WHERE {mine} AND number = 3", "Entries are missing at the end"),
        ("DELETE FROM audit_entries WHERE {mine}", "Entries are missing at the end"),
        ("DELETE FROM audit_chains WHERE {mine}", "begins and ends is missing"),
        (
            """UPDATE audit_chains c SET anchor_number = 1, anchor_hash = (SELECT hash FROM audit_entries e WHERE
               e.organisation_id = c.organisation_id AND number = 1) WHERE {mine};
               DELETE FROM audit_entries WHERE {mine} AND number = 1""",
            "missing at the beginning",
        ),
        (
            """UPDATE audit_entries SET name = 'Somebody else' WHERE {mine} AND number = 2;
               UPDATE audit_entries e SET hash = audit_hash(e) WHERE {mine} AND number = 2""",
            "Entry 3 is not the one",
        ),
    ],
)
def test_what_a_superuser_changes_or_removes_is_found(
    member: Member, database: Database, superuser: psycopg.Connection[Any], statement: str, said: str
) -> None:
    noted_down(member, 3)
    assert _verdict(database, member).broken == ""

    superuser.execute("SET session_replication_role = replica")
    superuser.execute(statement.format(mine=f"organisation_id = '{member.organisation_id}'").encode())

    assert said in _verdict(database, member).broken
    for table in (b"audit_entries", b"audit_chains"):
        superuser.execute(
            b"DELETE FROM %s WHERE organisation_id = '%s'" % (table, str(member.organisation_id).encode())
        )


def test_many_who_write_at_once_make_one_chain(app: Flask, member: Member, database: Database) -> None:
    """Half of them take the number of a change first, half the audit log's: nobody stands in the way."""
    ids, start, failed = (member.organisation_id, member.id), threading.Barrier(8), []

    def write(number: int) -> None:
        with app.app_context():
            scope.enter(ids[0])
            mine = db.session.get_one(Member, ids)
            start.wait(10)
            try:
                for _ in range(5):
                    for turn in (number, number + 1):
                        if turn % 2:
                            audit.did(mine, "noted")
                        else:
                            events.record(ids[0], "channels_wanted", member=mine)
                    db.session.commit()
            except Exception as error:
                failed.append(error)
            db.session.remove()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)

    assert failed == []
    assert [entry.number for entry in entries_of(member)] == list(range(1, 81))
    verdict = _verdict(database, member)
    assert (verdict.broken, verdict.entries) == ("", 80)


def test_after_six_years_the_oldest_are_let_go_and_the_rest_is_still_verified(
    world: World, database: Database, superuser: psycopg.Connection[Any]
) -> None:
    member = world.member(world.organisation(created_at=now() - timedelta(days=8 * 365)))
    noted_down(member, 5)
    aged(superuser, member, 3)
    assert _verdict(database, member).broken == ""

    gone = keeping_steps.audit(member.organisation_id)
    db.session.commit()

    assert gone == 3
    assert keeping_steps.audit(member.organisation_id) == 0
    assert [entry.number for entry in entries_of(member)] == [4, 5]
    noted_down(member, 1)
    verdict = _verdict(database, member)
    assert (verdict.broken, verdict.entries, verdict.number) == ("", 3, 6)


def test_nothing_younger_than_six_years_is_let_go_whatever_is_asked_for(
    member: Member, superuser: psycopg.Connection[Any]
) -> None:
    noted_down(member, 3)
    aged(superuser, member, 2, years=5.9)

    assert audit_log.let_go(member.organisation_id, now(), 100) == 0
    assert len(entries_of(member)) == 3


def test_a_chain_of_which_everything_is_too_old_goes_on(
    world: World, database: Database, superuser: psycopg.Connection[Any]
) -> None:
    member = world.member(world.organisation(created_at=now() - timedelta(days=8 * 365)))
    noted_down(member, 4)
    aged(superuser, member, 4)

    assert [audit_log.let_go(member.organisation_id, now(), 3) for _ in range(3)] == [3, 1, 0]
    db.session.commit()
    assert _verdict(database, member).broken == ""
    noted_down(member, 1)
    assert [entry.number for entry in entries_of(member)] == [5]
    assert _verdict(database, member).broken == ""


def test_a_legal_hold_keeps_the_whole_audit_log(world: World, superuser: psycopg.Connection[Any]) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    hold = holds.place(member, world.channel(organisation).id, None, "A claim.")
    db.session.commit()
    aged(superuser, member, 1)

    assert keeping_steps.audit(member.organisation_id) == 0
    holds.lift(member, hold.id)
    assert keeping_steps.audit(member.organisation_id) == 1


def test_the_installation_has_a_chain_of_its_own(member: Member, database: Database) -> None:
    before = audit_log.of_installation().entries
    audit.operated("work_retried", "ada@host.example", "work", "all")
    db.session.commit()

    newest = audit_log.of_installation().entries[0]
    assert (newest.actor, newest.name, newest.action) == ("operator", "ada@host.example", "work_retried")
    assert newest.number == (before[0].number if before else 0) + 1
    assert db.session.scalars(select(AuditChain)).all() == []
    engine = create_engine(database.owner_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as connection:
        found = {one.name: one for one in audit_verifying.verify(connection)}
    engine.dispose()
    assert (found["The installation"].broken, found["The installation"].number) == ("", newest.number)
