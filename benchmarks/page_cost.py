"""What a page costs a processor by itself: it says how fast the machine is just now, which differs within an hour.

The same work takes up to twice as long where others use the machine's caches; a plain loop does not show it.
"""

import statistics
import time
from collections.abc import Iterator, Sequence
from contextvars import Context
from itertools import cycle, islice

from flask import Flask
from werkzeug.test import create_environ, run_wsgi_app

from benchmarks.measure import Figure

_ROUNDS, _PAGES = 15, 40


def page_cost(app: Flask, paths: Sequence[str], cookies: Sequence[str], when: str) -> Figure:
    """Ask for pages in this process, one after the other; give the usual processor time of one."""
    asks = zip(cycle(paths), cycle(cookies), strict=False)
    outside = Context()  # each page in an application context of its own, as in the web server
    outside.run(_ask, app, islice(asks, _PAGES))
    took = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        outside.run(_ask, app, islice(asks, _PAGES))
        took.append((time.process_time() - began) / _PAGES * 1000)
    note = f"{min(took):.1f} to {max(took):.1f}"
    return Figure(f"load: processor time of one page by itself, {when}", statistics.median(took), "ms", note=note)


def _ask(app: Flask, asks: Iterator[tuple[str, str]]) -> None:
    for path, cookie in asks:
        headers = {"Cookie": cookie, "HX-Request": "true", "HX-Current-URL": "http://localhost/inbox"}
        body, status, _ = run_wsgi_app(app, create_environ(path, headers=headers), buffered=True)
        if not status.startswith("200"):
            raise RuntimeError(f"{path} answered {status}: {b''.join(body)[:200]!r}")
