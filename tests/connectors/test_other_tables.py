"""Tables of the kinds that are mostly sent to us: the same fields as their JSON, and an export of problems."""

import pytest

from healthberry.connectors.base import InboundItem
from healthberry.connectors.imports import FileReading, Importer
from tests.connectors.fakes import answering, connectors
from tests.connectors.files import a_file, as_csv, asked, defaults


def importer(kind: str) -> Importer:
    """Return what reads the files of a kind."""
    found = connectors(answering({})).get(kind).importer()
    assert found is not None
    return found


def read(kind: str, content: bytes, **answers: str) -> FileReading:
    """Read a file, answered as proposed but for `answers`."""
    look = importer(kind).look(a_file(content), {})
    return importer(kind).read(a_file(content), defaults(look, **answers))


def items(reading: FileReading) -> list[InboundItem]:
    """Return what was read."""
    return [row.item for row in reading.rows if row.item]


def test_every_kind_that_says_it_takes_files_has_what_reads_them_and_no_other() -> None:
    for connector in connectors(answering({})):
        assert bool(connector.capabilities.imports) == (connector.importer() is not None), connector.kind


def test_messages_of_another_system_have_the_fields_of_their_json() -> None:
    headers = [
        "id",
        "posted_at",
        "text",
        "title",
        "author_name",
        "rating_value",
        "rating_out_of",
        "service_code",
        "private",
    ]
    row = ["r-1", "2026-05-03T09:15:31Z", "Kind nurses.", "Ward 3", "A. Person", "4", "5", "ryj01", "yes"]

    (item,) = items(read("webhook", as_csv([headers, row])))

    assert (item.remote_id, item.text, item.title, item.author.screen_name) == (
        "r-1",
        "Kind nurses.",
        "Ward 3",
        "A. Person",
    )
    assert item.posted_at.isoformat() == "2026-05-03T09:15:31+00:00"
    assert [(one.value, one.out_of) for one in item.ratings] == [(4, 5)]
    assert (item.service_code, item.source) == ("RYJ01", {"private": True})


def test_a_rating_without_its_scale_is_asked_and_has_to_fit_it() -> None:
    content = as_csv(
        [["id", "date", "text", "rating"], ["1", "2026-05-13", "Good.", "4"], ["2", "2026-05-14", "Odd.", "9"]]
    )
    assert set(asked(importer("webhook").look(a_file(content), {}))) == {"scale"}

    reading = read("webhook", content, scale="5")

    assert [one.ratings[0].out_of for one in items(reading)] == [5]
    assert reading.rows[1].reason == "A rating of 9 does not fit its scale."


@pytest.mark.parametrize("row", [["", "2026-05-13", "No id."], ["1", "", "No date."], ["1", "2026-05-13", ""]])
def test_a_message_that_lacks_what_is_needed_says_so(row: list[str]) -> None:
    (read_row,) = read("webhook", as_csv([["id", "date", "text"], row])).rows
    assert read_row.item is None
    assert read_row.reason


def test_an_export_of_care_connect_holds_problems_with_their_facts() -> None:
    headers = [
        "Reference number",
        "Created",
        "Description",
        "Organisation",
        "Category",
        "Reporter name",
        "Reporter email",
    ]
    row = ["123", "13/05/2014 10:00", "No ramp.", "RYJ01", "access", "A. Person", "person@example.org"]

    (item,) = items(read("careconnect", as_csv([headers, row, []])))

    assert (item.remote_id, item.text, item.author.screen_name, item.service_code) == (
        "P123",
        "No ramp.",
        "A. Person",
        "RYJ01",
    )
    assert item.posted_at.isoformat() == "2014-05-13T09:00:00+00:00"
    assert item.source["email"] == "person@example.org"
