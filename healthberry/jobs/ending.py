"""How the process of one job ends early: it stops at its next step, or hands back what it has within seconds.

Only reading is broken off while it waits for a provider, for reading twice changes nothing. A reply or a mail that is
on its way is waited for.
"""

import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

SLICE_SECONDS = 10.0  # after this a job hands its worker back, so that no channel and no reply waits for long
_GRACE_SECONDS = 3.0  # less than what `make run` and most who start us leave between SIGTERM and SIGKILL


class Ended(BaseException):
    """The worker was told to end; not an Exception, so that no job takes it for a provider's."""


class _State:
    def __init__(self) -> None:
        self.winding_up = False
        self.given_back: list[tuple[Callable[..., None], tuple[Any, ...]]] = []


_state = _State()


def wind_up(number: int, frame: FrameType | None) -> None:
    """Handle SIGTERM in the process of one job."""
    _state.winding_up = True
    signal.signal(signal.SIGALRM, _break_off)
    signal.setitimer(signal.ITIMER_REAL, _GRACE_SECONDS)


def winding_up() -> bool:
    """Say whether this process was told to end."""
    return _state.winding_up


def holds(give_back: Callable[..., None], *arguments: Any) -> None:
    """Say how what this job has just claimed is given back should it be broken off: by this call, then committed."""
    _state.given_back.append((give_back, arguments))


def give_back() -> None:
    """Give back everything that this job holds."""
    for function, arguments in _state.given_back:
        function(*arguments)


def begin() -> None:
    """Forget what another job held in this process."""
    _state.given_back.clear()


def _break_off(number: int, frame: FrameType | None) -> None:
    if _state.given_back:
        raise Ended


class Slice:
    """The time that one job may take before it hands its worker back; it is over early when the worker is to end."""

    def __init__(self, seconds: float = SLICE_SECONDS) -> None:
        self._ends = time.monotonic() + seconds

    @property
    def over(self) -> bool:
        """Whether to stop after this step."""
        return _state.winding_up or time.monotonic() >= self._ends
