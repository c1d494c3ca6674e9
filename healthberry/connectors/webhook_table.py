"""The same fields that another system sends, as a CSV file or a workbook: its past, or what it can't send."""

from collections.abc import Mapping
from typing import Final

from healthberry.connectors import webhook_items
from healthberry.connectors.base import InboundItem
from healthberry.connectors.capabilities import Field
from healthberry.connectors.reading import Unreadable, address, number
from healthberry.connectors.table_importer import Cells, Column, Table, TableImporter
from healthberry.connectors.text import clean

_YES: Final = ("1", "true", "yes", "y")
_COLUMNS: Final = (
    Column("id", "Id", ("id", "message id", "external id"), required=True, hint="The same id is the same message."),
    Column(
        "posted_at", "When it was written", ("posted at", "date", "created", "created at"), required=True, date=True
    ),
    Column("text", "Words", ("text", "message", "comment", "comments", "feedback"), required=True),
    Column("title", "Title", ("title", "subject")),
    Column("author", "Author's name", ("author name", "author", "name")),
    Column("rating", "Rating", ("rating value", "rating", "score", "stars")),
    Column("out_of", "Rating out of", ("rating out of", "out of", "scale")),
    Column("url", "Address", ("url", "link", "address")),
    Column("service_code", "ODS code of the site", ("service code", "ods code", "site code")),
    Column("thread_id", "Id of the conversation", ("thread id", "conversation id")),
    Column("private", "Private", ("private",), hint="1, yes or true: nobody outside may see it."),
)


class WebhookTable(TableImporter):
    """The importer of another system's messages; what a row becomes is decided where its JSON is read."""

    columns = _COLUMNS
    piece = "message"

    def __init__(self, out_of: str = "") -> None:
        self._out_of = out_of

    def start(self, table: Table, chosen: Mapping[str, int], answers: Mapping[str, str]) -> "WebhookTable":
        """Return what reads this very file."""
        return WebhookTable(answers.get("scale", ""))

    def more(self, table: Table, chosen: Mapping[str, int]) -> tuple[Field, ...]:
        """Ask how good the best rating is where no column says it."""
        if "rating" not in chosen or "out_of" in chosen:
            return ()
        choices = tuple((best, f"{best} is the best") for best in ("3", "5", "10"))
        return (Field("scale", "Ratings out of", "", "choice", choices=choices),)

    def row(self, cells: Cells) -> InboundItem:
        """Make the item of one message. Raises: Unreadable."""
        if not clean(cells.text("text")):
            raise Unreadable("It holds no words.")
        given, out_of = number(cells.text("rating")), number(cells.text("out_of") or self._out_of)
        if given is not None and (not out_of or not 0 <= given <= out_of):
            raise Unreadable(f"A rating of {given:g} does not fit its scale.")
        return webhook_items.item(
            {
                "id": cells.text("id"),
                "thread_id": cells.text("thread_id"),
                "text": cells.text("text"),
                "title": cells.text("title"),
                "author": {"name": cells.text("author")},
                "posted_at": cells.moment("posted_at").at.isoformat(),
                "ratings": [{"value": given, "out_of": out_of}] if given is not None else [],
                "url": address(cells.text("url")),
                "service_code": cells.text("service_code"),
                "private": cells.text("private").casefold() in _YES,
            }
        )
