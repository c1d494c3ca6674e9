"""The web server: few processes, each with a green thread per open page."""

from gevent import monkey

# Before anything else is imported: the code is read once for all workers, and must find the green libraries.
monkey.patch_all()

import gc  # noqa: E402
import logging  # noqa: E402
import sys  # noqa: E402
import threading  # noqa: E402
from typing import Any  # noqa: E402

from healthberry.settings import Settings, SettingsError  # noqa: E402

try:
    _settings = Settings.load()
except SettingsError as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(2)

bind = _settings.web_bind
workers = _settings.web_workers
worker_class = "gevent"
preload_app = True
# Every visible page holds one event stream open.
worker_connections = 10_000
backlog = 4096
# Open streams are cut at the end of it; browsers come back by themselves and miss nothing.
graceful_timeout = 3
timeout = 60
keepalive = 65  # longer than proxies keep theirs: none sends a request into a connection that is just being closed
forwarded_allow_ips = "*" if _settings.trusted_proxies else "127.0.0.1"
# Of what a proxy sets the application reads X-Forwarded-* alone, as TRUSTED_PROXIES says: no header names the path.
forwarder_headers = ""
# Its default place is shared by all servers of one user.
control_socket_disable = True

# Thousands of open streams are hundreds of thousands of objects. Looking through all of them for garbage stops a
# process for a quarter of a second, which live pages feel; nearly everything here dies young, without being looked for.
_COLLECT_AFTER = (20_000, 5, 200)


def post_worker_init(worker: Any) -> None:
    """Open the connections beforehand; look whether the others live, by a way that needs none of them."""
    from healthberry.blueprints.watch import Watch  # noqa: PLC0415 -- the application is read by now
    from healthberry.waking import wake  # noqa: PLC0415

    wake(worker.wsgi)
    Watch(worker.wsgi).start()


def when_ready(server: object) -> None:
    """Leave alone for ever what is loaded by now, and collect seldom; the workers inherit both and share the memory.

    Timers that began while it was loaded (counters of Flask-Limiter) come to their end first: a worker that is forked
    amid one complains of a thread that it does not know.
    """
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()
    _log_with_the_others()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


def _log_with_the_others() -> None:
    """Let what gunicorn says of requests pass the mask as well: it names whole addresses, with the tokens in them."""
    own = logging.getLogger("gunicorn.error")
    own.handlers.clear()
    own.propagate = True
