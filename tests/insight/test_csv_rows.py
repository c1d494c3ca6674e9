"""Files for spreadsheets: every cell comes back as it was, and none is a formula."""

import csv
import io

import pytest

from healthberry.insight import csv_rows


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+44 20",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =cmd|' /C calc'!A0",
        "\u00a0=1",
        "\uff1d1+1",
        "\uff20x",
    ],
)
def test_what_a_spreadsheet_would_compute_becomes_text(cell: str) -> None:
    assert csv_rows.harmless(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["", "plain", "a=b", "'quoted", "3 May", "日本語", 7, -7, 1.5, None])
def test_anything_else_stays_as_it_is(cell: object) -> None:
    assert csv_rows.harmless(cell) == cell


def test_commas_quotes_and_lines_come_back() -> None:
    cells = ['He said "no", then left', "two\r\nlines", "ends,\n"]

    written = csv_rows.written(("a", "b", "c"), [cells])

    assert written.startswith("\ufeffa,b,c\r\n")
    assert list(csv.reader(io.StringIO(written[1:], newline="")))[1] == cells
