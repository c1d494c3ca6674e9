"""One worker process: builds the application, then runs jobs from the queues in their order.

`python worker.py` empties every queue; `python worker.py replies alerts` only those. After some hours or thousands of
jobs it begins anew in the same process, so that whatever started it need not.
"""

import os
import signal
import sys
import time
from contextlib import suppress
from typing import NoReturn

from redis import Redis
from redis.exceptions import RedisError

from healthberry import create_app
from healthberry.jobs import base, precedence
from healthberry.jobs.worker import BerryWorker
from healthberry.queues import QUEUES
from healthberry.settings import Settings, SettingsError

_AWAY_SECONDS = 1.0


def main(names: list[str]) -> int:
    """Run until told to end; return the exit code."""
    try:
        settings = Settings.load()
        app = create_app(settings)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    base.use(app)
    if settings.pages_first:
        precedence.let_pages_come_first()
    try:
        worker = BerryWorker(app, names or QUEUES)
        worker.run()
    except RedisError as error:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        sys.stderr.write(f"The queue does not answer ({type(error).__name__}): trying again.\n")
        wait_for(app.extensions["valkey"])
    else:
        if worker.told_to_end:
            return 0
    return begin_anew()


def wait_for(valkey: Redis) -> None:
    """Wait until the queue answers. To begin anew costs seconds of a processor, which others need in an outage."""
    while True:
        time.sleep(_AWAY_SECONDS)
        with suppress(RedisError):
            valkey.ping()
            return


def begin_anew() -> NoReturn:
    """Become the same program with nothing in its memory, in the same process."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
