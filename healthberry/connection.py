"""The connection to PostgreSQL: it keeps what the server has prepared, and begins where an organisation's rows begin.

psycopg forgets all prepared statements with each ROLLBACK, and every page that only reads ends with one: without this,
most of what a page asked was parsed and planned anew. PostgreSQL itself keeps them; they are not part of a transaction.
It also describes each column of each answer, while SQLAlchemy wants to know that once for each statement.
"""

from collections.abc import Callable, Sequence
from typing import Any, overload
from uuid import UUID

import psycopg
from psycopg import Column, generators
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy import Engine, event

_BEGIN = "BEGIN; SELECT set_config('app.organisation_id', '{}', true)"


class Columns(Sequence[Column]):
    """The columns of an answer, described once somebody asks."""

    def __init__(self, describe: Callable[[], Sequence[Column]]) -> None:
        self._describe = describe
        self._described: Sequence[Column] | None = None

    def __len__(self) -> int:
        return len(self._all())

    @overload
    def __getitem__(self, which: int) -> Column: ...

    @overload
    def __getitem__(self, which: slice) -> Sequence[Column]: ...

    def __getitem__(self, which: int | slice) -> Column | Sequence[Column]:
        return self._all()[which]

    def _all(self) -> Sequence[Column]:
        if self._described is None:
            self._described = self._describe()
        return self._described


class Cursor(psycopg.Cursor[Any]):
    """A cursor whose columns are described for whoever asks while its answer is there."""

    @property
    def description(self) -> Any:
        """The columns of the answer, None where it has none."""
        answer = self.pgresult
        if answer is None or answer.status != ExecStatus.TUPLES_OK:
            return super().description
        return Columns(lambda: [Column(self, number) for number in range(answer.nfields)])


class Connection(psycopg.Connection[Any]):
    """A connection of psycopg that is used without autocommit, pipelines and two-phase transactions."""

    def rollback(self) -> None:
        """Roll back; what was prepared stays so.

        After a failure it is forgotten as ever: a table that has changed meanwhile is one.
        """
        if self.info.transaction_status is not TransactionStatus.INTRANS:
            super().rollback()
            return
        self._ask(b"ROLLBACK")

    def begin(self, organisation_id: UUID) -> None:
        """Let the transaction see the rows of this organisation: where none has begun, both in one round trip."""
        if self.info.transaction_status is TransactionStatus.IDLE and not self.autocommit:
            self._ask(_BEGIN.format(organisation_id).encode())
        else:
            self.execute("SELECT set_config('app.organisation_id', %s, true)", (str(organisation_id),))

    def _ask(self, query: bytes) -> None:
        with self.lock:
            self.pgconn.send_query(query)
            for result in self.wait(generators.execute(self.pgconn)):
                if result.status == ExecStatus.FATAL_ERROR:
                    raise error_from_result(result, encoding=self.info.encoding)


def use_for(engine: Engine) -> None:
    """Have the engine open its connections as these."""
    event.listen(engine, "do_connect", _connect)


def _connect(_dialect: object, _record: object, args: Any, options: Any) -> Connection:
    return Connection.connect(*args, cursor_factory=Cursor, **options)
