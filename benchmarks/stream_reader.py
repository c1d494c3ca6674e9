"""The other side of the stream benchmark: thousands of open pages in one process, cheap enough not to measure itself.

Raw sockets and epoll; every message is noted with its page, its number and the moment its bytes were here.
`time.monotonic` is the same clock in every process of a machine.
"""

import re
import selectors
import socket
import time
from collections import deque
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

_NUMBER = re.compile(rb"id: (\d+)\n")
_AT_ONCE = 40


@dataclass
class Page:
    """One open page: where it connects to, and what it has seen. `seen` holds (number, moment)."""

    path: str
    cookie: str
    last: int = 0
    seen: list[tuple[int, float]] = field(default_factory=list)
    reloads: int = 0
    connection: socket.socket | None = None
    rest: bytes = b""
    opened: bool = False


def serve(orders: Connection, port: int, wanted: list[tuple[str, str]]) -> None:
    """Follow the orders that come: "open", "read" or "drain" (for some seconds), "cut", "report", "end"; answer each.

    "drain" looks four times a second, where the moments do not count: browsers elsewhere cost this machine nothing.
    """
    pages = [Page(path, cookie) for path, cookie in wanted]
    poll = selectors.DefaultSelector()
    while True:
        order, seconds = orders.recv()
        if order == "open":
            orders.send(_open(poll, pages, port))
        elif order == "read":
            _read(poll, time.monotonic() + seconds)
            orders.send(None)
        elif order == "drain":
            _read(poll, time.monotonic() + seconds, pause=0.25)
            orders.send(None)
        elif order == "cut":
            for page in pages:
                _close(poll, page)
            orders.send(None)
        elif order == "report":
            orders.send([(page.seen, page.reloads) for page in pages])
            for page in pages:
                page.seen = []
        else:
            return


def _open(poll: selectors.BaseSelector, pages: list[Page], port: int) -> float:
    """Open every page, some at a time, each from the last number that it saw; return the seconds it took."""
    began = time.monotonic()
    waiting, opening = deque(pages), set[int]()
    while waiting or opening:
        while waiting and len(opening) < _AT_ONCE:
            page = waiting.popleft()
            _connect(poll, page, port)
            opening.add(id(page))
        for page in _take(poll, 0.05):
            if page.opened:
                opening.discard(id(page))
            elif page.connection is None:  # refused: the browser would come back later
                opening.discard(id(page))
                waiting.append(page)
    return time.monotonic() - began


def _connect(poll: selectors.BaseSelector, page: Page, port: int) -> None:
    lines = [f"GET {page.path} HTTP/1.1", "Host: localhost", f"Cookie: {page.cookie}"]
    if page.last:
        lines.append(f"Last-Event-ID: {page.last}")
    page.opened, page.rest = False, b""
    page.connection = socket.create_connection(("127.0.0.1", port))
    page.connection.sendall("\r\n".join([*lines, "", ""]).encode())
    page.connection.setblocking(False)
    poll.register(page.connection, selectors.EVENT_READ, page)


def _close(poll: selectors.BaseSelector, page: Page) -> None:
    if page.connection is not None:
        poll.unregister(page.connection)
        page.connection.close()
        page.connection = None


def _read(poll: selectors.BaseSelector, until: float, pause: float = 0.0) -> None:
    while (left := until - time.monotonic()) > 0:
        _take(poll, min(left, 0.2))
        time.sleep(pause)


def _take(poll: selectors.BaseSelector, timeout: float) -> list[Page]:
    """Read what is there; return the pages that it was for."""
    pages = []
    for key, _ in poll.select(timeout):
        page: Page = key.data
        piece = page.connection.recv(1 << 18) if page.connection else b""
        if not piece or b"HTTP/1.1 5" in piece[:12]:
            _close(poll, page)
        else:
            _note(page, piece, time.monotonic())
        pages.append(page)
    return pages


def _note(page: Page, piece: bytes, moment: float) -> None:
    """Note the messages that are complete."""
    page.opened = page.opened or piece.startswith(b"HTTP/1.1 200")
    *messages, page.rest = (page.rest + piece).split(b"\n\n")
    for message in messages:
        number = _NUMBER.search(message)
        if number is None:
            continue
        page.last = int(number[1])
        if b"event: reload" in message:
            page.reloads += 1
        elif b"event: beat" not in message and b"data: " in message:
            page.seen.append((page.last, moment))
