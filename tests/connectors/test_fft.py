"""Friends and Family Test: exports whatever their columns are called, answers in every spelling, published results."""

from typing import Any

import pytest

from healthberry.connectors import fft_answers
from healthberry.connectors.base import ReplyTarget
from healthberry.connectors.errors import NotImported
from healthberry.connectors.fft import Fft, FftFiles
from healthberry.connectors.imports import FileReading, ReadRow
from tests.connectors.fakes import access
from tests.connectors.files import a_file, as_csv, as_workbook, asked, defaults

HEADERS = ["Date", "Ward", "FFT", "Comments"]
FILES = FftFiles()


def read(content: bytes, name: str = "export.csv", **answers: str) -> FileReading:
    """Read a file with every question answered as proposed, but for `answers`."""
    look = FILES.look(a_file(content, name), answers)
    return FILES.read(a_file(content, name), defaults(look, **answers))


def export(*rows: list[Any], headers: list[str] | None = None) -> bytes:
    """Return an export with its usual header."""
    return as_csv([headers or HEADERS, *rows])


def ids(reading: FileReading) -> list[str]:
    """Return the ids of what was read."""
    return [row.item.remote_id for row in reading.rows if row.item]


def test_a_response_is_a_comment_with_its_day_its_unit_and_its_answer() -> None:
    content = export(["2026-05-03", "Ward 3", "Very good", "Kind nurses."], ["2026-05-04", "RYJ01", "Don't know", "?!"])

    first, second = read(content).rows

    assert first.item is not None
    assert (first.place, first.item.text, first.item.service_name) == ("Row 2", "Kind nurses.", "Ward 3")
    assert [(one.name, one.value, one.out_of) for one in first.item.ratings] == [("Friends and Family Test", 5, 5)]
    assert first.item.posted_at.isoformat() == "2026-05-03T11:00:00+00:00"
    assert first.item.author.remote_id is None
    assert first.period == "2026-05-03 Ward 3"
    assert second.item is not None
    assert (second.item.service_code, second.item.ratings) == ("RYJ01", ())


@pytest.mark.parametrize(
    ("headers", "where"),
    [
        (["Response ID", "Date of response", "Overall, how was your experience of our service?", "Comment"], "comment"),
        (["pt_id", "date", "fft_score", "question_1"], "question_1"),
        (["Survey ID", "Survey Date", "Experience", "Please tell us why you gave your answer:"], "Please tell"),
    ],
)
def test_columns_are_found_by_what_suppliers_call_them(headers: list[str], where: str) -> None:
    content = export(["77", "2026-05-03", "Good", "Kind nurses."], headers=headers)

    look = FILES.look(a_file(content), {})
    (row,) = read(content).rows

    assert asked(look) == {}
    comment = next(one for one in look.questions if one.name == "column_comment")
    label = dict(comment.choices)[comment.default]
    assert label.casefold().startswith(where.casefold())
    assert "“Kind nurses.”" in label
    assert row.item is not None
    assert (row.item.remote_id, row.item.ratings[0].value, row.period) == ("fft-77", 4, "")


def test_a_column_that_nobody_can_guess_is_asked_and_the_answer_counts() -> None:
    content = export(["2026-05-03", "Kind nurses.", "Ward 3"], headers=["When", "Words", "Place"])

    look = FILES.look(a_file(content), {})
    reading = read(content, column_date="0", column_comment="1", column_unit="2")

    assert set(asked(look)) == {"column_date", "column_comment"}
    assert [(row.item.text, row.item.service_name) for row in reading.rows if row.item] == [("Kind nurses.", "Ward 3")]


def test_bare_numbers_have_a_direction_that_is_asked_with_what_people_wrote() -> None:
    content = export(["2026-05-03", "", "1", "Wonderful."], ["2026-05-03", "", "5", "Dreadful."])

    look = FILES.look(a_file(content), {})
    question = next(one for one in look.questions if one.name == "direction")

    assert question.default == ""
    assert "With 1 somebody wrote: “Wonderful.”" in question.hint
    values = {
        direction: [row.item.ratings[0].value for row in read(content, direction=direction).rows if row.item]
        for direction in ("first_best", "last_best")
    }
    assert values == {"first_best": [5, 1], "last_best": [1, 5]}


@pytest.mark.parametrize(
    ("text", "value", "name"),
    [
        ("Very Good", 5, fft_answers.NAME),
        ("1 - Very good", 5, fft_answers.NAME),
        ("NEITHER GOOD NOR POOR", 3, fft_answers.NAME),
        ("Very poor", 1, fft_answers.NAME),
        ("Extremely likely", 5, fft_answers.OLD_NAME),
        ("Neither likely nor unlikely", 3, fft_answers.OLD_NAME),
        ("Dont Know", None, ""),
        ("6 Don’t know", None, ""),
        ("6", None, ""),
        ("NULL", None, ""),
        ("", None, ""),
    ],
)
def test_answers_are_read_in_every_spelling_and_the_two_questions_stay_apart(
    text: str, value: int | None, name: str
) -> None:
    ratings = fft_answers.read(text).rating("first_best")
    assert [(one.value, one.name) for one in ratings] == ([(value, name)] if value else [])


def test_rows_without_words_or_sense_say_why_and_block_nobody() -> None:
    rows = [
        ["2026-05-03", "", "Good", "NULL"],
        ["2026-05-03", "", "Good", "N/A"],
        ["2026-05-03", "", "Good", "#NAME?"],
        ["2026-05-03", "", "Good", "????"],
        ["tomorrow", "", "Good", "Kind."],
        ["2026-05-03", "", "eleven", "Kind."],
        ["2026-05-03", "", "Good", "Kind."],
    ]

    reading = read(export(*rows))

    assert [row.reason for row in reading.rows] == [
        *["It holds no comment."] * 4,
        "“tomorrow” is no date, or one still to come.",
        "“eleven” is no answer to the test.",
        "",
    ]
    assert [row.place for row in reading.rows if row.item] == ["Row 8"]


