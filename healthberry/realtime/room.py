"""The open pages of one organisation in this process, and the newest changes that they are brought up to date from.

Each change is taken in the order of its number, exactly once. A page that joins is first sent what it missed (from
`_recent`) and then whatever follows; between the two nothing is lost or doubled, because both begin under one lock.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from uuid import UUID

from healthberry.core import changes, events, places, sessions
from healthberry.core.errors import NotAllowed
from healthberry.core.events import Event
from healthberry.models.organisations import Member
from healthberry.realtime import topics
from healthberry.realtime.lookout import Lookout
from healthberry.realtime.pieces import Pieces, Sheet
from healthberry.realtime.stream import Stream, frame, named
from healthberry.realtime.topics import Topic, ask_lists

log = logging.getLogger(__name__)

MOST_MISSED = 200
MOST_STREAMS = 40  # of one member in one process
SIGNED_OUT = named("signed-out")
LIMITED = named("limited")  # its member sees other conversations from now on

Unit = Callable[[UUID], AbstractContextManager[None]]


class Room:
    """Everything about one organisation's open pages. `unit` opens a stretch of database work for it."""

    def __init__(self, organisation_id: UUID, unit: Unit) -> None:
        self.organisation_id = organisation_id
        self.streams: set[Stream] = set()
        self.empty_since = time.monotonic()
        self.checked_at = time.monotonic()
        self.check_wanted = False
        self.lookout = Lookout(organisation_id)
        self.pieces = Pieces()
        self._unit = unit
        self._lock = threading.RLock()
        self._begin_lock = threading.Lock()
        self._number: int | None = None
        self._recent: deque[Event] = deque(maxlen=MOST_MISSED)
        self._heard: dict[int, Event] = {}
        self._members: dict[UUID, Member] = {}
        self._warned: Hashable = None  # what was warned of at the last look

    def join(self, stream: Stream, member: Member, after: int | None) -> None:
        """Let `stream` of `member` follow from now on, and be sent what happened since change `after` (None: nothing).

        Raises: NotAllowed where the member has too many open.
        """
        ahead = self._begin(after)
        with self._lock:
            self._admit(stream)
            self._members = {**self._members, member.id: member}
            self.streams.add(stream)
            number = self._number or 0
            start = number if after is None else after
            # A page may know of a change that is committed and on its way, but not yet here.
            missed = [] if ahead and start > number else self._missed(start)
            stream.seen = max(number, start) if ahead else number
        try:
            stream.missed = self._paint_missed(stream, missed, number)
        except BaseException:
            self.part(stream)
            raise
        self.lookout.came(stream)

    def part(self, stream: Stream) -> None:
        """Forget a page that was closed. A second call changes nothing."""
        with self._lock:
            self.streams.discard(stream)
            self.empty_since = time.monotonic()
        self.lookout.went(stream, self.streams)

    def hear(self, change: Event) -> None:
        """Remember a change that the bus told of, until `work` is called."""
        with self._lock:
            if self._number is None or change.number > self._number:
                self._heard[change.number] = change

    def work(self) -> None:
        """Bring the pages up to date with everything heard, in order; what lies between is read from the database."""
        if self._number is None:
            return
        change = self._take()
        while change is not None:
            self._deliver(change)
            change = self._take()
        if self._heard:
            self._fetch()
        if self.lookout.is_due():
            with self._unit(self.organisation_id):
                self.lookout.look(self.streams, self._members)

    def check(self) -> None:
        """Look into the database for changes that nobody told of, and for members who left or were signed out."""
        self.checked_at, self.check_wanted = time.monotonic(), False
        self.pieces.forget_old()
        if not self.streams or self._number is None:
            return
        with self._unit(self.organisation_id):
            found = changes.changes_after(self.organisation_id, self._number, MOST_MISSED + 1)
            self._know()
            self.lookout.prolong(self.streams, self._members)
            warned = topics.present_warnings(self.organisation_id)
        self._catch_up(found)
        self._warn(warned)

    def _warn(self, warned: topics.Present) -> None:
        """Warn of what time alone has changed since the last look: no worker may be left to say that it did."""
        before, self._warned = self._warned, warned.about
        if before is None or before == warned.about:
            return
        for stream in list(self.streams):
            stream.put(frame(warned.html))

    def _begin(self, after: int | None) -> bool:
        """Read where the numbers are, before the first page listens; say whether `after` is ahead of this room."""
        with self._begin_lock:
            if self._number is None:
                with self._unit(self.organisation_id):
                    newest = changes.newest_changes(self.organisation_id, MOST_MISSED)
                with self._lock:
                    self._recent.extend(newest)
                    self._number = newest[-1].number if newest else 0
        if after is None or after <= self._number:
            return False
        with self._unit(self.organisation_id):
            return after <= events.last_number(self.organisation_id)

    def _know(self) -> None:
        """Read the members of the open pages anew, inside a unit; the pages of those who are gone end."""
        wanted = {stream.member_id for stream in list(self.streams)}
        asked = list(self.streams)
        found = changes.present_members(self.organisation_id, wanted)
        lasting = sessions.lasting(self.organisation_id, {stream.session_id for stream in asked})
        before = self._members
        with self._lock:
            here = {stream.member_id for stream in self.streams} - wanted  # who joined meanwhile
            self._members = {**{one: self._members[one] for one in here}, **found}
        for stream in asked:
            if stream.member_id not in self._members or stream.session_id not in lasting:
                stream.end(SIGNED_OUT)
            elif (was := before.get(stream.member_id)) and places.is_limited_anew(was, self._members[stream.member_id]):
                stream.put(LIMITED)

    def _admit(self, stream: Stream) -> None:
        if sum(other.member_id == stream.member_id for other in self.streams) >= MOST_STREAMS:
            raise NotAllowed("Too many pages are open. Close some of them.")

    def _missed(self, after: int) -> list[Event] | None:
        """Return the changes since `after`; None where they are too many, no longer kept, or never were."""
        if after == self._number:
            return []
        if not self._recent or not self._recent[0].number - 1 <= after <= self._recent[-1].number:
            return None
        return [change for change in self._recent if change.number > after]

    def _paint_missed(self, stream: Stream, missed: list[Event] | None, number: int) -> list[bytes]:
        if missed is None:
            return [named("reload", number)]
        if any(change.kind == "member_limited" for change in missed):
            return [LIMITED]  # it was drawn before: for somebody, and perhaps for this member
        if not any(topic.concerns(change) for change in missed for topic in stream.topics):
            return [f": \nid: {number}\n\n".encode()] if missed else []
        with self._unit(self.organisation_id):
            # What was rendered before something was restricted holds its words.
            hidden = any(change.kind == "restricted" for change in missed)
            sheet = Sheet(Pieces() if hidden else self.pieces, number)
            return [message for change in missed if (message := self._paint(stream, sheet, change))]

    def _paint(self, stream: Stream, sheet: Sheet, change: Event) -> bytes:
        """Return the message that brings this page up to date, b"" where nothing has to change."""
        member = self._members.get(stream.member_id)
        topics = [topic for topic in stream.topics if topic.concerns(change)]
        if member is None or not topics:
            return b""
        html = "".join(topic.paint(sheet, member, change) for topic in topics)
        if not html:
            return b""
        return sheet.once(("frame", html, change.number), change.number, lambda: frame(html, change.number))

    def _readers(self, streams: Iterable[Stream]) -> Iterator[tuple[Topic, Member]]:
        for stream in streams:
            member = self._members.get(stream.member_id)
            if member is not None:
                yield from ((topic, member) for topic in stream.topics)

    def _take(self) -> Event | None:
        with self._lock:
            for number in [number for number in self._heard if number <= (self._number or 0)]:
                del self._heard[number]
            return self._heard.pop((self._number or 0) + 1, None)

    def _fetch(self) -> None:
        """Read from the database what was not heard, and deliver it."""
        with self._unit(self.organisation_id):
            found = changes.changes_after(self.organisation_id, self._number or 0, MOST_MISSED + 1)
        self._catch_up(found)

    def _catch_up(self, found: Sequence[Event]) -> None:
        if len(found) > MOST_MISSED:
            self._start_over()
            return
        for change in found:
            self._deliver(change)

    def _start_over(self) -> None:
        """Too much happened to be told one by one: every page loads itself anew."""
        with self._unit(self.organisation_id):
            newest = changes.newest_changes(self.organisation_id, MOST_MISSED)
        with self._lock:
            self._recent.clear()
            self._recent.extend(newest)
            self._number = newest[-1].number
            for stream in self.streams:
                stream.put(named("reload", self._number), self._number)
                stream.seen = self._number

    def _deliver(self, change: Event) -> None:
        with self._lock:
            self._recent.append(change)
            self._number = change.number
            streams = list(self.streams)
        if change.kind.startswith("member"):
            with self._unit(self.organisation_id):
                self._know()
        concerned = [stream for stream in streams if _concerns(stream, change)]
        try:
            self._send(concerned, change)
        except Exception:
            # They come back by themselves, and then get everything since the last number that they saw.
            log.exception("change_not_delivered", extra={"fields": {"kind": change.kind, "number": change.number}})
            for stream in concerned:
                stream.end()
        for stream in streams:
            if not stream.ended:
                stream.seen = max(stream.seen, change.number)

    def _send(self, streams: Iterable[Stream], change: Event) -> None:
        if not streams:
            return
        with self._unit(self.organisation_id):
            sheet = Sheet(self.pieces, change.number)
            ask_lists(sheet, self._readers(streams), change)
            messages = [(stream, self._paint(stream, sheet, change)) for stream in streams]
        for stream, message in messages:
            if message:
                stream.put(message, change.number)


def _concerns(stream: Stream, change: Event) -> bool:
    return change.number > stream.seen and any(topic.concerns(change) for topic in stream.topics)
