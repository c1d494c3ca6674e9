"""Many rows in one statement that stays the same, however many they are.

The rows travel as one JSON value: written out as VALUES, a page of them would be thousands of parameters, and finding
these in the text of the statement took more time than storing the rows.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ARRAY, Row, Select, String, Table, TextClause, bindparam, func, select, text, true
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import InstrumentedAttribute

from healthberry.extensions import Base, db
from healthberry.models.channels import Channel

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def insert_unknown(model: type[Base], rows: Sequence[Mapping[str, Any]], *columns: str) -> Sequence[Row[Any]]:
    """Insert the rows that no unique constraint knows yet, and return `columns` of those.

    All rows have the same keys. Raises: StatementError, DataError where the database refuses a value.
    """
    if not rows:
        return []
    statement = _statement(cast(Table, model.__table__), tuple(rows[0]), columns)
    values = json.dumps(rows, default=_plain, ensure_ascii=True, separators=(",", ":"))
    result = db.session.execute(statement, {"rows": values})
    return result.all() if columns else []


@lru_cache(maxsize=64)
def _statement(table: Table, given: tuple[str, ...], returned: tuple[str, ...]) -> TextClause:
    typed = ", ".join(f"{name} {table.c[name].type.compile(_DIALECT)}" for name in given)
    names = ", ".join(given)
    back = f" RETURNING {', '.join(returned)}" if returned else ""
    # Only names of our own tables and columns are written into it, none from outside.
    wanted = f"INSERT INTO {table.name} ({names}) SELECT {names}"
    found = f" FROM json_to_recordset(CAST(:rows AS json)) AS given ({typed}) ON CONFLICT DO NOTHING{back}"
    statement = text(wanted + found)
    return statement.columns(*(table.c[name] for name in returned)) if returned else statement  # type: ignore[return-value]


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} can't be a column's value here")


def look_up(
    channel: Channel, name: InstrumentedAttribute[Any], ids: Collection[str], *columns: Any
) -> Sequence[Row[Any]]:
    """Return `columns` of the channel's rows whose `name`, unique within a channel, is one of `ids`.

    Each id is looked up by itself: given all of them at once, the planner rather reads the whole channel. It asks for
    the first of an order and not for an equal one, so that only the index on channel and id serves: where the planner
    knows little of a table that has just grown, it takes any index that names the channel for as good.
    """
    if not ids:
        return []
    values = {"organisation_id": channel.organisation_id, "channel_id": channel.id, "ids": list(ids)}
    return db.session.execute(_looking_up(name, columns), values).all()


@lru_cache(maxsize=64)
def _looking_up(name: InstrumentedAttribute[Any], columns: tuple[Any, ...]) -> Select[Any]:
    """Write the statement once: building it took as long as the database took to answer it."""
    model = name.class_
    given = func.unnest(bindparam("ids", type_=ARRAY(String))).table_valued("id").render_derived()
    found = (
        select(*columns)
        .where(
            model.organisation_id == bindparam("organisation_id"),
            model.channel_id == bindparam("channel_id"),
            name >= given.c.id,
            name <= given.c.id,
        )
        .order_by(name)
        .limit(1)
        .lateral()
    )
    return select(found).join_from(given, found, true())
