"""Request counters in fixed windows (X) and sliding seconds (Care Opinion)."""

import threading
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """Say whether one more request is allowed; `reset` is in UTC seconds since 1970."""

    allowed: bool
    limit: int
    remaining: int
    reset: int


class Limits:
    """Count requests by key, in memory; a restart or `clear` forgets them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, str], tuple[int, int]] = {}
        self._recent: dict[str, deque[float]] = {}

    def hit(self, who: str, what: str, limit: int, window_seconds: int, now: int, enforced: bool = True) -> Verdict:
        """Count one request of `who` for `what`; `now` in UTC milliseconds. A refused request is not counted."""
        second = now // 1000
        with self._lock:
            start, used = self._windows.get((who, what), (second, 0))
            if second >= start + window_seconds or second < start:
                start, used = second, 0
            allowed = used < limit or not enforced
            used += allowed
            self._windows[(who, what)] = (start, used)
        return Verdict(allowed, limit, max(0, limit - used), start + window_seconds)

    def look(self, who: str, what: str, limit: int, window_seconds: int, now: int) -> Verdict:
        """Say what `hit` would, without counting."""
        second = now // 1000
        with self._lock:
            start, used = self._windows.get((who, what), (second, 0))
        if second >= start + window_seconds or second < start:
            start, used = second, 0
        return Verdict(used < limit, limit, max(0, limit - used), start + window_seconds)

    def recent(self, who: str, limit: int, moment: float) -> bool:
        """Say whether `who` had fewer than `limit` requests in the second before `moment`, and count this one if so."""
        with self._lock:
            times = self._recent.setdefault(who, deque())
            while times and times[0] <= moment - 1.0:
                times.popleft()
            if len(times) >= limit:
                return False
            times.append(moment)
            return True

    def clear(self) -> None:
        """Forget all counts."""
        with self._lock:
            self._windows.clear()
            self._recent.clear()
