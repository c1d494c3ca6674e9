"""What the stories of review sites have in common: what the inbox shows, answering by hand, and days that pass."""

import re
from collections.abc import Callable

import httpx
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from healthberry.core import inbox
from healthberry.core.inbox import View
from healthberry.extensions import db
from healthberry.jobs import maintenance
from healthberry.local.postgres import Database
from healthberry.models.channels import Channel
from tests.stories.loop import ANSWER, member, publish

_NO_POLL = "UPDATE channels SET recheck_at = now(), next_poll_at = now() + interval '1 day'"
_LOOK = "UPDATE messages SET recheck_at = now() WHERE recheck_at IS NOT NULL"


def shown(app: Flask, status: str = "open") -> dict[str, inbox.Row]:
    """Return the rows of the inbox by their first words."""
    with app.app_context():
        page = inbox.list_conversations(member(), View(status=status), limit=100)
        return {row.first_words: row for row in page.rows}


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


def looked_at_again(database: Database, app: Flask, work: Callable[[], None]) -> None:
    """A day passes without a poll: what is stored is looked at again."""
    engine = create_engine(database.owner_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        connection.execute(text(_LOOK))
        connection.execute(text(_NO_POLL))
    engine.dispose()
    with app.app_context():
        maintenance.sweep()
    work()
