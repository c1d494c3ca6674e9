"""See to it that no process outlives those that run together."""

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time

import psutil

PR_SET_CHILD_SUBREAPER = 36
LOOK_SECONDS = 1.0


def adopt_orphans() -> None:
    """Become the parent of grandchildren whose parent is gone, so that they are found; Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Orphans:
    """A thread that kills processes whose parent has died, such as the job of a killed worker.

    Besides going on without anyone, they would hide their parent's end, because they hold its output open.
    """

    def __init__(self, spared: frozenset[int]) -> None:
        self._spared = spared
        self._known: set[psutil.Process] = set()

    def start(self) -> None:
        """Begin, when all processes that belong to this one were forked; the thread ends with the process."""
        self._spared |= {child.pid for child in multiprocessing.active_children() if child.pid}
        threading.Thread(target=self._work, name="orphans", daemon=True).start()

    def _work(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            self._known = {process for process in self._known if process.is_running()}
            self._known.update(psutil.Process().children(recursive=True))
            for process in self._known:
                self._kill_if_orphaned(process)

    def _kill_if_orphaned(self, process: psutil.Process) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            # Without adoption by this process it is the system's first one that adopts.
            if process.pid not in self._spared and process.ppid() in (os.getpid(), 1):
                process.kill()


def end_all(spared: frozenset[int]) -> None:
    """End every process that descends from this one, politely first; those in `spared` go on with their children."""
    direct = [child for child in psutil.Process().children() if child.pid not in spared]
    left = [process for child in direct for process in (child, *_descendants(child))]
    for process in left:
        _signal(process, signal.SIGTERM)
    for process in psutil.wait_procs(left, timeout=3)[1]:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(left, timeout=3)


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)
