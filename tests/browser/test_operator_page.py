"""The operator's page in a real browser: wide tables, long names and long reasons, on every width."""

from dataclasses import replace

import pytest
from flask import Flask

from healthberry.core import disputes, failed_work, scope
from healthberry.extensions import db
from tests.browser.conftest import SMALL, Look, look_over
from tests.world import World, operator_session

pytestmark = pytest.mark.browser
OPERATOR = "ada@host.example"


def test_axe_finds_nothing_and_wide_tables_scroll_in_their_frames(app: Flask, world: World, look: Look) -> None:
    app.extensions["settings"] = replace(app.extensions["settings"], operators=(OPERATOR,))
    organisation = world.organisation(name="The Very Long Named Hospitals and Community Services NHS Foundation Trust")
    for kind in ("nhsuk", "careopinion", "x"):
        channel = world.channel(organisation, kind)
        channel.state, channel.trouble = "failing", "It refused our key: " + "unbroken" * 30
    failed_work.failed(failed_work.Piece("poll", organisation.id, channel.id), "KeyError")
    claimants = [world.member(organisation, level=1, email=f"{'long' * 12}{one}@nhs.net") for one in range(2)]
    disputes.open_unproven(claimants[1])
    db.session.commit()
    scope.leave()

    page = look("/operator/sign-in", None, SMALL)
    look_over(page)
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    value = signer.dumps({"operator": operator_session(app, OPERATOR)})
    page.context.add_cookies(
        [{"name": app.config["SESSION_COOKIE_NAME"], "value": value, "url": page.url.removesuffix("/operator/sign-in")}]
    )
    page.goto("/operator")

    assert page.locator("h1").inner_text() == "This installation"
    assert page.locator("text=KeyError").count() == 1
    look_over(page)

    page.goto("/operator/disputes")
    page.get_by_role("button", name="Decide").click()
    assert page.locator(".nhsuk-error-message").count() == 1
    look_over(page)
