"""Every page of whoever is signed in offers the way out, and whoever takes it leaves nothing in the browser."""

import re
from collections.abc import Iterator

from flask.testing import FlaskClient

from tests.policy.desk import OPERATOR, Desk, desk, kinds, providers, settings
from tests.world import operator_session

__all__ = ["desk", "kinds", "providers", "settings"]

# Streams never end, what is not asked for by a page is none, and the files of the style sheet are found by their name.
_NO_PAGES = {"stream.follow", "welcome.found", "static"}


def _pages(desk: Desk, client: FlaskClient) -> Iterator[tuple[str, str]]:
    """Give endpoint and text of everything that is shown in a browser's window."""
    for rule in desk.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint in _NO_PAGES:
            continue
        with desk.app.test_request_context():
            path = str((rule.build({**desk.ids, "token": "t"}, append_unknown=False) or ("", "/nowhere"))[1])
        answer = client.get(path)
        is_page = answer.mimetype == "text/html" and "Content-Disposition" not in answer.headers
        if is_page and answer.status_code not in (302, 303) and "<html" in answer.text:
            yield rule.endpoint, answer.text


def test_every_page_of_a_member_offers_to_sign_out(desk: Desk) -> None:
    seen, without = set(), []
    for endpoint, text in _pages(desk, desk.world.signed_in(desk.app.test_client(), desk.member)):
        seen.add(endpoint)
        if not re.search(r'<form [^>]*action="/signout" [^>]*data-signs-out', text):
            without.append(endpoint)

    assert without == []
    wanted = {
        "inbox.index",
        "conversation.show",
        "confirm.index",
        "own_sign_in.index",
        "welcome.index",
        "settings.index",
    }
    assert seen >= wanted | {"passkeys.show", "people.index", "public.help_page", "noise.show"}
    assert len(seen) > 50


def test_every_page_of_an_operator_offers_to_sign_out(desk: Desk) -> None:
    client = desk.app.test_client()
    with client.session_transaction() as session:
        session["operator"] = operator_session(desk.app, OPERATOR)
    seen, without = set(), []
    for endpoint, text in _pages(desk, client):
        seen.add(endpoint)
        if 'action="/operator/sign-out"' not in text:
            without.append(endpoint)

    assert without == []
    assert seen >= {"operator.index", "operator.audit", "disputes.index", "operator_step.show", "public.help_page"}


def test_a_stranger_is_offered_no_way_out(client: FlaskClient) -> None:
    for path in ("/", "/help", "/signin", "/operator/sign-in", "/nowhere"):
        assert "Sign out" not in client.get(path).text


def test_signing_out_empties_what_the_browsers_tabs_kept(desk: Desk) -> None:
    for path in ("/signout", "/operator/sign-out", "/settings/signout"):
        answer = desk.world.signed_in(desk.app.test_client(), desk.member).post(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/")
        assert answer.headers["Clear-Site-Data"] == '"storage"'
