"""A channel that is never asked, what is sent to it, and what became of that."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import event, select, update

from healthberry.connectors.base import Delivery, Page
from healthberry.core import events, pushes
from healthberry.extensions import db
from healthberry.jobs import pushes as jobs
from healthberry.models.channels import Channel, QuarantinedItem
from healthberry.models.conversations import Message
from healthberry.models.owned import now
from healthberry.models.pushes import PushDelivery
from tests.pushed import Pushed, item, pushed, use
from tests.world import World

__all__ = ["pushed"]


@pytest.fixture
def channel(world: World, pushed: Pushed) -> Channel:
    """Return a channel that is never asked."""
    channel = world.channel(world.organisation(), "pushed")
    channel.next_poll_at = None
    db.session.commit()
    return channel


def arrive(channel: Channel, *names: str) -> None:
    """Keep deliveries as the hook does."""
    sent = [Delivery(json.dumps({"id": name}), key=name) for name in names]
    pushes.keep(channel.organisation_id, channel.id, sent)
    events.commit()


def take(channel: Channel) -> None:
    """Read what waits, as a worker does, and look at the channel anew."""
    jobs.take(str(channel.organisation_id), str(channel.id))
    db.session.refresh(channel)


def waiting() -> list[str]:
    return list(db.session.scalars(select(PushDelivery.key).order_by(PushDelivery.id)))


def stored() -> list[str]:
    return sorted(db.session.scalars(select(Message.remote_id)))


def quarantined() -> list[tuple[str, str]]:
    found = select(QuarantinedItem.raw, QuarantinedItem.reason).order_by(QuarantinedItem.raw)
    return [(json.loads(raw)["id"], reason) for raw, reason in db.session.execute(found)]


def failing(pushed: Pushed, errors: dict[str, Exception]) -> list[str]:
    """Let these deliveries fail; return the list that fills with what is read."""
    asked: list[str] = []

    def read(body: str) -> Page:
        name = json.loads(body)["id"]
        asked.append(name)
        if name in errors:
            raise errors[name]
        return Page([item(json.loads(body))], None, more=False)

    pushed.reads = read
    return asked


@contextmanager
def dying_at(words: str) -> Iterator[None]:
    """End the worker when it sends this statement to the database."""

    def die(connection: object, cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(words):
            raise KeyboardInterrupt

    event.listen(db.engine, "before_cursor_execute", die)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", die)


def always_asked(app: Flask, **more: int | None) -> Pushed:
    """Replace the kind by one that is also asked, every minute."""
    return use(app, Pushed(poll_seconds=60, **more))


def hints(pushed: Pushed) -> None:
    pushed.reads = lambda body: Page([], None, more=False, poll_now=True)


def asked_now() -> None:
    db.session.execute(update(Channel).values(next_poll_at=now()))
    db.session.commit()
