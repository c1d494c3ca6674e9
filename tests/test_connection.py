"""Our connection to PostgreSQL: what was prepared outlives a rollback, and an organisation's rows begin with it."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from healthberry.connection import Connection
from healthberry.local.postgres import Database

_OFTEN = 8  # psycopg has a statement prepared at its sixth time


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with Connection.connect(database.app_url) as opened:
        yield opened


def test_a_statement_stays_prepared_over_the_pages_that_ask_it(connection: Connection) -> None:
    for _ in range(_OFTEN):
        connection.execute("SELECT count(*) FROM members WHERE name = %s", ("Wren",))
        connection.rollback()

    assert _prepared(connection) == ["SELECT count(*) FROM members WHERE name = $1"]


def test_after_a_failure_all_is_prepared_anew_for_a_table_may_have_changed(connection: Connection) -> None:
    for _ in range(_OFTEN):
        connection.execute("SELECT count(*) FROM members WHERE name = %s", ("Wren",))
        connection.rollback()
    with pytest.raises(psycopg.errors.DivisionByZero):
        connection.execute("SELECT 1 / 0")
    connection.rollback()

    assert _prepared(connection) == []
    assert connection.execute("SELECT count(*) FROM members WHERE name = %s", ("Wren",)).fetchone() == (0,)


def test_what_was_not_committed_is_gone_after_a_rollback(connection: Connection) -> None:
    connection.begin(uuid4())
    connection.execute("CREATE TEMPORARY TABLE kept (word text) ON COMMIT PRESERVE ROWS")
    connection.commit()
    connection.execute("INSERT INTO kept VALUES ('one')")
    connection.rollback()

    assert connection.info.transaction_status is TransactionStatus.IDLE
    assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_an_organisation_is_entered_for_one_transaction_begun_or_not(connection: Connection) -> None:
    one, other = uuid4(), uuid4()

    connection.begin(one)
    first = _entered(connection)
    connection.begin(other)
    second = _entered(connection)
    connection.rollback()

    assert (first, second) == (str(one), str(other))
    assert _entered(connection) == ""


def test_a_connection_that_was_cut_says_so_as_it_begins(connection: Connection, database: Database) -> None:
    with psycopg.connect(database.app_url) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))

    with pytest.raises(psycopg.OperationalError):
        connection.begin(uuid4())


def _entered(connection: Connection) -> str:
    row = connection.execute("SELECT current_setting('app.organisation_id', true)").fetchone()
    assert row is not None
    return str(row[0] or "")


def _prepared(connection: Connection) -> list[str]:
    with connection.cursor() as cursor:
        found = cursor.execute("SELECT statement FROM pg_prepared_statements ORDER BY 1", prepare=False).fetchall()
    return [statement for (statement,) in found]
