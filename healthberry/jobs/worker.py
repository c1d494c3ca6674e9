"""RQ's worker as HealthBerry runs it: heard of in the database, bounded in memory, new again after some hours.

Told to end, it lets its job finish or hand back what it has, and takes no other.
"""

import contextlib
import logging
import os
import resource
import signal
import time
from collections.abc import Sequence
from typing import Any

from flask import Flask
from redis.exceptions import RedisError
from rq import Worker
from rq.exceptions import AbandonedJobError, DeserializationError
from rq.executions import Execution
from rq.job import Job
from rq.queue import Queue
from rq.serializers import JSONSerializer
from sqlalchemy.exc import SQLAlchemyError

from healthberry import logs
from healthberry.core import scope, shares
from healthberry.core.events import commit
from healthberry.core.health import SENDING
from healthberry.extensions import db
from healthberry.jobs import base, batches, ending, failures, precedence
from healthberry.jobs.life import Life
from healthberry.models.owned import now
from healthberry.queues import queue

log = logging.getLogger(__name__)

_MEGABYTE = 1024 * 1024
_TTL_BEYOND_WAIT_SECONDS = 15  # RQ waits for jobs this much less than its time to live


class BerryWorker(Worker):
    """One worker process; `told_to_end` says why it stopped."""

    def __init__(self, app: Flask, names: Sequence[str]) -> None:
        role = "sender" if set(names) <= set(SENDING) else "worker"
        self._life = Life(app, role, names)
        shares.belong_to(self._life.process)
        self._settings = app.extensions["settings"]
        self._app = app
        self._renew_at = time.monotonic() + self._settings.worker_hours * 3600
        self.told_to_end = False
        connection = app.extensions["valkey_jobs"]
        super().__init__(
            [queue(name, connection) for name in names],
            name=self._life.process.name,
            connection=connection,
            serializer=JSONSerializer,
            worker_ttl=self._life.seconds + _TTL_BEYOND_WAIT_SECONDS,
            job_monitoring_interval=self._life.seconds,
            exception_handlers=[self._abandoned],
            work_horse_killed_handler=self._killed,
        )

    def run(self) -> None:
        """Work until told to end, or until it is time to begin anew. Raises: RedisError while there is no queue."""
        settings = self._settings
        self.work(logging_level="WARNING", max_jobs=settings.worker_jobs, max_idle_time=settings.worker_hours * 3600)
        if self.told_to_end:
            self._life.end()

    def heartbeat(self, *given: Any, **named: Any) -> None:
        """Tell the database as well, unless this is the process of one job."""
        if not self.is_horse:
            self._life.beat()
            if self.horse_pid:
                precedence.call_forward(self.horse_pid)
        super().heartbeat(*given, **named)

    def check_for_suspension(self, burst: bool) -> None:
        """Between two jobs: begin anew when it is time."""
        super().check_for_suspension(burst)
        if time.monotonic() > self._renew_at:
            self._stop_requested = True

    def handle_warm_shutdown_request(self) -> None:
        """Tell the job that runs to finish soon, or to hand back what it has."""
        self.told_to_end = True
        if self.horse_pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)

    def setup_work_horse_signals(self) -> None:
        """In the process of one job: bound its memory, and let it hear that it is to end."""
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]
        signal.signal(signal.SIGTERM, ending.wind_up)
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_DATA, (self._settings.job_memory_mb * _MEGABYTE, most))

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """In the process of one job: let pages come first, unless the job has waited long."""
        precedence.work_for(queue.name)
        if job.enqueued_at is not None:
            precedence.suit((now() - job.enqueued_at).total_seconds())
        return super().perform_job(job, queue, execution)

    def _killed(self, job: Job, *_: Any) -> None:
        """Note that a job was killed, which it could not do itself, and give its place up."""
        self._note_killed(job)
        try:
            with self._app.app_context():
                shares.clear()
                commit()
        except SQLAlchemyError as error:
            logs.event(log, "place.not_given_up", logging.WARNING, error=type(error).__name__)
        finally:
            self._let_go()

    def _note_killed(self, job: Job) -> None:
        try:
            piece = base.piece_of(base.kind_of(job.func_name or ""), job.args)
            piece = piece or batches.in_hand(job.id, self._app.extensions["valkey"])
        except (DeserializationError, RedisError):
            return
        with self._app.app_context():
            failures.note(piece, "Killed")
            scope.leave()
        self._let_go()

    def _let_go(self) -> None:
        """Keep no connection to the database: the next job is a fork of this process."""
        with self._app.app_context():
            db.engine.dispose()

    def _abandoned(self, job: Job, kind: type[BaseException], *_: Any) -> bool:
        """Note that a job died together with its worker; all else was noted where it happened."""
        if kind is AbandonedJobError:
            self._note_killed(job)
        return True
