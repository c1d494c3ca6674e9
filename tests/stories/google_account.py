"""Signing in with Google in the sandbox, as whoever manages an organisation's profile or channel there."""

import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import httpx
from flask.testing import FlaskClient


def link_google(client: FlaskClient, kind: str, whose: str, **fields: str) -> str:
    """Link from the pages: fill in the form, sign in, choose all that it opens; return the page that follows."""
    assert "Google" in client.get(f"/channels/add/{kind}").get_data(as_text=True)
    sent = client.post(f"/channels/add/{kind}", data=fields)
    address = sent.headers.get("Location") or ""
    if sent.status_code == 200:
        found = re.search(r'content="0; url=([^"]+)"', sent.get_data(as_text=True))
        assert found is not None
        address = unescape(found[1])
    return _back(client, kind, address, whose)


def _back(client: FlaskClient, kind: str, address: str, whose: str) -> str:
    with httpx.Client() as browser:
        page = browser.get(address)
        asked = dict(parse_qsl(urlsplit(address).query))
        answer = browser.post(str(page.url).partition("?")[0], data={**asked, "organisations": whose})
    back = urlsplit(answer.headers["Location"])
    arrived = client.get(back.path, query_string=dict(parse_qsl(back.query)), follow_redirects=True)
    text = arrived.get_data(as_text=True)
    state = re.search(r'name="state" value="([^"]+)"', text)
    if state is None:
        return text
    chosen = [unescape(one) for one in re.findall(r'name="chosen"[^>]*value="([^"]+)"', text)]
    assert chosen, text
    form = {"state": unescape(state[1]), "chosen": chosen}
    done = client.post(f"/channels/add/{kind}/choose", data=form, follow_redirects=True)
    assert done.status_code == 200, done.get_data(as_text=True)
    return done.get_data(as_text=True)
