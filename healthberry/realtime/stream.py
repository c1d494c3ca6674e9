"""One open page: what waits to be sent to it, and the bytes that it is sent."""

import random
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from uuid import UUID

from healthberry.realtime.topics import Thread, Topic

BEAT_SECONDS = 15.0
MOST_WAITING = 100
# A page that is open all day proves now and then that it is still signed in.
_LONGEST_SECONDS = 3600.0

_GREETING = b": open\n\n"


def frame(html: str, number: int = 0) -> bytes:
    """Return one message; a `number` becomes its id, which the browser sends back when it returns."""
    data = "\n".join(f"data: {line}" for line in html.splitlines() if line.strip())
    return f"{_id(number)}{data}\n\n".encode()


def named(event: str, number: int = 0) -> bytes:
    """Return a message without content that the page's script acts on."""
    return f"event: {event}\n{_id(number)}data: {event}\n\n".encode()


def _id(number: int) -> str:
    return f"id: {number}\n" if number else ""


class Stream:
    """The messages of one page. A reader that is too slow is told to reload instead: at most 100 messages wait."""

    __slots__ = (
        "_end",
        "_ends_at",
        "_waiting",
        "_woken",
        "member_id",
        "missed",
        "others",
        "seen",
        "session_id",
        "topics",
    )

    def __init__(self, member_id: UUID, session_id: UUID, topics: Sequence[Topic]) -> None:
        self.member_id = member_id
        self.session_id = session_id
        self.topics = topics
        self.seen = 0  # every change up to this one was put here, as far as it concerns this page
        self.missed: Sequence[bytes] = ()  # what is sent first: what happened before this page listened
        self.others: tuple[tuple[str, bool], ...] = ()  # whom it was last told of at its conversation, and who writes
        self._waiting: deque[bytes] = deque()
        self._woken = threading.Event()
        self._end: bytes | None = None
        self._ends_at = time.monotonic() + _LONGEST_SECONDS * random.uniform(0.8, 1.2)  # noqa: S311 - it only spreads their ends  # nosec B311

    def put(self, message: bytes, number: int = 0) -> None:
        """Let `message` be sent; where too many wait, one that says "reload" takes the place of all."""
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.clear()
            message = named("reload", max(number, self.seen))
        self._waiting.append(message)
        self._woken.set()

    def end(self, farewell: bytes = b"") -> None:
        """End it after one last message; what waits is dropped, for the page asks for it again when it returns."""
        if self._end is None:
            self._end = farewell
            self._woken.set()

    @property
    def ended(self) -> bool:
        """Whether nothing more will be sent."""
        return self._end is not None

    def conversations(self) -> Iterator[UUID]:
        """Return the conversations that this page shows in full."""
        return (topic.conversation_id for topic in self.topics if isinstance(topic, Thread))

    def messages(self, beat_seconds: float = BEAT_SECONDS) -> Iterator[bytes]:
        """Return the bytes to send as they come; while there is nothing to say, "beat" every `beat_seconds`.

        A beat is an event and not a comment, which a page's script would not hear: by its absence it finds a dead line.
        """
        yield _GREETING
        missed, self.missed = self.missed, ()
        if missed:
            yield b"".join(missed)
        while time.monotonic() < self._ends_at:
            self._woken.wait(beat_seconds)
            self._woken.clear()
            seen = self.seen  # read before looking: a change is put here first and counted as seen after
            ready = self._take_all()
            if self._end is not None:
                break
            # The number moves on even where nothing concerned this page: it then returns with a recent one.
            yield ready or named("beat", seen)
        if self._end:
            yield self._end

    def _take_all(self) -> bytes:
        ready = []
        while self._waiting:
            ready.append(self._waiting.popleft())
        return b"".join(ready)
