"""Who is at the conversations that are open here: told to colleagues, never to oneself, never to level 1."""

import threading
import time
from collections.abc import Collection, Mapping
from uuid import UUID

from flask import current_app

from healthberry.core.permissions import may
from healthberry.models.organisations import Member
from healthberry.realtime import presence
from healthberry.realtime.presence import Presence
from healthberry.realtime.stream import Stream, frame


class Lookout:
    """When to look again at which conversation of one organisation, and who has left since."""

    def __init__(self, organisation_id: UUID) -> None:
        self._organisation_id = organisation_id
        self._lock = threading.Lock()
        self._due: dict[UUID, float] = {}  # conversation -> when (monotonic seconds)
        self._came: list[tuple[UUID, UUID]] = []
        self._went: list[tuple[UUID, UUID]] = []

    def note(self, conversation_id: UUID) -> None:
        """Somebody came, wrote or went: look at once."""
        with self._lock:
            self._due[conversation_id] = 0.0

    def came(self, stream: Stream) -> None:
        """A page was opened: say so at the next look, and let it see who is there."""
        with self._lock:
            for conversation_id in stream.conversations():
                self._came.append((stream.member_id, conversation_id))
                self._due[conversation_id] = 0.0

    def went(self, stream: Stream, others: Collection[Stream]) -> None:
        """A page was closed: say so at the next look, unless its member has the conversation open elsewhere here."""
        if not _pairs(stream):
            return
        still = {pair for other in list(others) for pair in _pairs(other)}
        with self._lock:
            for pair in _pairs(stream):
                if pair not in still:
                    self._went.append(pair)
                    self._due[pair[1]] = 0.0

    def is_due(self) -> bool:
        """Say whether `look` has something to do."""
        with self._lock:
            return any(at <= time.monotonic() for at in self._due.values())

    def look(self, streams: Collection[Stream], members: Mapping[UUID, Member]) -> None:
        """Tell the pages of each conversation that is due who is there, where that has changed."""
        with self._lock:
            came, went, self._came, self._went = self._came, self._went, [], []
            due = [key for key, at in self._due.items() if at <= time.monotonic()]
            for conversation_id in due:
                del self._due[conversation_id]
        for member_id, conversation_id in went:
            if member_id in members:
                presence.leave(members[member_id], conversation_id)
        for member_id, conversation_id in came:
            if member_id in members:
                presence.arrive(members[member_id], conversation_id)
        for conversation_id in due:
            self._tell(conversation_id, streams, members)

    def prolong(self, streams: Collection[Stream], members: Mapping[UUID, Member]) -> None:
        """Say again who has which conversation open, before it is no longer believed."""
        for member_id, conversation_id in {pair for stream in list(streams) for pair in _pairs(stream)}:
            if member_id in members:
                presence.arrive(members[member_id], conversation_id)

    def _tell(self, conversation_id: UUID, streams: Collection[Stream], members: Mapping[UUID, Member]) -> None:
        listening = [stream for stream in list(streams) if conversation_id in stream.conversations()]
        if not listening:
            return
        people = presence.at(self._organisation_id, conversation_id)
        for stream in listening:
            member = members.get(stream.member_id)
            if member is None or not may(member, "see_colleagues"):
                continue
            others = tuple((one.name, one.writing) for one in people if one.member_id != member.id)
            if others != stream.others:
                stream.others = others
                stream.put(frame(_render(others)))
        if people:
            with self._lock:
                self._due.setdefault(conversation_id, time.monotonic() + _pause(people))


def _pairs(stream: Stream) -> set[tuple[UUID, UUID]]:
    return {(stream.member_id, conversation_id) for conversation_id in stream.conversations()}


def _render(people: tuple[tuple[str, bool], ...]) -> str:
    writing = [name for name, is_writing in people if is_writing]
    here = [name for name, is_writing in people if not is_writing]
    return current_app.jinja_env.get_template("stream/_presence.html").render(writing=writing, here=here)


def _pause(people: list[Presence]) -> float:
    return max(min(one.until for one in people) - time.time(), 0.0) + 0.1
