"""Uploading a file: looked at, asked about, checked, imported as a whole or not at all, and taken back."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine
from werkzeug.test import TestResponse

from healthberry.core import ingest, scope, unlinking
from healthberry.extensions import db
from healthberry.jobs import maintenance
from healthberry.local.postgres import Database
from healthberry.models.activities import Unread
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.imports import FftCounts, Import
from healthberry.models.organisations import Member, Organisation
from healthberry.models.replies import OutboxMail
from tests.connectors.files import as_csv, as_workbook, as_zip
from tests.connectors.test_fft import published
from tests.worked import run_jobs
from tests.world import World

HEADERS = ["Date", "Ward", "FFT", "Comment"]
MAY = [HEADERS, ["2026-05-13", "A", "Very good", "Kind nurses."], ["2026-05-14", "B", "Poor", "Long wait."]]


class Desk:
    """A signed-in administrator of an organisation with a channel for files."""

    def __init__(self, app: Flask, client: FlaskClient, world: World, member: Member, channel: Channel) -> None:
        self.app, self.client, self.world = app, client, world
        self.organisation_id, self.channel_id = channel.organisation_id, channel.id
        self.member_id = member.id

    def upload(self, content: bytes, name: str = "may.csv") -> TestResponse:
        """Upload a file by the form."""
        # Written out by hand: the client would leave a file open for a large one.
        head = f'--part\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = head.encode() + content + b"\r\n--part--\r\n"
        kind = "multipart/form-data; boundary=part"
        return self.client.post(f"/channels/{self.channel_id}/imports", data=body, content_type=kind)

    def looked_at(self, content: bytes, name: str = "may.csv") -> str:
        """Upload a file, and let a worker look at it; return its address."""
        answer = self.upload(content, name)
        assert answer.status_code == 303, answer.text
        run_jobs(self.app)
        return answer.location

    def page(self, address: str) -> str:
        """Return how it stands."""
        return self.client.get(address).text

    def answers(self, address: str, **changes: str) -> dict[str, str]:
        """Return what the form proposes, with `changes`."""
        return {**proposed(self.page(address)), **changes}

    def checked(self, content: bytes, name: str = "may.csv", **changes: str) -> str:
        """Upload a file, answer as proposed, and let its rows be checked."""
        address = self.looked_at(content, name)
        answer = self.client.post(f"{address}/answers", data=self.answers(address, **changes))
        assert answer.status_code == 303, answer.text
        run_jobs(self.app)
        return address

    def imported(self, content: bytes, name: str = "may.csv", **changes: str) -> str:
        """Upload a file and import it."""
        address = self.checked(content, name, **changes)
        assert self.client.post(f"{address}/start").status_code == 303
        run_jobs(self.app)
        return address

    def texts(self) -> list[str]:
        """Return the words of all messages, sorted."""
        scope.enter(self.organisation_id)
        db.session.rollback()
        return sorted(db.session.scalars(db.select(Message.text)))

    def state(self, address: str) -> Import:
        """Return the import's row."""
        scope.enter(self.organisation_id)
        db.session.rollback()
        import_id = UUID(address.rpartition("/")[2])
        return db.session.get_one(Import, (self.organisation_id, import_id), populate_existing=True)


def proposed(page: str) -> dict[str, str]:
    """Read what is chosen in a form of selects and radios."""
    chosen = {}
    for name, inner in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        options = re.findall(r'<option value="([^"]*)"([^>]*)>', inner)
        chosen[name] = next((value for value, rest in options if "selected" in rest), options[0][0])
    for tag in re.findall(r'<input[^>]*type="radio"[^>]*>', page):
        if (
            "checked" in tag
            and (found := re.search(r'name="([^"]+)"', tag))
            and (value := re.search(r'value="([^"]*)"', tag))
        ):
            chosen[found[1]] = value[1]
    return chosen


@pytest.fixture
def organisation(world: World) -> Organisation:
    """Return an organisation without a website: nothing is looked for outside this machine."""
    return world.organisation(web_domain=None)


@pytest.fixture
def desk(app: Flask, client: FlaskClient, world: World, organisation: Organisation) -> Desk:
    """Return the administrator at work."""
    member = world.member(organisation)
    world.signed_in(client, member)
    channel = world.channel(organisation, "fft", remote_id="fft", url="", label="FFT comments")
    return Desk(app, client, world, member, channel)


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


