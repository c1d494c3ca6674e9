"""X's filtered stream as a bell: one connection for the whole installation, whoever listens.

An application may hold one connection, and each channel wants to hear of its own posts. So whoever comes first reads
the stream and rings for the others; when it ends, the next one takes over. A rule that rings for nobody is taken away.

Source: X documents on the filtered stream as of 2026: a line for each post, an empty line at least every 20 seconds;
409 without rules. Whether a second connection is refused with 429 or closes the first one, the documents disagree.
"""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from healthberry.connectors.errors import Permanent, Temporary, Unavailable
from healthberry.connectors.reading import identifier, mapping, sequence
from healthberry.connectors.text import line
from healthberry.connectors.x_calls import Calls, body_of
from healthberry.connectors.x_posts import Us

_RULES: Final = "/2/tweets/search/stream/rules"
_STREAM: Final = "/2/tweets/search/stream"
_TAG: Final = "healthberry-"
_SILENCE_SECONDS: Final = 30.0
_SETTLED_SECONDS: Final = 120.0  # the others have taken their seats by then
_LOOK_SECONDS: Final = 1.0


class _Seat:
    """Somebody who listens for one account; `failed` is why the stream ended for everybody."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.bell = threading.Event()
        self.failed: Temporary | Permanent | None = None


class Stream:
    """The one connection, shared by all who listen in this process."""

    def __init__(self, calls: Calls, silence_seconds: float = _SILENCE_SECONDS) -> None:
        self._calls, self._silence_seconds = calls, silence_seconds
        self._seats: set[_Seat] = set()
        self._lock, self._reader = threading.Lock(), threading.Lock()
        self._open = False

    def listen(self, us: Us) -> Iterator[None]:
        """Turn once the stream is open, and for each post that concerns this account. Raises: Temporary, Permanent."""
        self._want(us)
        seat = _Seat(_TAG + us.user_id)
        with self._lock:
            self._seats.add(seat)
            if self._open:
                seat.bell.set()
        try:
            while True:
                if self._reader.acquire(blocking=False):
                    try:
                        if seat.failed is None:
                            yield from self._read(seat)
                    finally:
                        self._reader.release()
                if seat.bell.wait(_LOOK_SECONDS):
                    seat.bell.clear()
                    yield
                if seat.failed is not None:
                    raise seat.failed
        finally:
            with self._lock:
                self._seats.discard(seat)

    def _want(self, us: Us) -> None:
        """Have a rule for this account; one that is there already stays."""
        headers, tag = self._calls.app_headers(), _TAG + us.user_id
        if not (handle := us.username.removeprefix("@")):
            raise Unavailable("The account's handle is not known.")
        rules = sequence(body_of(self._calls.http.get(_RULES, headers=headers)).get("data"))
        if any(mapping(one).get("tag") == tag for one in rules):
            return
        rule = {"value": f"(@{handle} OR to:{handle}) -from:{handle} -is:retweet", "tag": tag}
        self._calls.http.post(_RULES, headers=headers, json={"add": [rule]})

    def _read(self, mine: _Seat) -> Iterator[None]:
        opened = time.monotonic()
        try:
            headers, silence = self._calls.app_headers(), self._silence_seconds
            for text in self._calls.http.lines(_STREAM, headers=headers, silence_seconds=silence):
                if self._ring(text, mine, opened):
                    yield
        except (Temporary, Permanent) as error:
            self._fail(error)
            raise
        finally:
            self._open = False
        ended = Unavailable("X closed the stream.")
        self._fail(ended)
        raise ended

    def _ring(self, text: str | None, mine: _Seat, opened: float) -> bool:
        """Ring for those whom a line concerns; return whether the reader is one of them."""
        if text is None:
            self._open = True
            tags = None
        elif not (rules := _matching(text)):
            return False
        else:
            tags = {line(rule.get("tag"), 100) for rule in rules}
            self._tidy(rules, opened)
        with self._lock:
            concerned = [seat for seat in self._seats if tags is None or seat.tag in tags]
        for seat in concerned:
            if seat is not mine:
                seat.bell.set()
        return mine in concerned

    def _tidy(self, rules: list[Mapping[str, Any]], opened: float) -> None:
        """Take away a rule of ours for which nobody listens any more: X charges for what it matches."""
        if time.monotonic() - opened < _SETTLED_SECONDS:
            return
        with self._lock:
            heard = {seat.tag for seat in self._seats}
        for rule in rules:
            tag = line(rule.get("tag"), 100)
            if tag.startswith(_TAG) and tag not in heard and (rule_id := identifier(rule.get("id"))):
                body = {"delete": {"ids": [rule_id]}}
                self._calls.http.post(_RULES, headers=self._calls.app_headers(), json=body)

    def _fail(self, error: Temporary | Permanent) -> None:
        with self._lock:
            for seat in self._seats:
                seat.failed = error


def _matching(text: str) -> list[Mapping[str, Any]]:
    """Return the rules that a line matched; [] for keep-alives and what is no post."""
    try:
        given = mapping(json.loads(text))
    except (ValueError, RecursionError):
        return []
    if sequence(given.get("errors")) and "data" not in given:
        # Source: X documents: a disconnect is told in the stream before it happens.
        raise Unavailable("X is closing the stream.")
    return [mapping(one) for one in sequence(given.get("matching_rules"))]
