"""Tables for spreadsheets, as CSV in which no cell is a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

# With these a spreadsheet takes a cell for a formula, or for the end of one: an apostrophe before it makes it text.
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Excel takes a file for UTF-8 only with this at its beginning.
_MARK = "\ufeff"


def written(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return the whole file: a line of names, then the rows, as RFC 4180 has it."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(header)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return _MARK + file.getvalue()


def harmless(cell: object) -> object:
    """Return a cell that no spreadsheet computes; numbers stay numbers."""
    if isinstance(cell, int | float) or cell is None:
        return cell
    text = str(cell).replace("\x00", "")
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_BEGINS_FORMULA) else text
