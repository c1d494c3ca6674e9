"""What goes wrong outside: faults of the sandbox, for any channel, any operation, all the time."""

import threading
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import httpx

from tests.chaos.channels import Kind
from tests.connectors.conftest import Sandbox

_ANYWHERE = ("rate_limit", "server_error", "timeout_before", "timeout_after", "truncated_body", "cut_connection")
_LISTS = ("duplicate_delivery", "reordered", "malformed_utf8", "html_page")
# Before a token is exchanged: whatever struck later would have used up one that is good once only.
_SIGN_IN = ("rate_limit", "server_error", "timeout_before", "html_page", "expired_token")
_SECONDS = {"rate_limit": 1, "timeout_before": 1, "timeout_after": 1}


class Weather(threading.Thread):
    """Orders a fault every `pause` seconds until it is ended; then it is fair."""

    def __init__(self, sandbox: str, kinds: Sequence[Kind], pause: float, random: Random) -> None:
        super().__init__(name="weather", daemon=True)
        self._sandbox, self._kinds, self._pause, self._random = Sandbox(sandbox), kinds, pause, random
        self.quiet = threading.Event()
        self.ordered: Counter[str] = Counter()

    def run(self) -> None:
        """Order faults, and let pushes come twice now and then."""
        while not self.quiet.wait(self._random.uniform(0.2, 1.8) * self._pause):
            try:
                self._one()
            except httpx.HTTPError:
                continue

    def end(self) -> None:
        """Order no more, and call off what has not struck."""
        self.quiet.set()
        self.join(60)
        self._sandbox.http.delete("/control/faults").raise_for_status()
        self._twice("off")
        self._sandbox.http.close()

    def _one(self) -> None:
        kind, random = self._random.choice(self._kinds), self._random
        if random.random() < 0.1:
            self._twice(random.choice(("on", "off")))
            return
        if kind.answered and random.random() < 0.1:
            self._not_let_in(kind)
            return
        fault = random.choice((*_ANYWHERE, *_LISTS) if kind.listed else _ANYWHERE)
        more: dict[str, Any] = {"seconds": _SECONDS[fault]} if fault in _SECONDS else {}
        operation = random.choice(("read", "reply", None)) if kind.answered and fault in _ANYWHERE else "read"
        if operation:
            more["operation"] = operation
        self._sandbox.fault(kind.name, fault, times=random.randint(1, 3), **more)
        self.ordered[fault] += 1

    def _not_let_in(self, kind: Kind) -> None:
        """Refuse a reply as if nobody had signed in; the renewal that follows may go wrong as well."""
        self._sandbox.fault(kind.name, "expired_token", operation="reply")
        self.ordered["expired_token"] += 1
        if kind.renewed and self._random.random() < 0.5:
            fault = self._random.choice(_SIGN_IN)
            more = {"seconds": _SECONDS[fault]} if fault in _SECONDS else {}
            self._sandbox.fault(kind.name, fault, operation="token", **more)
            self.ordered[f"{fault} at sign-in"] += 1

    def _twice(self, how: str) -> None:
        """Let X and Meta send each event once or twice."""
        self._sandbox.http.post("/control/x/twice", json={"on": how == "on"}).raise_for_status()
        times = "2" if how == "on" else "1"
        self._sandbox.http.post("/control/facebook/flags", json={"times": times}).raise_for_status()