def test_the_same_words_twice_are_two_people_and_the_same_export_again_is_the_same() -> None:
    row = ["2026-05-03", "Ward 3", "Very good", "Very good"]
    once = ids(read(export(row, row)))
    larger = ids(read(export(row, ["2026-05-04", "Ward 3", "Good", "Later."], row)))
    spaced = ids(read(export(["2026-05-03", "WARD 3", "Very good", " Very  good "])))

    assert len(set(once)) == 2
    assert set(once) < set(larger)
    assert spaced == once[:1]


def test_a_number_that_excel_shortened_is_not_taken_for_an_id() -> None:
    content = export(["1.23E+15", "2026-05-03", "Good", "Kind."], headers=["Response ID", "Date", "FFT", "Comment"])

    (row,) = read(content).rows

    assert row.item is None
    assert "Excel has shortened" in row.reason
    (mended,) = read(content, column_id="none").rows
    assert mended.item is not None


def test_several_comments_of_one_person_are_one_item_under_their_questions() -> None:
    headers = ["Date", "What was good?", "What could we improve?"]
    content = export(["2026-05-03", "The staff", "The parking"], ["2026-05-03", "n/a", "The food"], headers=headers)

    texts = [row.item.text for row in read(content).rows if row.item]

    assert texts == ["What was good?: The staff\n\nWhat could we improve?: The parking", "The food"]


def test_a_workbook_with_several_sheets_takes_the_one_with_comments() -> None:
    content = as_workbook(
        {"Notes": [["Made by", "Somebody"]], "Responses": [HEADERS, ["2026-05-03", "A", "Good", "Kind."]]}
    )

    assert [row.item.text for row in read(content, "e.xlsx").rows if row.item] == ["Kind."]
    twice = as_workbook({name: [HEADERS, ["2026-05-03", "A", "Good", name]] for name in ("May", "June")})
    assert set(asked(FILES.look(a_file(twice), {}))) == {"sheet"}
    assert [row.item.text for row in read(twice, sheet="June").rows if row.item] == ["June"]


LIKERT = ["Very Good", "Good", "Neither Good nor Poor", "Poor", "Very Poor", "Don't Know"]
SITES = ["ICB Code", "Trust Code", "Trust Name", "Site Code", "Site Name", "Total Responses", "Total Eligible", *LIKERT]


def published(*rows: list[Any], headers: list[str] | None = None) -> bytes:
    """Return a sheet as NHS England publishes it: a preamble, a header in two rows, then units."""
    above = [""] * (len(headers or SITES) - 6) + ["Breakdown of Responses", "", "", "", "", ""]
    preamble = [["Friends and Family Test Inpatient Data, June 2026"], [], above]
    return as_workbook({"Sites": [*preamble, headers or SITES, *rows]})


def test_published_results_are_recognised_hold_no_comments_and_their_counts_are_read() -> None:
    content = published(
        ["QRV", "RYJ", "Imperial", "RYJ01", "St Mary's", "1,303", 2000, "1,000", 200, 50, 30, 20, 3],
        ["QRV", "RYJ", "Imperial", "RYJ02", "Charing Cross", "*", "*", "*", "*", "*", "*", "*", "*"],
        ["", "", "", "", "England", 5, 5, 5, 0, 0, 0, 0, 0],
    )
    name = "FFT-inpatient-data-Jun-26.xlsx"

    look = FILES.look(a_file(content, name), {})
    reading = read(content, name)

    assert "hold no comments" in look.says
    assert {one.name: one.default for one in look.questions} == {"month": "2026-06", "service": "inpatient"}
    assert reading.rows == ()
    assert [(one.code, one.level, one.answers) for one in reading.counts] == [
        ("RYJ01", "site", (1000, 200, 50, 30, 20, 3)),
        ("RYJ02", "site", None),
    ]


def test_a_published_file_that_does_not_say_its_month_is_asked() -> None:
    content = as_csv([SITES, ["QRV", "RYJ", "Imperial", "RYJ01", "St Mary's", 6, 9, 1, 1, 1, 1, 1, 1]])

    assert set(asked(FILES.look(a_file(content, "sites.csv"), {}))) == {"month", "service"}


def test_results_of_the_question_before_2020_are_refused() -> None:
    old = ["Code", "Name", "Total Responses", "Extremely Likely", "Likely", "Neither", "Unlikely", "Extremely Unlikely"]
    content = as_csv([old, ["RYJ", "Imperial", 10, 1, 2, 3, 4, 0]])

    with pytest.raises(NotImported, match="until 2020"):
        FILES.look(a_file(content), {})


def test_nobody_can_be_answered_and_the_composer_says_why() -> None:
    permission = Fft().may_reply(access(), ReplyTarget("fft-1", "fft-1", None, None, {}, None))
    assert permission.mode == "none"
    assert "anonymous" in permission.reason


def test_hostile_cells_are_words_and_nothing_else() -> None:
    words = ['=HYPERLINK("http://evil")', "@SUM(1)", "<script>alert(1)</script>", "-2+3"]
    rows: list[ReadRow] = list(read(export(*[["2026-05-03", "=1", "Good", one] for one in words])).rows)
    assert [row.item.text for row in rows if row.item] == words
