"""Tables: CSV in every spelling, workbooks with limits, letters and dates that are asked where nobody can know."""

import datetime as dt
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from healthberry.connectors import table_dates, table_files
from healthberry.connectors.errors import NotImported
from tests.connectors.files import a_file, as_csv, as_workbook, as_zip

ROOT = Path(__file__).resolve().parents[2]
NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
ROWS = [["Date", "Comment"], ["2026-05-03", "Very kind; thank you"], ["2026-05-04", 'She said "hello"\nand smiled']]


def rows_of(content: bytes, encoding: str = "") -> list[tuple[str, ...]]:
    """Return the rows of the first table of a file."""
    return [row for _, row in next(iter(table_files.read(a_file(content), encoding).tables.values()))]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_table_is_the_same_however_it_is_parted_and_coded(delimiter: str, encoding: str) -> None:
    rows = [*ROWS, ["2026-05-05", "£5 for the café — 👍"]]

    found = rows_of(as_csv(rows, delimiter=delimiter, encoding=encoding))

    assert found == [tuple(row) for row in rows]


def test_letters_that_can_be_read_in_two_ways_are_asked_about_with_what_they_would_be() -> None:
    content = as_csv([["Date", "Comment"], ["2026-05-03", "It cost £5 at the café"]], encoding="cp1252")

    (question,) = table_files.read(a_file(content)).questions

    assert question.default == ""
    labels = dict(question.choices)
    assert "£5 at the café" in labels["cp1252"]
    assert "£5 at the café" not in labels["mac_roman"]
    assert rows_of(content, "cp1252")[1][1] == "It cost £5 at the café"
    assert rows_of(content, "mac_roman")[1][1] != "It cost £5 at the café"


def test_a_formula_is_the_text_that_it_is_and_a_workbooks_dates_are_dates() -> None:
    half_past_nine = dt.datetime(2026, 5, 4, 9, 30)  # noqa: DTZ001 - a workbook knows no zones
    sheet: list[list[Any]] = [["Date", "Comment"], [dt.date(2026, 5, 3), "=1+1"], [half_past_nine, 4.0]]
    content = as_workbook({"Responses": sheet})

    # openpyxl writes "=1+1" as a formula without a value; in a CSV file it is its own text.
    assert rows_of(content) == [("Date", "Comment"), ("2026-05-03",), ("2026-05-04 09:30:00", "4")]
    assert rows_of(as_csv([["a", "b"], ["=1+1", "@SUM(A1)"]]))[1] == ("=1+1", "@SUM(A1)")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"   \n", "empty"),
        (b"\xd0\xcf\x11\xe0old", "older Excel file"),
        (b"%PDF-1.4", "PDF"),
        (b"PK\x03\x04broken", "damaged"),
        (as_zip({"readme.txt": "hello"}), "neither a CSV file nor an Excel workbook"),
        (as_zip({"xl/workbook.xml": "<not xml"}), "damaged"),
        (as_zip({"xl/workbook.xml": b"\0" * 60_000_000}), "packed so tightly"),
        (as_zip({f"{number}": "x" for number in range(600)}), "600 files in itself"),
    ],
)
def test_what_is_no_table_or_made_to_do_harm_is_refused_in_words(content: bytes, reason: str) -> None:
    with pytest.raises(NotImported, match=reason):
        table_files.read(a_file(content))


