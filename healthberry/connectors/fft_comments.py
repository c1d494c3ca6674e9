"""Exports of comments from suppliers of Friends and Family Test surveys: no two are alike, so columns are chosen.

A row's id is the supplier's where there is one, else a hash of its day, unit and words, and of how many equal rows
stand above it: the same export again adds nothing, and two patients may write the same words.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

from healthberry.connectors import fft_answers as answers_of
from healthberry.connectors.base import Author, InboundItem
from healthberry.connectors.capabilities import Field
from healthberry.connectors.fft_answers import Direction, NoAnswer
from healthberry.connectors.reading import Unreadable, identifier
from healthberry.connectors.table_dates import LONDON
from healthberry.connectors.table_importer import Cells, Column, Table, TableImporter
from healthberry.connectors.text import line, normal

NO_COMMENT: Final = "It holds no comment."
_COMMENTS: Final = ("comment", "comment_2", "comment_3")
_NOTHING_SAID: Final = {"null", "na", "n a", "none", "nil", "name", "no comment", "no comments", "nothing", "blank"}
_CODE = re.compile(r"(?=.*\d)[A-Z0-9]{3,8}")
# What Excel makes of a long number: the rest of its digits is lost.
_SHORTENED = re.compile(r"\d\.\d+E\+\d+", re.IGNORECASE)
_COLUMNS: Final = (
    Column(
        "id",
        "Number of the response",
        ("response id", "survey id", "record id", "respondent id", "external id", "submission id", "pt id", "id"),
        hint="Where there is one, the same response is known again whatever else changes.",
    ),
    Column(
        "date",
        "Date",
        (
            "date",
            "response date",
            "survey date",
            "date of response",
            "date completed",
            "submission date",
            "date submitted",
            "completed",
            "submitted",
            "created",
            "timestamp",
            "recorded date",
        ),
        required=True,
        date=True,
    ),
    Column(
        "unit",
        "Site, ward or service",
        (
            "ods code",
            "site code",
            "unit",
            "ward",
            "ward name",
            "location 1",
            "location",
            "site",
            "site name",
            "service",
            "department",
            "clinic",
            "team",
            "practice",
            "practice code",
        ),
        hint="A name, or an ODS code.",
    ),
    Column(
        "answer",
        "Answer to the Friends and Family Test",
        (
            "fft score",
            "fft",
            "fft response",
            "fft answer",
            "fft rating",
            "overall how was your experience of our service",
            "overall how was your experience",
            "how likely are you to recommend",
            "experience",
            "rating",
            "answer",
            "score",
        ),
    ),
    Column(
        "comment",
        "Comment",
        (
            "comment",
            "comments",
            "free text",
            "freetext",
            "feedback",
            "question 1",
            "please tell us why you gave your answer",
            "please can you tell us why",
            "reason",
            "what was good",
            "what went well",
            "what did we do well",
        ),
        required=True,
    ),
    Column(
        "comment_2",
        "Second comment",
        ("question 2", "what could we improve", "what could be improved", "what could we do better", "comment 2"),
    ),
    Column("comment_3", "Third comment", ("question 3", "anything else", "comment 3", "other comments")),
)


class Comments(TableImporter):
    """The importer of free-text exports. Made anew for each reading, because equal rows are counted."""

    columns = _COLUMNS
    piece = "response"

    def __init__(self, direction: Direction = "first_best", headers: Mapping[str, str] | None = None) -> None:
        self._direction = direction
        self._headers = dict(headers or {})
        self._seen: Counter[tuple[str, ...]] = Counter()

    def start(self, table: Table, chosen: Mapping[str, int], answers: Mapping[str, str]) -> "Comments":
        """Return what reads this very file."""
        direction: Direction = "last_best" if answers.get("direction") == "last_best" else "first_best"
        return Comments(direction, {name: table.headers[place] for name, place in chosen.items()})

    def more(self, table: Table, chosen: Mapping[str, int]) -> tuple[Field, ...]:
        """Ask which end of the scale is the good one where answers are bare numbers."""
        if "answer" not in chosen or not any(map(_is_number, table.values(chosen["answer"]))):
            return ()
        return (
            Field(
                "direction",
                "The answers are numbers. Which one is the best?",
                _sample(table, chosen),
                "choice",
                choices=(
                    ("first_best", "1 is Very good, 5 is Very poor"),
                    ("last_best", "5 is Very good, 1 is Very poor"),
                ),
            ),
        )

    def row(self, cells: Cells) -> InboundItem:
        """Make the item of one response. Raises: Unreadable."""
        comments = {name: words for name in _COMMENTS if (words := _said(cells.text(name)))}
        if not comments:
            raise Unreadable(NO_COMMENT)
        at = cells.moment("date").at
        try:
            answer = answers_of.read(cells.text("answer"))
        except NoAnswer:
            raise Unreadable(f"“{line(cells.text('answer'), 40)}” is no answer to the test.") from None
        day, unit = at.astimezone(LONDON).date().isoformat(), line(cells.text("unit"), 200)
        remote_id = self._id(cells, day, unit, comments)
        is_code = _CODE.fullmatch(unit.upper()) is not None
        return InboundItem(
            remote_id=remote_id,
            thread_id=remote_id,
            direction="inbound",
            author=Author(None, "Anonymous"),
            text=self._words(comments),
            posted_at=at,
            ratings=answer.rating(self._direction),
            service_code=unit.upper() if is_code else None,
            service_name=None if is_code else unit or None,
        )

    def period(self, cells: Cells, item: InboundItem) -> str:
        """Return day and unit; "" where the supplier's number tells responses apart."""
        if cells.text("id"):
            return ""
        return f"{item.posted_at.astimezone(LONDON).date().isoformat()} {line(cells.text('unit'), 100)}".strip()

    def _id(self, cells: Cells, day: str, unit: str, comments: Mapping[str, str]) -> str:
        given = cells.text("id")
        if given:
            if _SHORTENED.fullmatch(given) or not identifier(given):
                raise Unreadable(
                    f"“{line(given, 40)}” is a number that Excel has shortened. Choose no column for the number of "
                    "the response."
                )
            return f"fft-{identifier(given)}"
        same = (day, unit.casefold(), *(f"{name}={normal(text).casefold()}" for name, text in comments.items()))
        ordinal = self._seen[same]
        self._seen[same] += 1
        return "fft-" + hashlib.sha256("\x1f".join((*same, str(ordinal))).encode()).hexdigest()[:40]

    def _words(self, comments: Mapping[str, str]) -> str:
        if len(comments) == 1:
            return next(iter(comments.values()))
        return "\n\n".join(f"{line(self._headers.get(name, ''), 100)}: {text}" for name, text in comments.items())


def _said(text: str) -> str:
    """Return a comment, "" for what suppliers and Excel write where there is none."""
    words = answers_of.plain(text)
    # Only question marks: letters that were lost on the way.
    return "" if words in _NOTHING_SAID or not text.strip("?. -–—*/\\#") else text.strip()


def _is_number(text: str) -> bool:
    try:
        return answers_of.read(text).number is not None
    except NoAnswer:
        return False


def _sample(table: Table, chosen: Mapping[str, int]) -> str:
    """Quote what people with a 1 and with a 5 wrote, so that whoever answers can see it."""
    quotes = []
    for number in (1, 5):
        for _, row in table.rows:
            cells = Cells(row, chosen, "dmy")
            words = _said(cells.text("comment"))
            if words and _is_number(cells.text("answer")) and answers_of.read(cells.text("answer")).number == number:
                quotes.append(f"With {number} somebody wrote: “{line(words, 100)}”.")
                break
    return " ".join(quotes)
