"""One worker process: builds the application, then runs jobs from the queues in their order.

`python worker.py` empties every queue; `python worker.py replies alerts ingest` only those.
"""

import sys

from rq import Worker
from rq.serializers import JSONSerializer

from healthberry import create_app
from healthberry.jobs import base
from healthberry.queues import QUEUES, queue
from healthberry.settings import Settings, SettingsError


def main(names: list[str]) -> int:
    """Run until told to stop; return the exit code."""
    try:
        app = create_app(Settings.load())
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    base.use(app)
    queues = [queue(name, app.extensions["valkey_jobs"]) for name in names or QUEUES]
    worker = Worker(queues, connection=app.extensions["valkey_jobs"], serializer=JSONSerializer)
    worker.work(logging_level="WARNING")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
