"""The export of a Care Connect installation's problems, as a CSV file or a workbook."""

from typing import Final

from healthberry.connectors import careconnect_items
from healthberry.connectors.base import InboundItem
from healthberry.connectors.reading import Unreadable
from healthberry.connectors.table_importer import Cells, Column, TableImporter

_OTHERS: Final = (
    "organisation",
    "service_code",
    "category",
    "status",
    "reporter_name",
    "reporter_email",
    "reporter_phone",
    "preferred_contact_method",
    "public",
    "public_reporter_name",
    "priority",
    "breach",
    "source",
)


def _column(name: str) -> Column:
    words = name.replace("_", " ")
    return Column(name, words.capitalize(), (words,))


class CareConnectTable(TableImporter):
    """The importer of exports; what a row becomes is decided where problems are read."""

    columns = (
        Column("reference", "Reference number", ("reference", "reference number", "id"), required=True),
        Column("created", "When it was reported", ("created", "created at", "date"), required=True, date=True),
        Column("description", "Words", ("description", "moderated description"), required=True),
        *(_column(name) for name in _OTHERS),
    )
    piece = "problem"

    def row(self, cells: Cells) -> InboundItem:
        """Make the item of one problem. Raises: Unreadable."""
        facts = {name: text for name in ("reference", "description", *_OTHERS) if (text := cells.text(name))}
        items, bad = careconnect_items.exported([{**facts, "created": cells.moment("created").at.isoformat()}])
        if not items:
            raise Unreadable(bad[0].reason if bad else "It could not be read.")
        return items[0]
