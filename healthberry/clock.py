"""The one clock: that of the database, which every machine of an installation asks, however wrong its own is.

Claims, plans and silences are compared across machines: one whose clock is ten minutes off would take what others work
on, or call every channel silent. Asked once a minute, with the next connection that is used anyway.
"""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, event

log = logging.getLogger(__name__)

_EVERY_SECONDS = 60.0
_NEAR = timedelta(seconds=2)  # the way to the database and back takes time, too
_FAR = timedelta(seconds=60)  # worth a word to the operator


class Clock:
    """This machine's clock, put right by the database's. `local` and `ticks` are the machine's own."""

    def __init__(
        self,
        local: Callable[[], datetime] = lambda: datetime.now(UTC),
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._local, self._ticks = local, ticks
        self._off = timedelta()
        self._asked_at: float | None = None

    def now(self) -> datetime:
        """Return the present moment, aware, UTC."""
        return self._local() + self._off

    def timestamp(self) -> float:
        """Return the present moment in seconds since 1970."""
        return self.now().timestamp()

    def follow(self, engine: Engine) -> None:
        """Ask the database that this engine leads to from now on."""
        event.listen(engine, "checkout", self.ask)

    def ask(self, connection: Any, *_: object) -> None:
        """Ask over this connection, once a minute; a connection that does not answer is left to whoever wanted it."""
        if self._asked_at is not None and self._ticks() < self._asked_at + _EVERY_SECONDS:
            return
        self._asked_at = self._ticks()
        try:
            with connection.cursor() as cursor:
                before = self._local()
                told = cursor.execute("SELECT clock_timestamp()").fetchone()[0]
            connection.rollback()
        except Exception as error:
            log.warning("clock_not_asked", extra={"fields": {"error": type(error).__name__}})
            return
        self._put_right(told - before)

    def _put_right(self, off: timedelta) -> None:
        if abs(off) >= _FAR and abs(off - self._off) >= _NEAR:
            log.warning("clock_is_off", extra={"fields": {"seconds": round(off.total_seconds())}})
        self._off = off if abs(off) > _NEAR else timedelta()


CLOCK: Final = Clock()
