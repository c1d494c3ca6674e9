"""The audit log, and the pages of what is restricted, in each width, with axe."""

import pytest

from healthberry.core import audit, concerns, events, grants
from healthberry.extensions import db
from healthberry.models.organisations import Organisation
from healthberry.models.owned import new_id
from tests.browser.conftest import Look
from tests.browser.office import Office
from tests.browser.test_everybody import check
from tests.world import World

pytestmark = pytest.mark.browser


def test_the_audit_log_and_who_may_read_what_is_restricted(world: World, office: Office, look: Look) -> None:
    member = office.member
    other = world.member(db.session.get_one(Organisation, member.organisation_id), role="responder", name="Olu Other")
    page = look(f"/conversations/{office.story}/restricted", member)
    check(page)
    page.get_by_label("A safeguarding concern").check()
    page.get_by_role("button", name="Restrict").click()
    page.get_by_text("Only you and those whom an administrator lets in").wait_for()
    check(page)
    page.get_by_label("Olu Other").check()
    page.get_by_role("button", name="Let them read it").click()
    page.get_by_text("They may read it now.").wait_for()
    check(page)
    concerns.mark(other, office.post, "crisis")
    grants.give(member, other.id)
    for _ in range(60):
        audit.did(member, "noted", "conversation", new_id(), reason="spam")
    events.commit()
    for path in (
        f"/conversations/{office.story}",
        f"/conversations/{office.post}",
        f"/conversations/{office.post}/restricted",
        "/people",
        "/settings/audit",
        "/settings/audit?who=nobody-of-this-name",
        "/settings/keeping",
    ):
        page.goto(path)
        check(page)
    page.goto("/settings/audit")
    page.get_by_label("What", exact=True).select_option("restricted_read")
    page.get_by_role("button", name="Search").click()
    page.get_by_text("Read a restricted conversation", exact=True).locator("visible=true").first.wait_for()
