"""The queue.

JSON in, ids only, and only a nudge. The database knows what is to be done; losing the queue loses nothing.
"""

import contextlib
import functools
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, cast
from uuid import UUID

from flask import Flask, current_app, has_app_context
from redis.exceptions import RedisError
from rq import get_current_job
from sqlalchemy.exc import SQLAlchemyError

from healthberry import logs, meter, observing
from healthberry.core import events, failed_work, scope, shares
from healthberry.core.failed_work import Piece
from healthberry.jobs import ending, failures
from healthberry.queues import queue

log = logging.getLogger(__name__)

_RESULT_SECONDS = 60
_REMEMBER_SECONDS = 60
_FAILURE_SECONDS = 7 * 24 * 3600


class Job(Protocol):
    """A function that a worker runs; `nudge` puts it on its queue."""

    __name__: str
    __wrapped__: Callable[..., None]
    kind: str  # what its failures are counted under

    def __call__(self, *arguments: Any) -> None:
        """Do the work now, in this process."""

    def nudge(self, *ids: UUID | str | None) -> None:
        """Have a worker do it."""


_app: Flask | None = None
_kinds: dict[str, str] = {}  # of every job, by the name that the queue knows it by
_jobs: dict[str, Job] = {}  # by kind


class Failed(Exception):
    """A job failed with an error of the class that is named: RQ would log, and keep in Valkey, what errors quote."""


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


def piece_of(kind: str, arguments: Sequence[Any]) -> Piece | None:
    """Return which piece of work a job with these arguments is; None for one that belongs to no organisation."""
    try:
        ids = [UUID(str(one)) for one in arguments]
    except ValueError:
        return None
    return Piece(kind, ids[0], ids[-1]) if ids else None


def kind_of(queued_name: str) -> str:
    """Return the kind of the job that the queue knows by this name."""
    return _kinds.get(queued_name, queued_name)


def job_of(kind: str) -> Job:
    """Return the job of this kind."""
    return _jobs[kind]


def nudge_again(pieces: Sequence[Piece]) -> None:
    """Have workers do these pieces of work; what no job of this release does is left out."""
    for piece in pieces:
        if piece.kind in _jobs:
            _jobs[piece.kind].nudge(*dict.fromkeys((piece.organisation_id, piece.subject_id)))


def job(queue_name: str, timeout_seconds: int = 120, kind: str = "") -> Callable[[Callable[..., None]], Job]:
    """Mark a function as a job: it runs in an application context of its own and sees no organisation until it enters
    one.

    Arguments are ids as text, the organisation's first. `.nudge(*ids)` puts it on its queue; a queue that can't be
    reached is logged, for the sweep will find the work in the database. Failures of the same work are counted (under
    `kind`, by default the function's name), and what failed waits or is stopped (core.failed_work).
    """

    def decorate(function: Callable[..., None]) -> Job:
        @functools.wraps(function)
        def run(*arguments: Any) -> None:
            if has_app_context():
                function(*arguments)
                return
            try:
                do(_jobs[named], arguments)
            except Exception as error:
                log.error("job.failed", exc_info=error, extra={"fields": {"job": named}})
                raise Failed(type(error).__name__) from None

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
                logs.event(log, "nudge_failed", logging.WARNING, job=function.__name__, error=type(error).__name__)

        named = kind or function.__name__
        if named in _jobs:
            raise RuntimeError(f"two jobs are of the kind {named!r}: their failures would be counted together")
        _kinds[f"{function.__module__}.{function.__qualname__}"] = named
        run.kind = named  # type: ignore[attr-defined]
        run.nudge = nudge  # type: ignore[attr-defined]
        _jobs[named] = cast(Job, run)
        return _jobs[named]

    return decorate


def do(done: Job, arguments: Sequence[Any]) -> None:
    """Do one piece of work in an application context of its own; count its failure. Raises: what it raises."""
    if _app is None:
        raise RuntimeError("jobs.base.use(app) was not called in this process")
    piece = piece_of(done.kind, arguments)
    with _app.app_context():
        with contextlib.suppress(RedisError):
            current_app.extensions["valkey"].delete(_mark(done.__name__, tuple(arguments)))
        try:
            with _metered(done.__name__):
                _counted(done.__wrapped__, piece, arguments)
        except ending.Ended:
            _hand_back(piece)
            done.nudge(*arguments)
        finally:
            scope.leave()


def _counted(function: Callable[..., None], piece: Piece | None, arguments: Sequence[Any]) -> None:
    """Run the job unless its work must not be tried now; count a failure, and forget earlier ones after a success."""
    ending.begin()
    standing = _standing(piece)
    if standing == "held":
        return
    try:
        function(*arguments)
    except Exception as error:
        _hand_back(piece)
        if failures.is_of_the_work(error):
            failures.note(piece, type(error).__name__)
        raise
    if piece is not None and standing == "failed":
        scope.enter(piece.organisation_id)
        failed_work.succeeded(piece)
    if shares.leave() or standing:
        events.commit()


def _standing(piece: Piece | None) -> str:
    if piece is None:
        return ""
    scope.enter(piece.organisation_id)
    found = failed_work.standing(piece)
    scope.leave()
    return found


def _hand_back(piece: Piece | None) -> None:
    """Give back what a job had claimed that did not get to its end; what it had not committed is gone."""
    try:
        events.forget()
        if piece is not None:
            scope.enter(piece.organisation_id)
        ending.give_back()
        shares.leave()
        events.commit()
    except SQLAlchemyError as error:  # the claims run out by themselves
        logs.event(log, "not_handed_back", logging.WARNING, error=type(error).__name__)
