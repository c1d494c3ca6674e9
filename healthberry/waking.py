"""Making a web process ready before it is asked: what the first requests would otherwise wait for."""

import logging
from contextlib import ExitStack, suppress

from flask import Flask
from redis import RedisError
from sqlalchemy.exc import OperationalError

from healthberry import logs
from healthberry.core import events, pushes, scope
from healthberry.core.errors import NotFound
from healthberry.extensions import db, part
from healthberry.models.owned import new_id

log = logging.getLogger(__name__)


def wake(app: Flask) -> None:
    """Open every connection that this process may hold, and go once the way that a delivery goes.

    A burst right after a start opened all connections at once, and each waited for all. A database or Valkey that does
    not answer yet stops no process: it is tried again at the first request.
    """
    with app.app_context(), suppress(RedisError):
        part("valkey").ping()
    with app.app_context():
        try:
            with ExitStack() as opened:
                for _ in range(app.config["SQLALCHEMY_ENGINE_OPTIONS"]["pool_size"]):
                    pushes.prepare(opened.enter_context(db.engine.connect()))
            _look_for_nobody(app)
        except OperationalError as error:
            logs.event(log, "web.woke_without_database", logging.WARNING, error=type(error).__name__)


def _look_for_nobody(app: Flask) -> None:
    """Ask for a channel that does not exist: what is worked out at the first request of a kind is known then."""
    app.test_client().post(f"/hooks/webhook/{new_id()}")
    try:
        with suppress(NotFound):
            pushes.reach(new_id(), new_id())
        events.commit()
    finally:
        scope.leave()
