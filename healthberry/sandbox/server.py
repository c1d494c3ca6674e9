"""Serve the sandbox with gevent until a signal ends it. The process must have been monkey-patched."""

import signal
import socket
import threading
from collections.abc import Mapping
from typing import Any

import gevent
from gevent.pywsgi import WSGIServer

from . import life
from .application import create_app, sandbox_of


class Server(WSGIServer):  # type: ignore[misc]
    """Send at once what is written.

    Head and body of an answer are two packets: without TCP_NODELAY the second waits for the client's delayed
    acknowledgement of the first, 40 ms for each answer.
    """

    def handle(self, sock: Any, address: object) -> None:
        """Serve one connection."""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().handle(sock, address)


def serve(config: Mapping[str, str], host: str, port: int) -> int:
    """Listen, say where in one line, and return 0 after SIGTERM or SIGINT. Port 0 takes a free one."""
    app = create_app(config)
    sandbox, stop = sandbox_of(app), threading.Event()
    server = Server((host, port), app, log=None)
    server.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, stop.set)
    endings = [site.serve(sandbox, host) for site in sandbox.sites.values()]
    living = gevent.spawn(life.run, sandbox, stop)
    shown = f"[{host}]" if ":" in host else host
    print(f"sandbox ready http://{shown}:{server.server_port}", flush=True)  # noqa: T201
    stop.wait()
    for end in endings:
        end()
    server.stop(timeout=1)
    living.join(timeout=2)
    sandbox.store.close()
    return 0
