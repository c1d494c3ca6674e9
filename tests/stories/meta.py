"""Linking Facebook and Instagram in the sandbox, and a door through which the sandbox reaches the application."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from urllib.parse import parse_qsl, urlsplit

import httpx
from flask.testing import FlaskClient

from tests.sandbox_server import Sandbox
from tests.serving import serving


def link(client: FlaskClient, kind: str, pages: Sequence[str], **form: str) -> str:
    """Fill the form in, sign in at the sandbox for these Pages, come back; return the page that follows."""
    leaving = client.post(f"/channels/add/{kind}", data=form)
    if leaving.status_code == 303:
        address = leaving.headers["Location"]
    else:
        found = re.search(r'href="([^"]*/dialog/oauth[^"]*)"', leaving.text)
        assert found is not None, leaving.text
        address = unescape(found[1])
    with httpx.Client(trust_env=False) as browser:
        page = browser.get(address).text
        fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
        answer = browser.post(address.partition("?")[0], data={**fields, "name": ",".join(pages)})
    back = urlsplit(answer.headers["Location"])
    arrived = client.get(back.path, query_string=dict(parse_qsl(back.query)), follow_redirects=True)
    assert arrived.status_code == 200, arrived.text
    return arrived.text


class Door:
    """What the sandbox sends, handed on to the application when a test wants it: it has but one thread."""

    def __init__(self, client: FlaskClient, kind: str) -> None:
        self.client, self.kind = client, kind
        self.address = ""
        self.sent: Queue[tuple[bytes, str]] = Queue()

    def challenge(self, query: str) -> bytes:
        """Answer the question whether we expect the sandbox."""
        return bytes(self.client.get(f"/hooks/{self.kind}?{query}").data)

    def hand_on(self, number: int = 1) -> list[int]:
        """Wait for so many deliveries and hand them on; return the statuses."""
        statuses = []
        for _ in range(number):
            body, signature = self.sent.get(timeout=20)
            headers = {"X-Hub-Signature-256": signature}
            statuses.append(self.client.post(f"/hooks/{self.kind}", data=body, headers=headers).status_code)
        return statuses


@contextmanager
def door(client: FlaskClient, sandbox: Sandbox, kind: str, object_: str) -> Iterator[Door]:
    """Enter a callback among the settings of the app at the sandbox, which asks it whether we expect it."""
    made = Door(client, kind)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(made.challenge(urlsplit(self.path).query))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.sent.put((body, self.headers["X-Hub-Signature-256"]))
            self._answer(b"EVENT_RECEIVED")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the standard library
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with serving(server) as address:
        made.address = f"{address}/"
        sandbox.control("POST", "facebook/hooks", json={"object": object_, "callback": made.address})
        yield made
