"""Imports that fail, are taken back, or that nobody comes back to: as a whole or not at all."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine

from healthberry.core import ingest, scope, unlinking
from healthberry.extensions import db
from healthberry.jobs import maintenance
from healthberry.local.postgres import Database
from healthberry.models.channels import Channel
from tests.connectors.files import as_csv
from tests.session.files_desk import HEADERS, MAY, Desk, desk, organisation
from tests.worked import run_jobs

__all__ = ["desk", "organisation"]


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
