"""The queue.

JSON in, ids only, and only a nudge. The database knows what is to be done; losing the queue loses nothing.
"""

import functools
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, cast
from uuid import UUID

from flask import Flask, current_app, has_app_context
from redis.exceptions import RedisError
from rq import get_current_job

from healthberry import logs, meter, observing
from healthberry.core import scope
from healthberry.queues import queue

log = logging.getLogger(__name__)

_RESULT_SECONDS = 60
_REMEMBER_SECONDS = 60
_FAILURE_SECONDS = 7 * 24 * 3600


class Job(Protocol):
    """A function that a worker runs; `nudge` puts it on its queue."""

    __name__: str

    def __call__(self, *arguments: Any) -> None:
        """Do the work now, in this process."""

    def nudge(self, *ids: UUID | str | None) -> None:
        """Have a worker do it."""


_app: Flask | None = None


def use(app: Flask) -> None:
    """Let jobs of this process run inside `app`; the worker calls it before it forks."""
    global _app  # noqa: PLW0603 -- one application per worker process, set before it forks
    _app = app


def nudge_once(function: Job, *ids: str) -> None:
    """Nudge, unless the same nudge still waits: a queue that is behind must not grow with every sweep.

    The mark goes when the job starts, or by itself after a minute should the queue be lost.
    """
    try:
        free = current_app.extensions["valkey"].set(_mark(function.__name__, ids), 1, nx=True, ex=_REMEMBER_SECONDS)
    except RedisError:
        return
    if free:
        function.nudge(*ids)


@contextmanager
def _metered(name: str) -> Iterator[None]:
    """Count a job and how long it took, and name it in every line that it logs."""
    started, outcome, running = time.monotonic(), "failed", get_current_job()
    ids = {"job": name, "job_id": running.id if running else None}
    with logs.about(**ids), observing.span("job", job=name):
        try:
            yield
            outcome = "done"
        finally:
            meter.count("jobs", name, outcome)
            meter.observe("job_seconds", time.monotonic() - started, name)
            meter.flush(current_app.extensions["valkey"], now=True)
            observing.flush()


def _mark(name: str, ids: tuple[Any, ...]) -> str:
    return f"hb:nudged:{name}:{':'.join(map(str, ids))}"


def job(queue_name: str, timeout_seconds: int = 120) -> Callable[[Callable[..., None]], Job]:
    """Mark a function as a job: it runs in an application context of its own and sees no organisation until it enters
    one.

    Arguments are ids as text. `.nudge(*ids)` puts it on its queue; a queue that can't be reached is logged, for the
    sweep will find the work in the database.
    """

    def decorate(function: Callable[..., None]) -> Job:
        @functools.wraps(function)
        def run(*arguments: Any) -> None:
            if has_app_context():
                function(*arguments)
                return
            if _app is None:
                raise RuntimeError("jobs.base.use(app) was not called in this process")
            with _app.app_context():
                current_app.extensions["valkey"].delete(_mark(function.__name__, arguments))
                with _metered(function.__name__):
                    try:
                        function(*arguments)
                    finally:
                        scope.leave()

        def nudge(*ids: UUID | str | None) -> None:
            try:
                queue(queue_name, current_app.extensions["valkey"]).enqueue_call(
                    run,
                    args=tuple(str(one) for one in ids),
                    timeout=timeout_seconds,
                    result_ttl=_RESULT_SECONDS,
                    failure_ttl=_FAILURE_SECONDS,
                )
            except RedisError as error:
                log.warning("nudge_failed", extra={"job": function.__name__, "error": type(error).__name__})

        run.nudge = nudge  # type: ignore[attr-defined]
        return cast(Job, run)

    return decorate
