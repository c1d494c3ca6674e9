"""Doing what waits on the queues, as a worker would, in this process."""

from flask import Flask
from redis import Redis
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from healthberry.queues import QUEUES, queue


def run_jobs(app: Flask) -> None:
    """Run every job that waits, and those that they make; a job that fails fails the test."""
    connection: Redis = app.extensions["valkey_jobs"]
    queues = [queue(name, connection) for name in QUEUES]
    worker = SimpleWorker(queues, connection=connection, serializer=JSONSerializer)
    worker.work(burst=True, logging_level="ERROR")
    failed = [job_id for one in queues for job_id in one.failed_job_registry.get_job_ids()]
    assert failed == [], f"jobs failed: {failed}"
