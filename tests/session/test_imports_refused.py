"""Files that are not imported: not whole, not readable, here already, or not for this member."""

import pytest

from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.imports import Import
from healthberry.models.organisations import Organisation
from tests.connectors.files import as_csv, as_zip
from tests.session.files_desk import HEADERS, MAY, Desk, desk, organisation
from tests.worked import run_jobs
from tests.world import World

__all__ = ["desk", "organisation"]


def test_the_same_file_is_refused_and_a_larger_export_adds_only_what_is_new(desk: Desk) -> None:
    desk.imported(as_csv(MAY))
    again = desk.upload(as_csv(MAY))
    assert again.status_code == 409
    assert "This very file was imported already" in again.text

    larger = desk.checked(as_csv([*MAY, ["2026-05-14", "B", "Good", "Later that day."]]), "may-again.csv")
    assert "<b>1 new</b>, 2 here already" in desk.page(larger)
    desk.client.post(f"{larger}/start")
    run_jobs(desk.app)

    assert desk.texts() == ["Kind nurses.", "Later that day.", "Long wait."]
    nothing = desk.checked(as_csv([*MAY, []]), "spaced.csv")
    assert "There is nothing in it to import: all of it is here already." in desk.page(nothing)
    assert desk.client.post(f"{nothing}/start").status_code == 409


def test_days_that_come_again_with_other_words_are_refused_because_people_would_count_twice(desk: Desk) -> None:
    desk.imported(as_csv(MAY))
    other = as_csv([HEADERS, ["2026-05-13", "A", "Very good", "KIND nurses, said differently."]])

    address = desk.checked(other, "other.csv")

    page = desk.page(address)
    assert "1 comments of 2026-05-13 were imported before" in page
    assert "/start" not in page
    assert desk.client.post(f"{address}/start").status_code == 409
    elsewhere = desk.imported(as_csv([HEADERS, ["2026-05-13", "C", "Good", "Another ward."]]), "c.csv")
    assert desk.state(elsewhere).state == "done"
    assert desk.texts() == ["Another ward.", "Kind nurses.", "Long wait."]


@pytest.mark.parametrize(
    ("content", "name", "status", "reason"),
    [
        (b"", "may.csv", 422, "Choose a file that is not empty"),
        (b"a,b\n1,2\n", "may.pdf", 422, "ends in .csv or .xlsx or .xlsm"),
        (b"a,b\n1,2\n", "../../etc/passwd", 422, "ends in"),
        (b"x" * (10 * 1024 * 1024 + 1), "may.csv", 422, "larger than 10 MB"),
        (b"x" * (11 * 1024 * 1024), "may.csv", 422, "too large"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_at_once(
    desk: Desk, content: bytes, name: str, status: int, reason: str
) -> None:
    answer = desk.upload(content, name)

    assert answer.status_code == status
    assert reason in answer.text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (as_zip({"xl/workbook.xml": b"\0" * 40_000_000}), "packed so tightly"),
        (b"PK\x03\x04nonsense", "damaged"),
        (as_csv([HEADERS]), "nothing below"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_can_be_deleted(desk: Desk, content: bytes, reason: str) -> None:
    address = desk.looked_at(content, "may.xlsx" if content.startswith(b"PK") else "may.csv")

    page = desk.page(address)
    assert reason in page
    assert "Nothing was imported" in page
    assert db.session.scalar(db.select(Import.content)) is None
    assert desk.client.post(f"{address}/drop").status_code == 303
    assert desk.client.get(address).status_code == 404


def test_a_file_name_and_its_words_are_shown_as_the_words_that_they_are(desk: Desk) -> None:
    evil = "<script>alert(1)</script>"
    address = desk.checked(as_csv([HEADERS, ["2026-05-13", evil, "Good", evil]]), f"{evil}.csv")

    assert evil not in desk.page(address)
    assert "&lt;script&gt;" in desk.page(address)


def test_only_who_manages_channels_uploads_and_only_to_channels_that_take_files(
    desk: Desk, world: World, organisation: Organisation
) -> None:
    address = desk.looked_at(as_csv(MAY))
    scope.enter(desk.organisation_id)
    other_id = world.channel(organisation).id
    assert desk.client.get(f"/channels/{other_id}/imports").status_code == 404
    scope.enter(desk.organisation_id)
    world.signed_in(desk.client, world.member(organisation, role="responder"))

    assert desk.client.get(f"/channels/{desk.channel_id}/imports").status_code == 403
    assert desk.upload(as_csv(MAY), "again.csv").status_code == 403
    assert desk.client.get(address).status_code == 403
    assert desk.client.post(f"{address}/start").status_code == 403
