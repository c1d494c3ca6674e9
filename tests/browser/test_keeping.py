"""The pages of keeping, erasing, restricting and holding, in each width, with axe."""

import pytest

from healthberry.core import erasing, events, holds, restricting
from healthberry.jobs import keeping as jobs
from tests.browser.conftest import Look
from tests.browser.office import Office
from tests.browser.test_everybody import check

pytestmark = pytest.mark.browser


def test_the_pages_of_keeping_and_letting_go(office: Office, look: Look) -> None:
    member, org = office.member, office.member.organisation_id
    who = erasing.writers(member, office.post)[0].id
    page = look("/settings/keeping", member)
    for path in (
        "/settings/keeping",
        "/settings/keeping/nhsuk?months=6",
        f"/conversations/{office.post}/erase",
        f"/conversations/{office.post}/requests",
    ):
        page.goto(path)
        check(page)
    holds.place(member, office.nhsuk.id, office.story, "Claim 12")
    restricting.restrict(member, office.story, None, "They objected.")
    erasure_id = erasing.begin(member, office.post, who, reference="IG-7", answers=False, notes=False).id
    events.commit()
    jobs.erase(str(org), str(erasure_id))
    for path in (
        "/settings/keeping",
        f"/conversations/{office.story}",
        f"/conversations/{office.story}/requests",
        f"/conversations/{office.post}",
        f"/erasures/{erasure_id}",
    ):
        page.goto(path)
        check(page)
