"""Organisations' websites."""

from urllib.parse import urljoin

import pytest

from healthberry.sandbox.websites import handle_for
from tests.sandbox.conftest import Box


def _behave(box: Box, behaviour: str, **options: object) -> None:
    body = {"host": "www.example.nhs.uk", "behaviour": behaviour, **options}
    assert box.client.post("/control/websites", json=body).status_code == 201


@pytest.mark.parametrize(
    ("host", "handle"),
    [
        ("www.imperial.nhs.uk", "imperialNHS"),
        ("imperial.nhs.uk", "imperialNHS"),
        ("www.a-very-long-name-of-a-trust.nhs.uk", "averylongnamNHS"),
        ("cedar-surgery.co.uk", "cedarsurgery"),
    ],
)
def test_the_handle_follows_from_the_host(host: str, handle: str) -> None:
    assert handle_for(host) == handle


def test_a_home_page_links_to_an_account_that_exists(box: Box) -> None:
    for path in (
        "/websites/www.imperial.nhs.uk/",
        "/websites/www.imperial.nhs.uk",
        "/websites/www.imperial.nhs.uk/about",
    ):
        page = box.client.get(path)
        assert page.status_code == 200
        assert 'href="https://x.com/imperialNHS"' in page.text
    assert "data" in box.x("users/by/username/imperialNHS").json


def test_a_host_redirects_as_often_as_it_was_told(box: Box) -> None:
    _behave(box, "redirect", times=2)
    for start in ("/websites/www.example.nhs.uk/", "/websites/www.example.nhs.uk"):
        at, statuses = start, []
        while (page := box.client.get(at)).status_code == 302:
            statuses.append(302)
            at = urljoin(at, page.headers["Location"])
        assert (statuses, page.status_code) == ([302, 302], 200)


def test_a_dead_host_closes_the_connection(box: Box) -> None:
    _behave(box, "dead")
    with pytest.raises(OSError, match="hangs up"):
        box.client.get("/websites/www.example.nhs.uk/")


def test_other_hosts_misbehave_as_told(box: Box) -> None:
    _behave(box, "bad_gateway")
    assert box.client.get("/websites/www.example.nhs.uk/").status_code == 502
    _behave(box, "huge", bytes=2_000_000)
    assert len(box.client.get("/websites/www.example.nhs.uk/").data) > 2_000_000
    _behave(box, "no_handle")
    assert "x.com/exampleNHS" not in box.client.get("/websites/www.example.nhs.uk/").text
    _behave(box, "html", html="<a href='https://twitter.com/Other'>")
    assert box.client.get("/websites/www.example.nhs.uk/").text == "<a href='https://twitter.com/Other'>"
    _behave(box, "redirect_elsewhere", location="http://192.0.2.1/")
    assert box.client.get("/websites/www.example.nhs.uk/").headers["Location"] == "http://192.0.2.1/"


def test_a_site_may_link_to_an_account_that_x_does_not_know(box: Box) -> None:
    _behave(box, "unknown_handle", handle="goneTrust")
    assert "https://x.com/goneTrust" in box.client.get("/websites/www.example.nhs.uk/").text
    assert "errors" in box.x("users/by/username/goneTrust").json


def test_a_site_may_link_to_another_account(box: Box) -> None:
    _behave(box, "ok", handle="RealHandle")
    assert "https://x.com/RealHandle" in box.client.get("/websites/www.example.nhs.uk/").text
    assert "data" in box.x("users/by/username/RealHandle").json


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"host": "a b"},
        {"host": "a.uk", "behaviour": "odd"},
        {"host": "a.uk", "behaviour": "redirect", "times": "x"},
    ],
)
def test_a_wrong_order_is_refused(box: Box, body: dict[str, object]) -> None:
    assert box.client.post("/control/websites", json=body).status_code == 400
