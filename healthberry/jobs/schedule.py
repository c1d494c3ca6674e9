"""What runs by the clock. Each entry puts one job on its queue; the job finds out what there is to do."""

import contextlib
import logging
import time
from datetime import UTC, datetime
from types import FrameType

from flask import Flask
from redis import Redis
from redis.exceptions import RedisError
from rq.cron import CronJob, CronScheduler
from rq.exceptions import StopRequested
from rq.job import Job

from healthberry import logs
from healthberry.jobs import keeping, maintenance
from healthberry.jobs.life import Life
from healthberry.queues import queue

log = logging.getLogger(__name__)

SWEEP_SECONDS = 5
TIDY_SECONDS = 6 * 3600
_WAITS_SECONDS = 3600
_AWAY_SECONDS = 1.0
NIGHTLY = "17 3 * * *"  # when the fewest people wait for anything


class _JsonCronJob(CronJob):
    """RQ's own would pickle its arguments; ours go to our queues, as JSON."""

    def enqueue(self, connection: Redis) -> Job:
        waiting = queue(self.queue_name, connection)
        # What comes again in seconds need not wait for busy workers; what comes once a night must.
        ttl = SWEEP_SECONDS * 4 if self.interval == SWEEP_SECONDS else _WAITS_SECONDS
        # The sweep finds what is due for everybody: it waits behind no queue that grows.
        first = self.interval == SWEEP_SECONDS
        return waiting.enqueue_call(self.func_name, timeout=60, result_ttl=0, ttl=ttl, at_front=first)


class Schedule(CronScheduler):
    """RQ's scheduler, which also notes in the database that it is alive, and outlives a queue that is away."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app.extensions["valkey_jobs"])
        self._life = Life(app, "scheduler")
        self._told_to_stop = False
        self._cron_jobs.append(_JsonCronJob("ingest", func=maintenance.sweep, interval=SWEEP_SECONDS))
        self._cron_jobs.append(_JsonCronJob("ingest", func=maintenance.tidy, interval=TIDY_SECONDS))
        nightly = _JsonCronJob("ingest", func=keeping.begin_night, cron=NIGHTLY)
        nightly.next_enqueue_time = datetime.now(UTC)  # once at the start: some machines are off at night
        self._cron_jobs.append(nightly)

    def run(self) -> None:
        """Put on the queues what is due, until told to stop; wait while there is no queue."""
        while not self._told_to_stop:
            try:
                self.start()  # type: ignore[no-untyped-call]
            except RedisError as error:
                logs.event(log, "scheduler.queue_away", logging.WARNING, error=type(error).__name__)
                self._life.beat()
                self._pause()
        self._life.end()

    def _pause(self) -> None:
        with contextlib.suppress(StopRequested):
            time.sleep(_AWAY_SECONDS)

    def _request_stop(self, signum: int, frame: FrameType | None) -> None:
        self._told_to_stop = True
        super()._request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def heartbeat(self) -> None:
        """Tell both the database and Valkey."""
        self._life.beat()
        super().heartbeat()
