"""Uploading a file: looked at, asked about, checked, and imported."""

from datetime import UTC

from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.activities import Unread
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.imports import FftCounts, Import
from healthberry.models.organisations import Organisation
from healthberry.models.replies import OutboxMail
from tests.connectors.files import as_csv, as_workbook
from tests.connectors.test_fft import published
from tests.session.files_desk import MAY, Desk, desk, organisation, proposed
from tests.worked import run_jobs

__all__ = ["desk", "organisation"]


def test_a_file_is_imported_as_history_once_somebody_has_seen_what_becomes_of_it(desk: Desk) -> None:
    content = as_csv([*MAY, ["2026-05-15", "A", "Good", "n/a"]])
    address = desk.looked_at(content)
    asking = desk.page(address)
    assert "A CSV file with commas between its columns, 3 responses." in asking
    assert "Comment: “Kind nurses.”, “Long wait.”" in asking.replace("&#34;", '"')

    desk.client.post(f"{address}/answers", data=desk.answers(address))
    run_jobs(desk.app)
    preview = desk.page(address)
    assert "<b>2 new</b>, 1 not usable." in preview
    assert "Row 4: It holds no comment." in preview
    assert desk.texts() == [], "nothing is stored before somebody says so"

    desk.client.post(f"{address}/start")
    run_jobs(desk.app)

    report = desk.page(address)
    assert "Imported: 2 new, 1 could not be used." in report
    assert desk.texts() == ["Kind nurses.", "Long wait."]
    found = desk.state(address)
    content_left = db.session.scalar(db.select(Import.content))
    assert (found.state, content_left, found.outcome["preview"]) == ("done", None, [])
    assert set(db.session.scalars(db.select(Conversation.historic))) == {True}
    assert db.session.scalars(db.select(Unread)).all() == []
    assert db.session.scalars(db.select(OutboxMail)).all() == []
    channel = db.session.get_one(Channel, (desk.organisation_id, desk.channel_id), populate_existing=True)
    assert channel.items_loaded == 2


def test_what_nobody_can_know_is_asked_before_anything_is_read(desk: Desk) -> None:
    content = as_csv([["Date", "FFT", "Comment"], ["03/05/2026", "1", "Wonderful."]])
    address = desk.looked_at(content)
    page = desk.page(address)
    assert "In which order are day and month?" in page
    assert "03/05/2026 is 3 May 2026" in page
    assert "Which one is the best?" in page

    unanswered = desk.client.post(f"{address}/answers", data=desk.answers(address))
    assert unanswered.status_code == 422
    assert "Choose: " in unanswered.text
    forged = desk.client.post(f"{address}/answers", data=desk.answers(address, date_order="ymd", direction="up"))
    assert forged.status_code == 422

    chosen = desk.answers(address, date_order="mdy", direction="first_best")
    assert desk.client.post(f"{address}/answers", data=chosen).status_code == 303
    run_jobs(desk.app)
    desk.client.post(f"{address}/start")
    run_jobs(desk.app)
    scope.enter(desk.organisation_id)
    (stored,) = db.session.scalars(db.select(Conversation))
    assert (stored.started_at.astimezone(UTC).date().isoformat(), stored.rating) == ("2026-03-05", 5)


def test_a_column_chosen_later_can_open_a_new_question(desk: Desk) -> None:
    content = as_csv([["When", "Said"], ["03/05/2026", "Kind."]])
    address = desk.looked_at(content)
    assert "In which order" not in desk.page(address)

    desk.client.post(f"{address}/answers", data=desk.answers(address, column_date="0", column_comment="1"))
    run_jobs(desk.app)

    asking = desk.page(address)
    assert "In which order" in asking
    assert proposed(asking)["column_comment"] == "1", "what was chosen is kept"
    desk.client.post(f"{address}/answers", data=desk.answers(address, date_order="dmy"))
    run_jobs(desk.app)
    assert "<b>1 new</b>" in desk.page(address)
    desk.client.post(f"{address}/change")
    assert "Check the rows" in desk.page(address)


def test_published_results_come_into_no_inbox_and_only_the_organisations_own_counts_are_kept(
    desk: Desk, organisation: Organisation
) -> None:
    code = str(organisation.ods_code)
    content = published(
        ["QRV", code, "We", f"{code}1", "Our site", 9, 20, 4, 3, 2, 0, 0, 0],
        ["QRV", "RXX", "They", "RXX01", "Their site", 9, 20, 4, 3, 2, 0, 0, 0],
        ["QRV", code, "We", f"{code}2", "Our small site", "*", "*", *["*"] * 6],
    )

    address = desk.imported(content, "FFT-inpatient-data-Jun-26.xlsx")

    assert "The counts of 2 of your units are kept." in desk.page(address)
    scope.enter(desk.organisation_id)
    kept = {one.code: (one.month, one.suppressed, one.very_good) for one in db.session.scalars(db.select(FftCounts))}
    assert kept == {f"{code}1": ("2026-06", False, 4), f"{code}2": ("2026-06", True, None)}
    assert desk.texts() == []


def test_a_workbook_is_imported_like_a_csv_file(desk: Desk) -> None:
    desk.imported(as_workbook({"Responses": MAY}), "may.xlsx")
    assert desk.texts() == ["Kind nurses.", "Long wait."]
