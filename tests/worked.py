"""Doing what waits on the queues, as a worker would, in this process."""

from unittest.mock import patch

from flask import Flask
from redis import Redis
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from healthberry.jobs import batches
from healthberry.queues import QUEUES, queue


class AtOnce(SimpleWorker):
    """A worker that does what waits and ends: nobody sends it commands meanwhile.

    To stop listening for them takes 0.2 s, whatever was done.
    """

    def subscribe(self) -> None:
        """Listen for no command."""

    def unsubscribe(self) -> None:
        """Nothing listens."""


def work_on(app: Flask, *names: str, logging_level: str = "ERROR") -> None:
    """Run every job that waits on these queues, and those that they make; nobody brings more work meanwhile."""
    connection: Redis = app.extensions["valkey_jobs"]
    worker = AtOnce([queue(name, connection) for name in names], connection=connection, serializer=JSONSerializer)
    with patch.object(batches, "LINGER_SECONDS", 0.001):
        worker.work(burst=True, logging_level=logging_level)


def run_jobs(app: Flask) -> None:
    """Run every job that waits, and those that they make; a job that fails fails the test."""
    work_on(app, *QUEUES)
    queues = [queue(name, app.extensions["valkey_jobs"]) for name in QUEUES]
    failed = [job_id for one in queues for job_id in one.failed_job_registry.get_job_ids()]
    assert failed == [], f"jobs failed: {failed}"
