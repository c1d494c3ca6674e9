"""From a delivery that another system sends to the row on an open page, with everything running."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.deliveries import link
from benchmarks.measure import Figure, percentile
from benchmarks.servers import Bench, bench
from benchmarks.stream_houses import cookie
from benchmarks.web import web_server
from healthberry.connectors.signing import HEADER, sign
from healthberry.core import scope
from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.models.organisations import Member

TARGET_P99_SECONDS = 1.0
_SENT = 200
_PAUSE_SECONDS = 0.1
# As the Procfile has them; the sandbox is not needed, for what is measured is sent to us.
_PROCESSES = (
    ["worker.py"],
    ["worker.py"],
    ["worker.py", "replies", "alerts"],
    ["-m", "healthberry.cli", "scheduler"],
    ["-m", "healthberry.cli", "listen"],
)
_ROOT = Path(__file__).resolve().parent.parent


def main(sent: int = _SENT) -> list[Figure]:
    """Send one delivery after the other; give how long each took to be on screen."""
    with ExitStack() as stack:
        mailbox = Mailbox(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="healthberry-bench-mail-"))))
        stack.callback(mailbox.stop)
        running = stack.enter_context(bench({"MAIL_URL": mailbox.mail_url}))
        with running.app.app_context():
            organisation_id, channel_id, secret = link(0)
            scope.enter(organisation_id)
            member = Member(
                organisation_id=organisation_id, email="pat@example.org", name="Pat", role="administrator", level=2
            )
            db.session.add(member)
            db.session.commit()
            session = cookie(running.app, member)
            scope.leave()
        web = stack.enter_context(web_server(running))
        for command in _PROCESSES:
            stack.enter_context(_process(running, command))
        page = stack.enter_context(_open_page(web.port, session))
        waits = [_send(web.port, f"/hooks/webhook/{channel_id}", secret, number, page) for number in range(sent + 5)][
            5:
        ]
    return [
        Figure("delivery to open screen: median", percentile(waits, 0.5), "s"),
        Figure("delivery to open screen: 99 of 100", percentile(waits, 0.99), "s", TARGET_P99_SECONDS),
        Figure("delivery to open screen: slowest", max(waits), "s", note=f"{sent} deliveries"),
    ]


def _send(port: int, path: str, secret: str, number: int, page: socket.socket) -> float:
    """Send one item and read the page's stream until its row is there; return the seconds."""
    time.sleep(_PAUSE_SECONDS)
    words = f"Delivery number {number} came to the ward."
    item = {"id": f"r{number}", "text": words, "posted_at": datetime.now(UTC).isoformat()}
    body = json.dumps({"version": 1, "items": [item]}).encode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    began = time.perf_counter()
    signed = sign(secret, body, int(time.time()))
    connection.request("POST", path, body, {"Content-Type": "application/json", HEADER: signed})
    status = connection.getresponse().status
    connection.close()
    if status != 202:
        raise RuntimeError(f"the hook answered {status}")
    seen = b""
    while words.encode() not in seen:
        seen = seen[-20_000:] + page.recv(65_536)
    return time.perf_counter() - began


@contextmanager
def _open_page(port: int, session: str) -> Iterator[socket.socket]:
    page = socket.create_connection(("127.0.0.1", port), timeout=30)
    head = ("GET /stream?view=inbox&after=0 HTTP/1.1", "Host: localhost", f"Cookie: {session}", "", "")
    page.sendall("\r\n".join(head).encode())
    if not re.match(rb"HTTP/1.1 200", page.recv(4096)):
        raise RuntimeError("the stream does not open")
    try:
        yield page
    finally:
        page.close()


@contextmanager
def _process(running: Bench, command: list[str]) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, *command], cwd=_ROOT, env={**os.environ, **running.environment})
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


if __name__ == "__main__":
    for figure in main():
        print(figure.line())
