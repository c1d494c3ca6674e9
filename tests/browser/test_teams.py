"""Teams and providers in each width, with axe: a team is made, and a commissioner reads what is published."""

import pytest
from playwright.sync_api import expect

from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.organisations import Organisation
from tests.browser.conftest import Look
from tests.browser.office import Office
from tests.browser.test_everybody import check
from tests.core.test_commissioning import Region, region, register
from tests.world import World

__all__ = ["region", "register"]

pytestmark = pytest.mark.browser


def test_a_team_is_made_under_people_and_a_commissioner_reads_a_provider(
    world: World, office: Office, look: Look, region: Region
) -> None:
    member = office.member
    scope.enter(member.organisation_id)
    organisation = db.session.get_one(Organisation, member.organisation_id)
    ward = look("/inbox", world.member(organisation, role="responder", name="Wanda Ward"))
    ward.get_by_text("Nobody told us why Mum").first.wait_for()
    page = look("/people/teams/new", member)
    check(page)
    page.get_by_role("button", name="Make the team").click()
    page.get_by_text("Give the team a name").first.wait_for()
    check(page)
    page.get_by_label("Name of the team").fill("Everything that names no place")
    page.get_by_label("Also what names no site or service").check()
    page.get_by_label("Wanda Ward").check()
    page.get_by_role("button", name="Make the team").click()
    page.get_by_text("1 person", exact=True).wait_for()
    expect(ward.get_by_text("Nobody told us why Mum")).to_have_count(0)
    ward.get_by_text("Five hours in A&E").first.wait_for()
    check(page)
    page.get_by_role("link", name="Change").click()
    page.get_by_role("button", name="Save the team").wait_for()
    check(page)

    scope.enter(region.board.organisation_id)
    page = look("/inbox", region.board)
    page.get_by_role("link", name="Cedar Surgery").wait_for()
    check(page)
    page.get_by_role("link", name="Cedar Surgery").click()
    page.get_by_text("We feed the lion.").wait_for()
    check(page)
