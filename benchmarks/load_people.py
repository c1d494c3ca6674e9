"""The other side of the load benchmark: readers with three seconds to think between pages, and systems that send items.

All of them are threads of one process, which thinks most of the time.
"""

import http.client
import json
import random
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from multiprocessing.connection import Connection
from urllib.parse import quote
from uuid import UUID

from healthberry.connectors.signing import HEADER, sign

THINK = 3.0
WORDS = ("nurse", "parking", "waited", "kind", "ward", "letter", "appointment")
_LINK = re.compile(rb'href="(/conversations/[0-9a-f-]{36})')


@dataclass
class House:
    """One organisation: its hook, and the cookies of its people."""

    id: UUID
    path: str
    secret: str
    cookies: list[str]


@dataclass
class Told:
    """What the other side saw: (moment it was due, seconds it took, status) of pages and of items."""

    pages: list[tuple[float, float, int]] = field(default_factory=list)
    items: list[tuple[float, float, int]] = field(default_factory=list)
    without_word: int = 0  # refusals that did not say when to come back


def drive(report: Connection, port: int, houses: list[House], readers: int, rate: float, seconds: float) -> None:
    """Be the people and the systems: a thread each, which thinks most of the time."""
    threading.stack_size(256 * 1024)
    told, end = Told(), time.monotonic() + seconds
    people = [(house, one) for house in houses for one in house.cookies]
    threads = [
        threading.Thread(target=_read, args=(port, people[number % len(people)][1], end, told))
        for number in range(readers)
    ]
    threads += [
        threading.Thread(target=_send, args=(port, houses, number, rate, end, told)) for number in range(int(rate))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report.send(told)


def _read(port: int, session: str, end: float, told: Told) -> None:
    """List, open, search, narrow; think between, the first time a random part of it.

    The first page is a whole one; after it the page's own script asks for the part that changes, as in a browser.
    """
    chance = random.Random()
    headers = {"Cookie": session}
    connection, links = http.client.HTTPConnection("127.0.0.1", port, timeout=30), [b"/inbox"]
    time.sleep(chance.uniform(0, THINK))
    while (due := time.monotonic()) < end:
        path = chance.choice(
            (
                "/inbox",
                chance.choice(links).decode(),
                chance.choice(links).decode(),
                f"/inbox?q={quote(chance.choice(WORDS))}",
                "/inbox?status=open",
                "/inbox?unread=1",
            )
        )
        status, body, told_by = _ask(connection, "GET", path, None, headers)
        headers |= {"HX-Request": "true", "HX-Current-URL": f"http://localhost{path}"}
        if kept := told_by.get("Set-Cookie"):  # of the session alone: the first page adds to it what guards its forms
            headers["Cookie"] = kept.partition(";")[0]
        told.pages.append((due, time.monotonic() - due, status))
        told.without_word += status == 503 and "Retry-After" not in told_by
        links = _LINK.findall(body) or links
        time.sleep(chance.expovariate(1 / THINK))


def _send(port: int, houses: Sequence[House], number: int, rate: float, end: float, told: Told) -> None:
    """Send one item a second, to one house after the other."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    due, count = time.monotonic() + number / rate, 0
    while due < end:
        time.sleep(max(0.0, due - time.monotonic()))
        house, count = houses[(number + count) % len(houses)], count + 1
        words = " ".join(random.choices(WORDS, k=30))
        item = {"id": f"{due}-{number}", "text": words, "posted_at": datetime.now(UTC).isoformat()}
        body = json.dumps({"version": 1, "items": [item]}).encode()
        headers = {"Content-Type": "application/json", HEADER: sign(house.secret, body, int(time.time()))}
        status, _, told_by = _ask(connection, "POST", house.path, body, headers)
        told.items.append((due, time.monotonic() - due, status))
        told.without_word += status == 503 and "Retry-After" not in told_by
        due += 1.0


def _ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None, headers: dict[str, str]
) -> tuple[int, bytes, Message]:
    """Ask over a connection that stays open; once more, as browsers do, where it was closed while nobody used it."""
    for reused in (connection.sock is not None, False):
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            connection.close()
            if not reused:
                break
        except (OSError, http.client.HTTPException):
            connection.close()
            break
    return 0, b"", Message()
