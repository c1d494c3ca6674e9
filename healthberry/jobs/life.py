"""How a process of the background says that it lives, from wherever it is: no connection stays open for that."""

import logging
import time
from collections.abc import Callable, Sequence

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from healthberry import logs
from healthberry.core import processes
from healthberry.core.events import commit
from healthberry.core.processes import Process
from healthberry.extensions import db

log = logging.getLogger(__name__)


class Life:
    """The life of one process, told to the database as often as the settings ask for, however often `beat` is called.

    A database that is away is logged and no more: the process goes on.
    """

    def __init__(self, app: Flask, role: str, queues: Sequence[str] = ()) -> None:
        self._app = app
        self.process = Process.new(role, queues)
        with app.app_context():
            self.seconds = processes.beat_seconds()
        self._next_at = 0.0

    def beat(self) -> None:
        """Say that it lives, if it is time to; afterwards this process has no connection to the database."""
        if time.monotonic() < self._next_at:
            return
        self._next_at = time.monotonic() + self.seconds
        self._tell(processes.beat)

    def end(self) -> None:
        """Say that it ends as it was told to."""
        self._tell(processes.end)

    def _tell(self, say: Callable[[Process], None]) -> None:
        try:
            with self._app.app_context():
                try:
                    say(self.process)
                    commit()
                finally:
                    db.session.remove()
                    db.engine.dispose()
        except SQLAlchemyError as error:
            logs.event(log, "beat.not_told", logging.WARNING, role=self.process.role, error=type(error).__name__)
