"""What the stories of review sites have in common: what the inbox shows, answering by hand."""

import re

import httpx
from flask import Flask
from flask.testing import FlaskClient

from healthberry.core.inbox import Row
from healthberry.extensions import db
from healthberry.models.channels import Channel
from tests.stories.days import rows
from tests.stories.loop import ANSWER, member, publish


def shown(app: Flask, status: str = "open") -> dict[str, Row]:
    """Return the rows of the inbox by their first words."""
    return {row.first_words: row for row in rows(app, status)}


def channel_of(app: Flask, kind: str) -> Channel:
    """Return the one channel of a kind."""
    with app.app_context():
        member()
        found: Channel = db.session.scalars(db.select(Channel).filter_by(kind=kind)).one()
        return found


def copied(client: FlaskClient, conversation_id: str, page: str) -> str:
    """Write an answer, and say that it was copied; return the page that follows."""
    written = publish(client, conversation_id, page)
    reply = re.search(r"/replies/([0-9a-f-]{36})/copied", written)
    assert reply is not None, written
    client.post(f"/replies/{reply.group(1)}/copied")
    return thread(client, conversation_id)


def put_on_site(address: str, words: str = ANSWER, **fields: str) -> None:
    """Answer by hand, in the form of the site itself."""
    answer = httpx.post(address, data={"text": words, "author": "Pat Reader", **fields})
    assert answer.status_code == 303, answer.text


def thread(client: FlaskClient, conversation_id: str) -> str:
    """Return the page of a conversation."""
    return client.get(f"/conversations/{conversation_id}").get_data(as_text=True)
