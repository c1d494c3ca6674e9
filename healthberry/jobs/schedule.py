"""What runs by the clock. Each entry puts one job on its queue; the job finds out what there is to do."""

from datetime import UTC, datetime

from flask import Flask
from redis import Redis
from rq.cron import CronJob, CronScheduler
from rq.job import Job

from healthberry.core import sweep as due
from healthberry.core.events import commit
from healthberry.jobs import keeping, maintenance
from healthberry.queues import queue

SWEEP_SECONDS = 5
TIDY_SECONDS = 6 * 3600
_WAITS_SECONDS = 3600
NIGHTLY = "17 3 * * *"  # when the fewest people wait for anything


class _JsonCronJob(CronJob):
    """RQ's own would pickle its arguments; ours go to our queues, as JSON."""

    def enqueue(self, connection: Redis) -> Job:
        waiting = queue(self.queue_name, connection)
        # What comes again in seconds need not wait for busy workers; what comes once a night must.
        ttl = SWEEP_SECONDS * 4 if self.interval == SWEEP_SECONDS else _WAITS_SECONDS
        return waiting.enqueue_call(self.func_name, timeout=60, result_ttl=0, ttl=ttl)


class Schedule(CronScheduler):
    """RQ's scheduler, which also notes in the database that it is alive."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app.extensions["valkey_jobs"])
        self._app = app
        self._cron_jobs.append(_JsonCronJob("ingest", func=maintenance.sweep, interval=SWEEP_SECONDS))
        self._cron_jobs.append(_JsonCronJob("ingest", func=maintenance.tidy, interval=TIDY_SECONDS))
        nightly = _JsonCronJob("ingest", func=keeping.begin_night, cron=NIGHTLY)
        nightly.next_enqueue_time = datetime.now(UTC)  # once at the start: some machines are off at night
        self._cron_jobs.append(nightly)

    def heartbeat(self) -> None:
        """Tell both Valkey and the database."""
        super().heartbeat()
        with self._app.app_context():
            due.beat("scheduler")
            commit()