def test_workbooks_are_read_by_the_parser_of_an_installation_whatever_else_is_there() -> None:
    assert (openpyxl.DEFUSEDXML, openpyxl.LXML) == (True, False)
    main = {line.split("==")[0] for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line}
    assert "defusedxml" in main


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml"])
@pytest.mark.parametrize("kind", ["laughs", "file"])
def test_a_workbook_with_entities_is_refused_and_nothing_of_the_machine_is_read(
    part: str, kind: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    entities = {"laughs": f'<!ENTITY l0 "lol">{laughs}', "file": f'<!ENTITY l9 SYSTEM "{secret.as_uri()}">'}[kind]
    clean = zipfile.ZipFile(io.BytesIO(as_workbook({"Responses": [["Date", "Comment"], ["2026-05-03", "Very kind"]]})))
    parts = {name: clean.read(name).decode() for name in clean.namelist()}
    assert rows_of(as_zip(parts))[1] == ("2026-05-03", "Very kind")
    body = re.sub(r"^<\?xml[^>]*\?>", "", parts[part]).replace("Very kind", "&l9;").replace("Responses", "&l9;")
    hostile = as_zip(parts | {part: f"<!DOCTYPE x [{entities}]>{body}"})

    with pytest.raises(NotImported, match="damaged"):
        table_files.read(a_file(hostile))


def test_a_workbook_that_lies_about_its_sizes_is_found_out() -> None:
    content = as_zip({"xl/workbook.xml": b" " * 3_000_000, "x": b"y"})
    lied = content.replace((3_000_000).to_bytes(4, "little"), (300).to_bytes(4, "little"))
    assert zipfile.ZipFile(io.BytesIO(lied)).infolist()[0].file_size == 300

    with pytest.raises(NotImported, match="damaged"):
        table_files.read(a_file(lied))


def test_more_rows_or_columns_than_we_take_are_refused() -> None:
    with pytest.raises(NotImported, match="more than 50,000 rows"):
        table_files.read(a_file(b"a,b\n" + b"1,2\n" * 50_001))
    with pytest.raises(NotImported, match="more than 200 columns"):
        table_files.read(a_file(b"x," * 300 + b"y\n"))


def test_nul_and_other_control_characters_are_dropped() -> None:
    assert rows_of(b"a,b\n1,x\x00y\x07z\n")[1] == ("1", "xyz")


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("2026-05-03", "dmy", "2026-05-03"),
        ("2026-05-03T23:30:00+00:00", "dmy", "2026-05-03"),
        ("03/05/2026", "dmy", "2026-05-03"),
        ("03/05/2026", "mdy", "2026-03-05"),
        ("3.5.26", "dmy", "2026-05-03"),
        ("03/05/2026 14:05", "dmy", "2026-05-03"),
        ("3 May 2026", "mdy", "2026-05-03"),
        ("Sun 3rd May 2026", "dmy", "2026-05-03"),
        ("03-May-26", "dmy", "2026-05-03"),
        ("May 3, 2026", "dmy", "2026-05-03"),
        ("46145", "dmy", "2026-05-03"),
        ("31/02/2026", "dmy", None),
        ("03/05/2027", "dmy", None),
        ("03/05/1901", "dmy", None),
        ("yesterday", "dmy", None),
        ("", "dmy", None),
        ("99999999999999", "dmy", None),
        ("03/05/2026 99:99", "dmy", None),
    ],
)
def test_dates_are_read_in_the_spellings_that_exports_have(
    text: str, order: table_dates.Order, day: str | None
) -> None:
    found = table_dates.moment(text, order, NOW)
    assert (found and found.at.date().isoformat()) == day


def test_an_order_that_the_file_shows_is_not_asked_and_one_that_it_does_not_show_is() -> None:
    assert table_dates.order_question(["03/05/2026", "13/05/2026"]) is None
    assert table_dates.order_of(["03/05/2026", "13/05/2026"], "") == "dmy"
    assert table_dates.order_of(["03/05/2026", "05/13/2026"], "dmy") == "mdy"
    assert table_dates.order_question(["2026-05-03", "4 May 2026"]) is None
    assert table_dates.order_question(["04/04/2026"]) is None

    question = table_dates.order_question(["04/04/2026", "03/05/2026"])

    assert question is not None
    assert question.default == ""
    assert dict(question.choices) == {
        "dmy": "Day first: 03/05/2026 is 3 May 2026",
        "mdy": "Month first: 03/05/2026 is 5 March 2026",
    }
    assert table_dates.order_of(["03/05/2026"], "mdy") == "mdy"


def test_a_day_without_an_hour_is_noon_in_london() -> None:
    found = table_dates.moment("2026-07-01", "dmy", NOW)
    assert found is not None
    assert (found.at.isoformat(), found.timed) == ("2026-07-01T11:00:00+00:00", False)
