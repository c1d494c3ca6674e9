"""What importers of tables share: the header row is found, columns are matched by their names, dates are read.

A kind derives from `TableImporter`, lists its `columns`, and makes an item of one row in `row`; more questions than
those for columns, letters, sheet and date order come from `more`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from healthberry.connectors import table_dates as dates
from healthberry.connectors import table_files
from healthberry.connectors.base import InboundItem
from healthberry.connectors.capabilities import Field
from healthberry.connectors.errors import NotImported
from healthberry.connectors.imports import FileLook, FileReading, ReadRow, Upload
from healthberry.connectors.reading import Unreadable
from healthberry.connectors.table_dates import Dated, Order
from healthberry.connectors.table_files import Row, Sheets
from healthberry.connectors.text import line

NOTHING: Final = "none"  # the answer that no column of the file is meant
_HEADER_WITHIN: Final = 30
_PREFIX: Final = "column_"
_SAMPLES: Final = 3
_SAMPLE_LENGTH: Final = 40
_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Column:
    """One thing that rows tell. `names` are headers that mean it, in small letters without signs; `date` is read so."""

    name: str
    label: str
    names: tuple[str, ...]
    required: bool = False
    hint: str = ""
    date: bool = False


@dataclass(frozen=True)
class Table:
    """The header of a sheet, and the rows below it with their numbers in the file."""

    headers: Row
    rows: Sequence[tuple[int, Row]]
    says: str

    def values(self, column: int) -> list[str]:
        """Return what stands in a column, without its empty cells."""
        return [row[column] for _, row in self.rows if column < len(row) and row[column]]


@dataclass(frozen=True)
class Cells:
    """One row, by the names of the importer's columns."""

    row: Row
    chosen: Mapping[str, int]
    order: Order

    def text(self, name: str) -> str:
        """Return what stands in a column, "" where there is none."""
        place = self.chosen.get(name)
        return self.row[place] if place is not None and place < len(self.row) else ""

    def moment(self, name: str) -> Dated:
        """Return when it was. Raises: Unreadable for what is no date."""
        found = dates.moment(self.text(name), self.order)
        if found is None:
            raise Unreadable(f"“{line(self.text(name), 40)}” is no date, or one still to come.")
        return found


