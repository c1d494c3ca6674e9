"""A page's event stream, read as a browser reads it."""

import http.client
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient

from healthberry.models.organisations import Member
from tests.world import session_name


@dataclass(frozen=True)
class Message:
    """One message; `number` is its id, 0 where it has none."""

    number: int
    event: str
    data: str


class Page:
    """An open stream; reading waits for the next message."""

    def __init__(self, status: int, lines: Iterator[str], close: Callable[[], None]) -> None:
        self.status = status
        self.last_id = 0  # also moved by beats, as in the browser
        self._lines = lines
        self._close = close

    def next(self) -> Message:
        """Wait for the next message that is not a beat. Raises: StopIteration when the stream ends."""
        number, event, data = 0, "", []
        while True:
            line = next(self._lines)
            field, _, value = line.partition(": ")
            if field == "id":
                number = self.last_id = int(value)
            elif field == "event":
                event = value
            elif field == "data":
                data.append(value)
            elif not line:
                if data and event != "beat":
                    return Message(number, event, "\n".join(data))
                number, event, data = 0, "", []

    def until(self, number: int) -> list[Message]:
        """Wait until the page has heard of change `number`; return the messages on the way."""
        messages: list[Message] = []
        while self.last_id < number:
            messages.append(self.next())
        return messages

    def close(self) -> None:
        """Close the page."""
        self._close()


def open_page(client: FlaskClient, query: str, after: int | None = None, last_event_id: str = "") -> Page:
    """Open the stream over the test client."""
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    response = client.get(_address(query, after), headers=headers)
    pieces = response.iter_encoded()
    return Page(response.status_code, _lines(lambda: next(pieces, b"")), response.close)


def open_remote_page(port: int, cookie: str, query: str, after: int | None = None, last_event_id: str = "") -> Page:
    """Open the stream at a web server."""
    headers = {"Cookie": cookie} | ({"Last-Event-ID": last_event_id} if last_event_id else {})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", _address(query, after), headers=headers)
    response = connection.getresponse()

    def close() -> None:
        response.close()
        connection.close()

    return Page(response.status, _lines(lambda: response.read1(65536)), close)


def cookie_of(app: Flask, member: Member) -> str:
    """Return the session cookie of a signed-in member, made as the application makes it."""
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = session_name(app, member)
        session["_fresh"] = True
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = client.get_cookie(name)
    assert cookie is not None
    return f"{name}={cookie.value}"


def _address(query: str, after: int | None) -> str:
    return f"/stream?{query}" + ("" if after is None else f"&after={after}")


def _lines(read: Callable[[], bytes]) -> Iterator[str]:
    rest = b""
    while piece := read():
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line.decode() for line in lines)
