"""Who comes first where processors are short: people who wait for a page, then what is read for them.

Linux gives a process that stands behind (SCHED_IDLE) a processor only while nobody else wants it, and takes it back at
once. Niceness alone let each query of a page wait until a worker's slice was over: half a second a page under load.
Only the process of a job stands behind, and not for long: what has waited for some seconds is as urgent as a page, and
so is what is still worked on at the next sign of life of its worker. A reply never stands behind: its author watches.
"""

import contextlib
import os

_PATIENCE_SECONDS = 5.0
_PATIENCE_OF = {"replies": 0.0, "alerts": 2.0}  # by queue, where it is another
_NICENESS = 5

_let: dict[str, bool] = {}  # "pages_first": whether the jobs of this worker stand behind
_patience: dict[str, float] = {}  # "now": how long the work of this process may wait behind pages


def let_pages_come_first() -> None:
    """Have the jobs of this worker stand behind; called before any of them begins."""
    os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
    _let["pages_first"] = True


def work_for(queue_name: str) -> None:
    """Be the process of a job from this queue: how long its work may wait behind pages follows from it."""
    _patience["now"] = _PATIENCE_OF.get(queue_name, _PATIENCE_SECONDS)


def suit(waited_seconds: float) -> None:
    """Stand where the next piece of work belongs, which has waited so long; called in the process of a job.

    Clocks of two machines may differ: what seems to come from the future has not waited.
    """
    _set(0, behind=waited_seconds < _patience.get("now", _PATIENCE_SECONDS))


def call_forward(process_id: int) -> None:
    """Let the process of a job stand beside pages until its next piece; called by its worker once it takes long."""
    _set(process_id, behind=False)


def _set(process_id: int, *, behind: bool) -> None:
    policy = getattr(os, "SCHED_IDLE" if behind else "SCHED_OTHER", None)
    if policy is None or not _let.get("pages_first"):
        return
    with contextlib.suppress(OSError):  # some containers forbid it, and the job may have ended
        os.sched_setscheduler(process_id, policy, os.sched_param(0))
