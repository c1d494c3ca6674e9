"""The statements that core sends to the database, with one comparison of an organisation taken out of each.

What is sent is recorded as it runs, and afterwards sent again, whole and maimed, by whichever role is asked for.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final
from uuid import UUID

import psycopg
from flask import has_app_context
from sqlalchemy import Engine, event

from healthberry.core import scope

CORE: Final = Path(scope.__file__).parent
_COLUMN: Final = r"(?:\w+\.)?(?:reads_)?organisation_id"
_VALUE: Final = r"%\(\w+\)s(?:::\w+)?"
_FILTER: Final = re.compile(rf"\b{_COLUMN} = (?:{_VALUE}|{_COLUMN})|{_VALUE} = {_COLUMN}\b")
# A column that names a row, and the values that it is compared with.
_NAMING: Final = re.compile(
    rf"\b(\w+)\.(\w*id|email|state_hash) (?:= (?:ANY ?\()?|IN \()((?:{_VALUE}(?:, )?)+)", re.IGNORECASE
)
_MOST: Final = 2  # sets of values that one statement is tried with
_OURS: Final = object()
Foreign = Mapping[str, Mapping[str, Any]]  # table -> column -> value, of rows of the other organisation


@dataclass(frozen=True)
class Mutant:
    """A statement as it was, without one of its comparisons, and the values that it is sent with."""

    whole: str
    words: str
    values: Mapping[str, Any]


@dataclass
class Sent:
    """Statements that keep to an organisation, and the values they were sent with: which organisation is left open."""

    seen: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    @contextmanager
    def recorded(self, engine: Engine) -> Iterator[None]:
        """Note what this engine sends."""
        event.listen(engine, "before_cursor_execute", self.note)
        try:
            yield
        finally:
            event.remove(engine, "before_cursor_execute", self.note)

    def note(self, connection: object, cursor: object, words: str, values: object, *more: object) -> None:
        """Remember a statement, if it keeps to the organisation that the session is in."""
        organisation_id = scope.current() if has_app_context() else None
        if organisation_id is None or not isinstance(values, Mapping) or not _FILTER.search(words):
            return
        general = {name: _OURS if value == organisation_id else value for name, value in values.items()}
        if len(self.seen[words]) < _MOST and general not in self.seen[words]:
            self.seen[words].append(general)

    def mutants(self, ours: UUID, foreign: Foreign) -> Iterator[Mutant]:
        """Take each comparison out of each statement in turn, and then all; rows are asked for as recorded, and by the
        names of another organisation's rows.
        """
        for words, sets in self.seen.items():
            found = [match.span() for match in _FILTER.finditer(words)]
            maimed = {words[:start] + "true" + words[end:] for start, end in found} | {_FILTER.sub("true", words)}
            for general in sets:
                values = {name: ours if value is _OURS else value for name, value in general.items()}
                for one in sorted(maimed):
                    yield Mutant(words, one, values)
                    yield Mutant(words, one, _renamed(words, values, foreign))


def _renamed(words: str, values: Mapping[str, Any], foreign: Foreign) -> dict[str, Any]:
    """Name rows of the other organisation wherever the statement names rows."""
    renamed = dict(values)
    for name, column, given in _NAMING.findall(words):
        of = re.search(rf"\b(?:FROM|JOIN|UPDATE|,) (\w+) (?:AS )?{name}\b", words)
        other = foreign.get(of[1] if of else name, {}).get(column)
        if other is not None and not column.endswith("organisation_id"):
            for value in re.findall(r"%\((\w+)\)s", given):
                renamed[value] = [other] if isinstance(values[value], list) else other
    return renamed


def answer(connection: psycopg.Connection, mutant: Mutant) -> object:
    """Send a mutant, undo what it did, and return its rows in any order, how many it changed, or why it failed."""
    reads = mutant.words.lstrip().startswith("SELECT")
    with nullcontext() if reads else connection.transaction(force_rollback=True):
        try:
            cursor = connection.execute(mutant.words.encode(), mutant.values)
        except psycopg.Error as error:
            return type(error).__name__
        return sorted(map(repr, cursor.fetchall())) if cursor.description else [], cursor.rowcount


def comparisons() -> set[tuple[str, int]]:
    """Return file and line of everything in core that holds a query to one organisation, in Python or in SQL."""
    found = set()
    for file in CORE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Compare) and any(map(_is_column, (node.left, *node.comparators))):
                found.add((file.relative_to(CORE).as_posix(), node.lineno))
    return found


def _is_column(node: ast.expr) -> bool:
    """Whether this is `Model.organisation_id`: models are written with a capital, or held in `model`."""
    if not (isinstance(node, ast.Attribute) and node.attr.endswith("organisation_id")):
        return False
    return isinstance(node.value, ast.Name) and (node.value.id[0].isupper() or node.value.id in ("model", "table"))


@contextmanager
def lines_run() -> Iterator[set[tuple[str, int]]]:
    """Note file and line of what runs in core meanwhile, in this thread."""
    run: set[tuple[str, int]] = set()
    files = {str(file): file.relative_to(CORE).as_posix() for file in CORE.rglob("*.py")}

    def inside(frame: FrameType, what: str, argument: object) -> Any:
        run.add((files[frame.f_code.co_filename], frame.f_lineno))
        return inside

    def called(frame: FrameType, what: str, argument: object) -> Any:
        return inside(frame, what, argument) if frame.f_code.co_filename in files else None

    before = sys.gettrace()
    sys.settrace(called)
    try:
        yield run
    finally:
        sys.settrace(before)
