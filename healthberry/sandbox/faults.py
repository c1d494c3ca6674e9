"""Faults ordered through the control API: what goes wrong on purpose, and how it looks on the wire."""

import errno
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Response

if TYPE_CHECKING:
    from .site import Site

EARLY = ("rate_limit", "server_error", "timeout_before", "expired_token", "html_page")
LISTING = ("duplicate_delivery", "reordered", "stray", "forgotten_item")
LATE = ("timeout_after", "truncated_body", "cut_connection", "malformed_utf8", *LISTING)
KINDS = EARLY + LATE
# What else the kinds are called.
ALIASES = {
    "429": "rate_limit",
    "500": "server_error",
    "timeout": "timeout_before",
    "timeout_before_storing": "timeout_before",
    "timeout_after_storing": "timeout_after",
    "duplicate": "duplicate_delivery",
    "reorder": "reordered",
    "truncated": "truncated_body",
    "expired": "expired_token",
}
OPERATIONS = ("read", "reply", "token")


def kind_called(name: object) -> str | None:
    """Return the kind that is called so (429 and 500 may be numbers), None for none."""
    known = ALIASES.get(str(name), name)
    return str(known) if known in KINDS else None


@dataclass
class Fault:
    """One ordered fault: `times` counts down.

    `seconds` is how long a timeout waits, or after how long a refused caller may return.
    """

    channel: str
    kind: str
    times: int
    seconds: float | None = None
    operation: str | None = None
    path: str | None = None
    replace: bool = False

    @property
    def wait_seconds(self) -> float:
        """Return how long a timeout waits before it hangs up."""
        return 30.0 if self.seconds is None else self.seconds

    @property
    def retry_seconds(self) -> int:
        """Return what a 429 says about coming back."""
        return 2 if self.seconds is None else int(self.seconds)

    def fits(self, channel: str, operation: str, listing: bool, path: str) -> bool:
        """Say whether this fault strikes such a request; without an operation it never strikes token requests."""
        if self.channel != channel or (self.kind in LISTING and not listing):
            return False
        if self.operation is None and operation == "token":
            return False
        return self.operation in (None, operation) and (self.path is None or self.path in path)


class Faults:
    """Hand out ordered faults, first ordered first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Queue a fault."""
        with self._lock:
            self._waiting.append(fault)

    def take(self, channel: str, operation: str, listing: bool, path: str) -> Fault | None:
        """Return the fault that strikes this request, if any, and count it down."""
        with self._lock:
            fault = next((f for f in self._waiting if f.fits(channel, operation, listing, path)), None)
            if fault:
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
            return fault

    def waiting(self) -> list[Fault]:
        """Return the faults that have not struck yet."""
        with self._lock:
            return list(self._waiting)

    def clear(self) -> None:
        """Call off every fault."""
        with self._lock:
            self._waiting.clear()


def hang_up(before: bytes = b"") -> Response:
    """Answer with `before` (maybe nothing at all) and then close the connection."""

    def body() -> Iterator[bytes]:
        if before:
            yield before
        raise OSError(errno.EPIPE, "the sandbox hangs up on purpose")

    return Response(body(), headers={"Connection": "close"})


def spoil(response: Response, fault: Fault, site: "Site") -> Response:
    """Turn a good answer into the one that the fault asks for."""
    if fault.kind == "timeout_after":
        time.sleep(fault.wait_seconds)
        return hang_up()
    body = response.get_data()
    if fault.kind == "cut_connection":
        cut = hang_up(body[: max(1, len(body) // 2)])
        cut.headers["Content-Type"] = response.headers.get("Content-Type", "application/json")
        cut.headers["Content-Length"] = str(len(body))
        return cut
    if fault.kind == "truncated_body":
        response.set_data(body[: max(1, len(body) // 2)])
    elif fault.kind == "malformed_utf8":
        response.set_data(site.malformed(body))
    else:
        site.spoilt(response, fault)
    return response