def test_an_import_is_taken_back_with_all_that_came_with_it_and_nothing_else(desk: Desk) -> None:
    first = desk.imported(as_csv(MAY))
    second = desk.imported(as_csv([HEADERS, ["2026-06-01", "A", "Good", "June."]]), "june.csv")
    assert "Erase what it brought" in desk.page(f"{first}/undo")

    desk.client.post(f"{first}/undo")
    run_jobs(desk.app)

    assert desk.texts() == ["June."]
    assert (desk.state(first).state, desk.state(second).state) == ("undone", "done")
    channel = db.session.get_one(Channel, (desk.organisation_id, desk.channel_id), populate_existing=True)
    assert channel.items_loaded == 1
    assert desk.client.post(f"{first}/undo").status_code == 303, "again: it stays so"
    desk.imported(as_csv(MAY))
    assert desk.texts() == ["June.", "Kind nurses.", "Long wait."]


def test_after_a_day_an_import_stays(desk: Desk) -> None:
    address = desk.imported(as_csv(MAY))
    desk.state(address).finished_at = datetime.now(UTC) - timedelta(hours=25)
    db.session.commit()

    assert "Take this import back" not in desk.page(address)
    assert desk.client.post(f"{address}/undo").status_code == 409
    assert len(desk.texts()) == 2


def test_what_goes_wrong_in_the_middle_leaves_nothing_behind(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    content = as_csv([HEADERS, *[["2026-05-13", "A", "Good", f"Number {number}."] for number in range(600)]])
    address = desk.checked(content)
    stored_page = ingest.store_page
    calls = []

    def fails_in_the_second_part(*arguments: object, **options: object) -> ingest.Stored:
        calls.append(1)
        if len(calls) == 2:
            return ingest.Stored()
        return stored_page(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(ingest, "store_page", fails_in_the_second_part)
    desk.client.post(f"{address}/start")
    run_jobs(desk.app)

    assert "Nothing was imported." in desk.page(address)
    assert desk.texts() == []
    assert desk.state(address).state == "failed"


def test_a_worker_that_dies_loses_the_file_to_the_next_and_three_give_it_up(desk: Desk) -> None:
    address = desk.checked(as_csv(MAY))
    desk.client.post(f"{address}/start")
    run_jobs(desk.app)
    found = desk.state(address)
    found.state, found.content, found.attempts = "importing", b"x", 1
    found.next_at = datetime.now(UTC) + timedelta(seconds=60)
    db.session.commit()
    with desk.app.app_context():
        maintenance.sweep()
    run_jobs(desk.app)
    assert desk.state(address).attempts == 1, "another worker has it"

    found = desk.state(address)
    found.next_at, found.attempts = datetime.now(UTC), 3
    db.session.commit()
    with desk.app.app_context():
        maintenance.sweep()
    run_jobs(desk.app)

    assert desk.state(address).state == "failed"
    assert "could not be read" in desk.page(address)


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


def test_files_that_nobody_comes_back_to_are_forgotten_after_a_day(desk: Desk, database: Database) -> None:
    waiting, done = (
        desk.checked(as_csv(MAY)),
        desk.imported(as_csv([HEADERS, ["2026-06-01", "", "Good", "June."]]), "j.csv"),
    )
    engine = create_engine(database.owner_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        connection.execute(db.text("UPDATE imports SET made_at = made_at - interval '25 hours'"))
    engine.dispose()

    with desk.app.app_context():
        maintenance.tidy()

    assert desk.client.get(waiting).status_code == 404
    assert desk.client.get(done).status_code == 200


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


def test_erasing_the_channel_forgets_its_files_so_that_they_can_come_again(desk: Desk) -> None:
    desk.imported(as_csv(MAY))
    desk.client.post(f"/channels/{desk.channel_id}/unlink", data={"keep": "erased"})
    scope.enter(desk.organisation_id)
    while unlinking.erase_part(desk.organisation_id, desk.channel_id):
        db.session.commit()
    db.session.commit()
    desk.client.post(f"/channels/{desk.channel_id}/on")

    desk.imported(as_csv(MAY))

    assert len(desk.texts()) == 2


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


def test_a_workbook_is_imported_like_a_csv_file(desk: Desk) -> None:
    desk.imported(as_workbook({"Responses": MAY}), "may.xlsx")
    assert desk.texts() == ["Kind nurses.", "Long wait."]
