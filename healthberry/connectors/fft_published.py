"""The monthly results that NHS England publishes: counts of answers, no comments.

Source: the templates of NHS England's workbooks (ICB, Trusts, Sites, Wards of inpatient and A&E, PTS Org of ambulance):
"*" stands for a number that is suppressed because so few answered, which is not 0.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from healthberry.connectors.capabilities import Field
from healthberry.connectors.errors import NotImported
from healthberry.connectors.fft_answers import OLD_WORDS, plain
from healthberry.connectors.imports import FileLook, FileReading, UnitCounts, Upload
from healthberry.connectors.table_files import Row, Sheets
from healthberry.connectors.text import line

ANSWERS: Final = ("very good", "good", "neither good nor poor", "poor", "very poor")
_DONT_KNOW: Final = ("don t know", "dont know")
_HEADER_WITHIN: Final = 30
_MONTHS_BACK: Final = 84
# The narrowest unit of a row is what it counts: each with the columns that name it.
_LEVELS: Final = (
    ("ward", "site code", "ward name"),
    ("site", "site code", "site name"),
    ("trust", "trust code", "trust name"),
    ("trust", "org code", "organisation name"),
    ("trust", "org code", "org name"),
    ("practice", "practice code", "practice name"),
    ("icb", "icb code", "icb name"),
)
SERVICES: Final = (
    ("inpatient", "Inpatient and day case"),
    ("ae", "A&E"),
    ("ambulance", "Ambulance"),
    ("gp", "GP practice"),
    ("dental", "Dental"),
    ("maternity", "Maternity"),
    ("outpatient", "Outpatient"),
    ("mental_health", "Mental health"),
    ("community", "Community"),
)
_NAMED: Final = {"a&e": "ae", "mental health": "mental_health", "mental-health": "mental_health"}
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = re.compile(
    r"(?<![a-z])(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[\s\-_]*(20\d\d|\d\d)(?!\d)", re.IGNORECASE
)
_SAYS: Final = (
    "These are monthly results as NHS England publishes them. They hold no comments, so nothing comes into the inbox: "
    "only the counts of your own organisation are kept."
)
_OLD: Final = (
    "These are results of the question that was asked until 2020 (“How likely are you to recommend…”). They cannot be "
    "compared with those of today and hold no comments, so there is nothing to import."
)


def is_published(sheets: Sheets) -> bool:
    """Say whether a file is one of the published workbooks, or a sheet of one. Raises: NotImported for the old ones."""
    if any(_header(rows, tuple(OLD_WORDS)[:2]) is not None for rows in sheets.tables.values()):
        raise NotImported(_OLD)
    return any(_header(rows, ANSWERS) is not None for rows in sheets.tables.values())


def look(upload: Upload, sheets: Sheets) -> FileLook:
    """Say what it is, and ask for month and service where the file's name and first rows do not tell."""
    words = f"{upload.name} {_preamble(sheets)}"
    months = tuple((value, value) for value in _recent_months())
    month, service = _month_in(words), _service_in(words)
    known = month if month in dict(months) else ""
    return FileLook(
        _SAYS,
        (
            Field("month", "Which month is it?", "", "choice", choices=months, default=known),
            Field("service", "Which survey is it?", "", "choice", choices=SERVICES, default=service),
        ),
    )


def read(upload: Upload, sheets: Sheets, answers: Mapping[str, str]) -> FileReading:
    """Read the counts of every unit. Raises: NotImported where month or survey are not known."""
    defaults = {one.name: one.default for one in look(upload, sheets).questions}
    month = answers.get("month") or defaults["month"]
    service = answers.get("service") or defaults["service"]
    counts = [one for rows in sheets.tables.values() for one in _counts(rows, month, service)]
    return FileReading(counts=counts, notes=[_SAYS])


def _counts(rows: Sequence[tuple[int, Row]], month: str, service: str) -> list[UnitCounts]:
    found = _header(rows, ANSWERS)
    if found is None:
        return []
    place, columns = found
    level = next((one for one in _LEVELS if one[1] in columns and one[2] in columns), None)
    if level is None:
        return []
    return [one for _, row in rows[place + 1 :] if (one := _unit(row, columns, level, month, service))]


def _unit(
    row: Row, columns: Mapping[str, int], level: tuple[str, str, str], month: str, service: str
) -> UnitCounts | None:
    code, name = (line(_cell(row, columns[one]), 200) for one in level[1:])
    numbers = [_cell(row, columns[one]) for one in (*ANSWERS, _dont_know(columns))]
    if not re.fullmatch(r"[A-Z0-9]{3,8}", code) or not name:
        return None
    if any("*" in number for number in numbers):
        return UnitCounts(month, service, level[0], code, name, None)
    counted = [_count(number) for number in numbers]
    if any(number is None for number in counted):
        return None
    a, b, c, d, e, f = (number or 0 for number in counted)
    return UnitCounts(month, service, level[0], code, name, (a, b, c, d, e, f))


def _header(rows: Sequence[tuple[int, Row]], needed: Sequence[str]) -> tuple[int, dict[str, int]] | None:
    """Return which of the first rows names these columns, and where they stand.

    Names may be parted over two rows, the first above merged cells.
    """
    for place, (_, row) in enumerate(rows[:_HEADER_WITHIN]):
        above = rows[place - 1][1] if place else ()
        columns: dict[str, int] = {}
        for column, cell in enumerate(row):
            name = plain(cell) or (plain(above[column]) if column < len(above) else "")
            columns.setdefault(re.sub(r"^[1-6] | sum$", "", name), column)
        if all(name in columns for name in needed) and _counts_people(columns):
            return place, columns
    return None


def _counts_people(columns: Mapping[str, int]) -> bool:
    return "total responses" in columns


def _dont_know(columns: Mapping[str, int]) -> str:
    return next((name for name in _DONT_KNOW if name in columns), ANSWERS[-1])


def _cell(row: Row, column: int) -> str:
    return row[column] if column < len(row) else ""


def _count(text: str) -> int | None:
    digits = text.replace(",", "").strip()
    if digits in ("", "-"):
        return 0
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 9 else None


def _preamble(sheets: Sheets) -> str:
    return " ".join(cell for rows in sheets.tables.values() for _, row in rows[:10] for cell in row[:5])[:4000]


def _month_in(words: str) -> str:
    found = _MONTH.search(words)
    if found is None:
        return ""
    year = int(found[2]) if len(found[2]) == 4 else 2000 + int(found[2])
    return f"{year}-{_MONTHS.index(found[1].lower()) + 1:02}"


def _service_in(words: str) -> str:
    small = words.casefold()
    for named, value in (*_NAMED.items(), *((value, value) for value, _ in SERVICES)):
        if re.search(rf"(?<![a-z]){re.escape(named)}(?![a-z])", small):
            return value
    return ""


def _recent_months() -> list[str]:
    """Return the last months, newest first, as YYYY-MM."""
    today = datetime.now(UTC).date()
    last = today.year * 12 + today.month - 1
    return [f"{month // 12}-{month % 12 + 1:02}" for month in range(last, last - _MONTHS_BACK, -1)]
