"""Sentry and OpenTelemetry, where settings ask for them: what leaves, and what never does."""

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

import pytest

SCRIPT = """
import sys, logging
from healthberry import logs, observing
from healthberry.settings import Settings

class Asked:
    sentry_dsn = sys.argv[1] or None
    otel_endpoint = sys.argv[2] or None

observing.start(Asked())
with logs.about(request_id="request-one", member_id="member-two"), observing.span("request", route="inbox.index"):
    patient = "Mrs Marigold was left alone"
    try:
        raise ValueError("Mrs Marigold was left alone")
    except ValueError:
        logging.getLogger("healthberry").exception("job.failed")
        if Asked.sentry_dsn:
            import sentry_sdk
            sentry_sdk.capture_exception()
            sentry_sdk.flush(5)
observing.flush()
"""


class Sink(BaseHTTPRequestHandler):
    got: "Queue[tuple[str, bytes]]"

    def do_POST(self) -> None:
        size = self.headers.get("Content-Length")
        body = self.rfile.read(int(size)) if size else b""
        self.got.put((self.path, body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def sink() -> Iterator[tuple[str, "Queue[tuple[str, bytes]]"]]:
    got: Queue[tuple[str, bytes]] = Queue()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Sink,), {"got": got}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}", got
    server.shutdown()
    server.server_close()


def run(sentry: str = "", traces: str = "") -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, sentry, traces], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_sentry_learns_where_an_error_was_and_whose_request_but_no_word(
    sink: tuple[str, "Queue[tuple[str, bytes]]"],
) -> None:
    host, got = sink
    run(sentry=f"http://public@{host}/1")
    path, body = got.get(timeout=20)
    assert path.startswith("/api/1/")
    sent = _unpacked(body)
    assert "ValueError" in sent
    assert "request-one" in sent
    assert "Marigold" not in sent
    assert json.dumps("left alone")[1:-1] not in sent


def test_traces_name_the_route_and_no_address(sink: tuple[str, "Queue[tuple[str, bytes]]"]) -> None:
    host, got = sink
    run(traces=f"http://{host}")
    path, body = got.get(timeout=20)
    assert path == "/v1/traces"
    sent = _unpacked(body)
    assert "inbox.index" in sent
    assert "Marigold" not in sent


def _unpacked(body: bytes) -> str:
    return (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).decode("utf-8", "replace")
