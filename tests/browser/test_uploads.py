"""Uploading a file and writing down feedback, in a real browser: at every width, live, and by the keyboard alone."""

from typing import Any

import pytest
from flask import Flask

from healthberry.core import imports
from healthberry.extensions import db
from healthberry.models.conversations import Message
from tests.browser.conftest import DESK, PHONE, SMALL, Look, at_sizes, look_over
from tests.connectors.files import as_csv
from tests.worked import run_jobs
from tests.world import World

pytestmark = pytest.mark.browser

ROWS = [
    ["Date", "Ward", "FFT", "Comment"],
    ["03/05/2026", "Ward 3", "1", "Kind nurses, and somebody explained everything twice."],
    ["04/05/2026", "Unbroken" * 30, "5", "https://example.org/" + "long" * 60],
    ["04/05/2026", "Ward 4", "5", "N/A"],
]


def test_a_file_is_uploaded_asked_about_checked_and_imported_while_one_watches(
    app: Flask, world: World, look: Look
) -> None:
    organisation = world.organisation(web_domain=None)
    member = world.member(organisation)
    channel = world.channel(organisation, "fft", remote_id="fft", url="", label="Friends and Family Test comments")
    page = look(f"/channels/{channel.id}/imports", member, SMALL)
    look_over(page)

    upload: Any = {"name": "may.csv", "mimeType": "text/csv", "buffer": as_csv(ROWS)}
    page.set_input_files("input[type=file]", upload)
    page.click("button:has-text('Upload')")
    page.wait_for_selector("text=Looking at the file")
    run_jobs(app)
    page.wait_for_selector("text=In which order are day and month?")
    look_over(page)

    page.check("input[name=date_order][value=dmy]")
    page.check("input[name=direction][value=first_best]")
    page.click("button:has-text('Check the rows')")
    page.wait_for_selector("text=Checking its rows")
    run_jobs(app)
    page.wait_for_selector("text=2 new")
    look_over(page)
    for width in at_sizes(page, (SMALL, PHONE)):
        frame = page.evaluate("(one => one.scrollWidth - one.clientWidth)(document.querySelector('.scroll'))")
        assert frame <= 0, f"on a phone nothing has to be pushed about at {width}"

    page.click("button:has-text('Import 2')")
    page.wait_for_selector("#import >> text=Importing")
    run_jobs(app)
    page.wait_for_selector("text=Imported: 2 new")
    page.click("summary")
    look_over(page)

    page.click("text=Take this import back")
    page.wait_for_url("**/undo")
    look_over(page)
    page.click("button:has-text('Erase what it brought')")
    run_jobs(app)
    page.wait_for_selector("text=everything that came with this file is erased")
    assert imports.KEPT.days == 1


def test_feedback_is_written_down_at_every_width(app: Flask, world: World, look: Look) -> None:
    organisation = world.organisation(ods_code="RYJ")
    member = world.member(organisation)
    world.channel(organisation, "paper", remote_id="paper", url="", label="Phone, paper and face to face")
    page = look("/inbox", member, SMALL)
    page.click("text=Write down")
    page.wait_for_url("**/enter")
    look_over(page)

    page.click("button:has-text('Write it down')")
    page.wait_for_selector("text=There is a problem")
    look_over(page)
    page.fill("#said", "Nobody rang me back.")
    page.click("button:has-text('Write it down')")
    page.wait_for_selector("text=Written down. Another one?")
    look_over(page)


def test_the_keyboard_alone_writes_feedback_down(world: World, look: Look) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    channel = world.channel(organisation, "paper", remote_id="paper", url="", label="Phone")
    page = look(f"/channels/{channel.id}/enter", member, DESK)

    page.focus("#said")
    page.keyboard.type("Nobody rang me back.")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    for _ in range(12):
        if page.evaluate("document.activeElement.tagName") == "BUTTON":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    page.wait_for_selector("text=Written down. Another one?")
    db.session.rollback()
    assert list(db.session.scalars(db.select(Message.text))) == ["Nobody rang me back."]
