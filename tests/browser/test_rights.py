"""The pages of people's rights, breaches and documents, in each width, with axe."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from healthberry.core import data_requests, disclosures, events, public_pages
from healthberry.core.data_requests import Asked
from healthberry.extensions import db
from healthberry.models.conversations import Conversation
from tests.browser.conftest import Look
from tests.browser.office import Office
from tests.browser.test_everybody import check
from tests.world import moments_ago

pytestmark = pytest.mark.browser


def test_asking_and_answering_and_what_was_said_too_much(office: Office, look: Look) -> None:
    member, org = office.member, office.member.organisation_id
    asked = data_requests.write_down(member, Asked("complain", "@samwrites", "They shared it.", "sam@x.example"), None)
    thread = db.session.scalars(select(Conversation.remote_thread_id).where(Conversation.id == office.post)).one()
    said = {"remote_id": "o1", "thread_id": thread, "direction": "outbound", "ratings": ()}
    office.world.arrives(office.x, office.world.item("Mrs Lee, your scan is on 3 May.", **said))
    request_id = asked.id
    public_pages.choose(member, [str(office.nhsuk.id), str(office.x.id)])
    public_pages.switch_on(member, seen=True)
    told = "I waited.\n\nThey were kind."
    office.world.arrives(
        office.nhsuk, office.world.item(told, posted_at=moments_ago(days=40), title="Kind"), backfill=True
    )
    events.commit()

    page = look(f"/rights/{org}?item=https://x.example/1", member)
    check(page)
    page.get_by_label("Remove something I wrote").check()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    page.get_by_label("Your e-mail address").fill("sam@x.example")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Your request was sent")).to_be_visible()
    check(page)

    for path in (
        f"/public/{org}",
        "/settings/public",
        "/settings/public/preview",
        "/settings/requests",
        f"/settings/requests/{request_id}",
        "/settings/documents/hazard-log",
        "/cookies",
    ):
        page.goto(path)
        check(page)
    page.goto(f"/settings/requests/{request_id}")
    page.get_by_label("Why you take it").fill("Identity checked")
    with page.expect_download() as taken:
        page.get_by_role("button", name="Take a copy").click()
    assert taken.value.suggested_filename.endswith(".zip")

    page.goto(f"/conversations/{office.post}")
    page.get_by_role("link", name="This contained personal data").click()
    check(page)
    page.get_by_label("A name", exact=True).check()
    page.get_by_role("button", name="Report it").click()
    expect(page.get_by_text("hours left of 72")).to_be_visible()
    check(page)
    db.session.rollback()
    (breach,) = disclosures.listed(member)
    assert (breach.what, breach.removal) == (["name"], "asked")
