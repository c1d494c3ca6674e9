"""Signing in with the organisation's account in Chromium: to another site and back, past our policy."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from healthberry.connectors.openid import Issuers
from healthberry.core import scope
from tests.browser.conftest import Look, overflows, violations
from tests.session.issuer import Issuer, answering
from tests.session.openid_desk import DOMAIN, PAGE, ROBIN, make
from tests.world import World

PHONE = (390, 844)
pytestmark = pytest.mark.browser


@pytest.fixture
def issuer(app: Flask) -> Iterator[Issuer]:
    """An issuer on another site, with Robin before the browser."""
    with answering() as found:
        found.person = dict(ROBIN)
        app.extensions["openid"] = Issuers(allowed=found.url)
        yield found


def test_somebody_goes_to_their_organisations_sign_in_and_comes_back_signed_in(
    app: Flask, world: World, site: str, look: Look, issuer: Issuer
) -> None:
    ward = make(app, world, issuer)
    here = site.replace("127.0.0.1", "localhost")  # another site than the issuer's, as in real life
    app.extensions["settings"] = replace(app.extensions["settings"], public_url=here)
    page = look(f"{here}/signin?next=/settings", size=PHONE)

    page.get_by_label("Work e-mail address").fill(f"robin@{DOMAIN}")
    page.get_by_role("button", name="Send me a code").click()
    assert violations(page) == []
    assert not overflows(page)
    page.get_by_role("button", name="Continue with Cedar Surgery").click()

    page.wait_for_url(f"{here}/settings")
    assert f"robin@{DOMAIN}" in page.inner_text("main")
    assert ward.members() == [(f"robin@{DOMAIN}", "viewer", 2)]


def test_the_page_for_setting_it_up_reads_well_on_a_phone(app: Flask, world: World, look: Look, issuer: Issuer) -> None:
    ward = make(app, world, issuer)
    scope.leave()
    page = look(PAGE, ward.administrator, PHONE)

    assert violations(page) == []
    assert not overflows(page)
    ink = page.locator("h1").evaluate("one => getComputedStyle(one).color")
    address = page.locator("main code").first
    assert address.evaluate("one => getComputedStyle(one).color") == ink, "red would say that it is wrong"
    assert page.get_by_label("Issuer", exact=True).input_value() == issuer.issuer
    assert page.get_by_label("Client secret").input_value() == ""
