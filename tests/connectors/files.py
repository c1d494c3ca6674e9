"""Files as people upload them, made in the test that needs them."""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import openpyxl

from healthberry.connectors.imports import FileLook, Upload


def as_csv(rows: Iterable[Sequence[object]], *, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    """Return rows as a CSV file."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode(encoding)


def as_workbook(sheets: Mapping[str, Iterable[Sequence[Any]]]) -> bytes:
    """Return sheets as an Excel workbook."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_zip(entries: Mapping[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return entries as a ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def a_file(content: bytes, name: str = "export.csv") -> Upload:
    """Return an uploaded file."""
    return Upload(name, content)


def defaults(look: FileLook, **changes: str) -> dict[str, str]:
    """Answer every question as it is proposed, but for `changes`."""
    return {one.name: changes.get(one.name, one.default) for one in look.questions}


def asked(look: FileLook) -> dict[str, str]:
    """Return the questions that nobody has answered yet, with their labels."""
    return {one.name: one.label for one in look.questions if not one.default}
