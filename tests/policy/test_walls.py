"""Two walls between organisations: core's own filters, and row-level security in PostgreSQL."""

import psycopg
import pytest
from flask import Flask

from healthberry.core import conversations, discovery, organisations, replies, scope, thread
from healthberry.core.errors import NotFound
from healthberry.extensions import db
from healthberry.local.postgres import Database
from tests.world import World


def _owned_tables(database: Database) -> list[str]:
    with psycopg.connect(database.owner_url) as connection:
        rows = connection.execute(
            "SELECT table_name FROM information_schema.columns"
            " WHERE column_name = 'organisation_id' AND table_schema = 'public' ORDER BY table_name"
        ).fetchall()
    return [row[0] for row in rows]


def test_every_owned_table_forces_row_level_security(database: Database) -> None:
    with psycopg.connect(database.owner_url) as connection:
        forced = connection.execute(
            "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity ORDER BY relname"
        ).fetchall()

    assert set(_owned_tables(database)) <= {row[0] for row in forced}
    assert len(_owned_tables(database)) >= 14


def test_every_unique_constraint_of_an_owned_table_begins_with_the_organisation(database: Database) -> None:
    with psycopg.connect(database.owner_url) as connection:
        leading = connection.execute(
            "SELECT t.relname, i.relname, a.attname FROM pg_index x"
            " JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid"
            " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0] WHERE x.indisunique"
        ).fetchall()

    owned = set(_owned_tables(database))
    assert [row for row in leading if row[0] in owned and row[2] != "organisation_id"] == []


def test_without_an_organisation_the_applications_role_sees_nothing(
    world: World, app: Flask, database: Database
) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    (conversation,) = world.arrives(world.channel(organisation), world.item("midwife"))
    conversations.add_note(member, conversation, "For us only")
    db.session.commit()

    with psycopg.connect(database.app_url) as connection:
        seen = {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
            for table in _owned_tables(database)
        }
        found = connection.execute("SELECT search_conversations('midwife', '{}', 10)").fetchall()
        connection.execute("SELECT set_config('app.organisation_id', %s, true)", (str(organisation.id),))
        notes = connection.execute("SELECT count(*) FROM notes").fetchone()

    assert set(seen.values()) == {(0,)}
    assert found == []
    assert notes == (1,)


def test_what_an_organisation_decided_and_what_it_lacks_is_read_by_its_own_people_only(
    world: World, database: Database
) -> None:
    ours, theirs = world.organisation(), world.organisation()
    for organisation in (ours, theirs):
        scope.enter(organisation.id)
        organisations.keep(organisation.id, alert_excerpts=True)
        discovery.end_look(organisation.id, ["Not found."])
        db.session.commit()

    with psycopg.connect(database.app_url) as connection:
        outside = connection.execute("SELECT count(*) FROM organisation_details").fetchone()
        connection.execute("SELECT set_config('app.organisation_id', %s, true)", (str(ours.id),))
        inside = connection.execute("SELECT * FROM organisation_details").fetchall()

    assert outside == (0,)
    assert inside == [(ours.id, True, ["Not found."], None, [], None, "", "")]


def test_from_outside_an_organisation_shows_what_signing_up_needs_and_no_more(database: Database) -> None:
    with psycopg.connect(database.owner_url) as connection:
        columns = connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'organisations'"
        ).fetchall()

    facts = {"id", "ods_code", "name", "kind", "nation", "town", "postcode", "web_domain", "listed", "created_at"}
    looks = {"discover_next_at", "discover_failures", "discovered_at"}  # what the sweep goes by: times, and a count
    assert {row[0] for row in columns} == facts | looks


def test_the_applications_role_cannot_write_for_another_organisation(world: World, database: Database) -> None:
    ours, theirs = world.organisation(), world.organisation()
    world.member(theirs)

    with psycopg.connect(database.app_url) as connection:
        connection.execute("SELECT set_config('app.organisation_id', %s, true)", (str(ours.id),))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(
                "INSERT INTO activity_counters (organisation_id, last_number) VALUES (%s, 1)", (theirs.id,)
            )


def test_the_applications_role_owns_nothing_and_passes_no_wall(database: Database) -> None:
    with psycopg.connect(database.app_url) as connection:
        role = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        owns = connection.execute("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole").fetchone()

    assert role == (False, False, False)
    assert owns == (0,)


def test_core_answers_not_found_for_another_organisations_rows(world: World) -> None:
    ours, theirs = world.organisation(), world.organisation()
    (conversation,) = world.arrives(world.channel(theirs), world.item())
    member = world.member(ours)

    with pytest.raises(NotFound):
        thread.open_conversation(member, conversation)
    with pytest.raises(NotFound):
        conversations.close(member, conversation, "spam")
    with pytest.raises(NotFound):
        replies.queue_reply(member, conversation, "Hello", 1)
