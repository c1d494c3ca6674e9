"""CSV files and Excel workbooks become rows of texts: nothing in them is ever run, and their size is checked first."""

import csv
import io
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import islice
from typing import Any, Final

from charset_normalizer import from_bytes

from healthberry.connectors.capabilities import Field
from healthberry.connectors.errors import NotImported
from healthberry.connectors.imports import Upload
from healthberry.connectors.text import clean
from healthberry.connectors.zips import BROKEN, opened

# Looked at when openpyxl is imported: it would parse by lxml wherever that happens to be there. By defusedxml alone,
# which refuses every entity, a workbook is read alike on every machine.
os.environ["OPENPYXL_LXML"] = "False"
import openpyxl

MOST_ROWS: Final = 50_000
_MOST_COLUMNS: Final = 200
_MOST_CELLS: Final = 2_000_000
_LARGEST_UNPACKED: Final = 80 * 1024 * 1024
_ENTRIES: Final = 500
_LONGEST_CELL: Final = 30_000
_SNIFFED_ROWS: Final = 50
_JUDGED_BYTES: Final = 200_000
_DELIMITERS: Final = (",", ";", "\t", "|")
_NAMES: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_CODECS: Final = {"cp1252": "Windows", "mac_roman": "older Macs"}
_NO_TABLE: Final = "This file is neither a CSV file nor an Excel workbook (.xlsx)."

Row = tuple[str, ...]


@dataclass(frozen=True)
class Sheets:
    """The tables of a file by name, each as rows of texts with their numbers in the file; `says` is for people.

    `questions` must be answered before the texts can be trusted: in which way the bytes are letters.
    """

    tables: Mapping[str, Sequence[tuple[int, Row]]]
    says: str
    questions: tuple[Field, ...] = field(default=())


def read(upload: Upload, encoding: str = "") -> Sheets:
    """Read every row of a file. `encoding` is the answer to its question. Raises: NotImported."""
    if not upload.content.strip():
        raise NotImported("This file is empty.")
    if upload.content.startswith(b"PK\x03\x04"):
        return _workbook(upload.content)
    if upload.content.startswith((b"\xd0\xcf\x11\xe0", b"%PDF")):
        raise NotImported("This is an older Excel file or a PDF. Save it as .xlsx or .csv first.")
    return _text(upload.content, encoding)


def _text(content: bytes, encoding: str) -> Sheets:
    codec, questions = _codec(content, encoding)
    text = content.decode(codec, "replace").replace("\x00", "")
    delimiter = _delimiter(text)
    try:
        rows = _within_limits(enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1))
    except csv.Error as error:
        raise NotImported(f"{_NO_TABLE} ({error})") from error
    return Sheets({"": rows}, f"A CSV file with {_NAMES[delimiter]} between its columns", questions)


def _codec(content: bytes, chosen: str) -> tuple[str, tuple[Field, ...]]:
    """Return how the bytes are letters; whoever reads the samples says which of the old ways it is."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", ()
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8-sig", ()
    if from_bytes(content[:_JUDGED_BYTES], cp_isolation=list(_CODECS)).best() is None:
        raise NotImported("We cannot tell which letters this file holds. Save it as “CSV UTF-8” and upload that.")
    codecs = [codec for codec in _CODECS if "\ufffd" not in content.decode(codec, "replace")]
    labels = tuple((codec, f"{_sample(content.decode(codec))} ({_CODECS[codec]})") for codec in codecs)
    hint = "It decides on £, quotation marks and accents."
    question = Field("encoding", "Which of these reads right?", hint, "choice", choices=labels)
    return (chosen if chosen in codecs else codecs[0] if codecs else "cp1252"), (question,) if codecs else ()


def _sample(text: str) -> str:
    """Return the surroundings of the first letters that are not plain."""
    places = [place for place, letter in enumerate(text) if ord(letter) > 126][:1]
    start = max(places[0] - 20, 0) if places else 0
    return "“" + " ".join(text[start : start + 45].split()) + "”"


def _delimiter(text: str) -> str:
    """Return what most evenly parts the first rows into the most columns."""

    def evenness(delimiter: str) -> tuple[float, int]:
        try:
            rows = list(islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), _SNIFFED_ROWS))
        except csv.Error:
            return (0.0, 0)
        widths = [len(row) for row in rows if any(row)]
        most = max(set(widths), key=lambda width: (widths.count(width), width), default=1)
        return (widths.count(most) / len(widths) if most > 1 else 0.0, most)

    return max(_DELIMITERS, key=evenness)


def _workbook(content: bytes) -> Sheets:
    archive = opened(content, largest=_LARGEST_UNPACKED, entries=_ENTRIES)
    if "xl/workbook.xml" not in archive.namelist():
        raise NotImported(_NO_TABLE)
    tables = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl tells of styles and filters that it leaves out
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
            for sheet in book.worksheets:
                sheet.reset_dimensions()  # what the sheet says of its own size may be a lie
                cells = sheet.iter_rows(values_only=True)
                if rows := _within_limits(enumerate(map(_texts, cells), 1)):
                    tables[sheet.title] = rows
            book.close()
    except NotImported:
        raise
    except Exception as error:  # a workbook made to break is refused, whatever it breaks
        raise NotImported(BROKEN) from error
    if not tables:
        raise NotImported("This workbook is empty.")
    return Sheets(tables, "An Excel workbook")


def _within_limits(rows: Iterable[tuple[int, Sequence[str]]]) -> list[tuple[int, Row]]:
    """Return the rows that hold anything, with their numbers. Raises: NotImported beyond the limits."""
    kept: list[tuple[int, Row]] = []
    cells = 0
    for number, row in _bounded(rows):
        if len(row) > _MOST_COLUMNS and any(row[_MOST_COLUMNS:]):
            raise NotImported(f"Row {number:,} has more than {_MOST_COLUMNS} columns.")
        texts = _trimmed([clean(text, _LONGEST_CELL) for text in row[:_MOST_COLUMNS]])
        cells += len(texts)
        if len(kept) > MOST_ROWS or cells > _MOST_CELLS:
            raise NotImported(f"This file has more than {MOST_ROWS:,} rows. Upload it in parts.")
        if texts:
            kept.append((number, texts))
    return kept


def _trimmed(texts: list[str]) -> Row:
    """Drop the empty cells at the end of a row."""
    while texts and not texts[-1]:
        texts.pop()
    return tuple(texts)


def _bounded(rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[tuple[int, Sequence[str]]]:
    """A sheet may claim a million empty rows: those are walked over, but not for ever."""
    return islice(iter(rows), MOST_ROWS * 4)


def _texts(cells: Sequence[Any]) -> list[str]:
    return [_as_text(cell) for cell in cells]


def _as_text(cell: Any) -> str:
    """Write a cell as its text; times as ISO, so that no order of day and month is left open."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ") if cell.time() != time(0) else cell.date().isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)
