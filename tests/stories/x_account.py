"""Signing in with X in the sandbox, so that replies can be published there."""

from urllib.parse import parse_qsl, urlsplit

import httpx
from flask import Flask
from flask.testing import FlaskClient

from healthberry.extensions import db
from healthberry.models.channels import Channel
from tests.stories.loop import member


def connect_x(client: FlaskClient, app: Flask, username: str, *, status: int = 303) -> str:
    """Press Connect, authorise as `username` on the sandbox's page, come back; return the page that follows."""
    with app.app_context():
        member()
        channel_id = db.session.scalars(db.select(Channel.id).filter_by(kind="x")).one()
    sent = client.post(f"/channels/{channel_id}/connect", data={})
    with httpx.Client() as browser:
        page = browser.get(sent.headers["Location"])
        asked = dict(parse_qsl(urlsplit(sent.headers["Location"]).query))
        answer = browser.post(str(page.url).partition("?")[0], data={**asked, "username": username})
    back = urlsplit(answer.headers["Location"])
    arrived = client.get(back.path, query_string=dict(parse_qsl(back.query)))
    assert arrived.status_code == status, arrived.get_data(as_text=True)
    return arrived.get_data(as_text=True)