class TableImporter:
    """An importer of CSV files and Excel workbooks."""

    columns: ClassVar[tuple[Column, ...]]
    piece: ClassVar[str] = "row"

    def row(self, cells: Cells) -> InboundItem:
        """Make the item of one row. Raises: Unreadable."""
        raise NotImplementedError

    def period(self, cells: Cells, item: InboundItem) -> str:
        """Return the day and unit that tell overlapping exports apart; "" where ids do."""
        return ""

    def more(self, table: Table, chosen: Mapping[str, int]) -> tuple[Field, ...]:
        """Return what else has to be asked of a table."""
        return ()

    def start(self, table: Table, chosen: Mapping[str, int], answers: Mapping[str, str]) -> "TableImporter":
        """Return what reads this very file, where rows depend on each other or on answers."""
        return self

    def look(self, upload: Upload, answers: Mapping[str, str]) -> FileLook:
        """Say what the table is, and ask for its columns and for what is ambiguous. Raises: NotImported."""
        return self.look_at(table_files.read(upload, answers.get("encoding", "")), answers)

    def look_at(self, sheets: Sheets, answers: Mapping[str, str]) -> FileLook:
        """Do the same with a file that was opened already."""
        sheet = self._sheet_question(sheets.tables)
        table = self._table(sheets, answers)
        questions = [*sheets.questions, *([sheet] if sheet else []), *self._column_questions(table)]
        chosen = _chosen(table, questions, answers)
        questions += [one for column in self.columns if (one := self._order_question(table, chosen, column))]
        return FileLook(table.says, (*questions, *self.more(table, chosen)))

    def read(self, upload: Upload, answers: Mapping[str, str]) -> FileReading:
        """Read every row. Raises: NotImported."""
        return self.read_from(table_files.read(upload, answers.get("encoding", "")), answers)

    def read_from(self, sheets: Sheets, answers: Mapping[str, str]) -> FileReading:
        """Do the same with a file that was opened already."""
        table = self._table(sheets, answers)
        chosen = _chosen(table, self._column_questions(table), answers)
        reader = self.start(table, chosen, answers)
        order = self._order(table, chosen, answers)
        return FileReading([reader.read_row(number, Cells(row, chosen, order)) for number, row in table.rows])

    def read_row(self, number: int, cells: Cells) -> ReadRow:
        """Read one row; what cannot be read says why."""
        place = f"Row {number:,}"
        try:
            item = self.row(cells)
        except Unreadable as reason:
            return ReadRow(place, reason=str(reason))
        return ReadRow(place, item, period=self.period(cells, item))

    def _sheet_question(self, tables: Mapping[str, Sequence[tuple[int, Row]]]) -> Field | None:
        if len(tables) < 2:
            return None
        fits = [name for name, rows in tables.items() if self._fit(rows)[1] >= self._needed()]
        choices = tuple((name, f"{name} ({len(rows):,} rows)") for name, rows in tables.items())
        return Field("sheet", "Sheet", "", "choice", choices=choices, default=fits[0] if len(fits) == 1 else "")

    def _table(self, sheets: Sheets, answers: Mapping[str, str]) -> Table:
        asked = self._sheet_question(sheets.tables)
        name = answers.get("sheet") or (asked.default if asked else "")
        rows = sheets.tables.get(name) or next(iter(sheets.tables.values()))
        if len(rows) < 2:
            raise NotImported("There is nothing below the first row of this file.")
        header, _ = self._fit(rows)
        below = rows[header + 1 :]
        if not below:
            raise NotImported("There is nothing below the names of the columns.")
        says = f"{sheets.says}, {len(below):,} {self.piece}{'' if len(below) == 1 else 's'}."
        return Table(rows[header][1], below, says)

    def _needed(self) -> int:
        return max(sum(column.required for column in self.columns), 1)

    def _fit(self, rows: Sequence[tuple[int, Row]]) -> tuple[int, int]:
        """Return which of the first rows names the columns, and how many required ones it names."""
        best, score = 0, (0, 0)
        for place, (_, row) in enumerate(rows[:_HEADER_WITHIN]):
            known = _matched(self.columns, row)
            here = (sum(column.required for column in self.columns if column.name in known), len(known))
            if here[0] and here > score:
                best, score = place, here
        return best, score[0]

    def _column_questions(self, table: Table) -> list[Field]:
        known = _matched(self.columns, table.headers)
        choices = tuple((str(place), _label(table, place)) for place in range(len(table.headers)))
        return [
            Field(
                _PREFIX + column.name,
                column.label,
                column.hint,
                "choice",
                required=True,
                choices=choices if column.required else ((NOTHING, "Not in this file"), *choices),
                default=str(known[column.name]) if column.name in known else ("" if column.required else NOTHING),
            )
            for column in self.columns
        ]

    def _order_question(self, table: Table, chosen: Mapping[str, int], column: Column) -> Field | None:
        if not column.date or column.name not in chosen:
            return None
        return dates.order_question(table.values(chosen[column.name]))

    def _order(self, table: Table, chosen: Mapping[str, int], answers: Mapping[str, str]) -> Order:
        texts = [
            text
            for column in self.columns
            if column.date and column.name in chosen
            for text in table.values(chosen[column.name])
        ]
        return dates.order_of(texts, answers.get("date_order", ""))


def _matched(columns: Sequence[Column], headers: Row) -> dict[str, int]:
    """Return the columns that the headers name: exactly first, then by their beginning; no header twice."""
    plain = [_plain(header) for header in headers]
    found: dict[str, int] = {}
    for exact in (True, False):
        for column in columns:
            if column.name in found:
                continue
            for name in column.names:
                fits = [
                    place
                    for place, header in enumerate(plain)
                    if place not in found.values() and (header == name or (not exact and header.startswith(name + " ")))
                ]
                if fits:
                    found[column.name] = fits[0]
                    break
    return found


def _chosen(table: Table, questions: Sequence[Field], answers: Mapping[str, str]) -> dict[str, int]:
    chosen = {}
    for one in questions:
        if not one.name.startswith(_PREFIX):
            continue
        answer = answers.get(one.name, "") or one.default
        if answer.isascii() and answer.isdigit() and len(answer) < 5 and int(answer) < len(table.headers):
            chosen[one.name.removeprefix(_PREFIX)] = int(answer)
    return chosen


def _plain(header: str) -> str:
    return _WORD.sub(" ", header.casefold()).strip()


def _label(table: Table, place: int) -> str:
    samples = list(dict.fromkeys(table.values(place)))[:_SAMPLES]
    shown = ", ".join(f"“{line(text, _SAMPLE_LENGTH)}{'…' if len(text) > _SAMPLE_LENGTH else ''}”" for text in samples)
    name = line(table.headers[place], 80) or f"Column {place + 1}"
    return f"{name}: {shown}" if shown else f"{name} (empty)"
