"""Who comes first where processors are short: people who wait for a page, then what is read for them.

Linux gives a process that stands behind (SCHED_IDLE) a processor only while nobody else wants it, and takes it back at
once. Niceness alone let each query of a page wait until a worker's slice was over: half a second a page under load.
What has waited for some seconds is as urgent as a page: then its process stands behind no more.
"""

import os

_PATIENCE_SECONDS = 5.0
_NICENESS = 10  # where there is nothing better

_standing: dict[str, bool] = {}  # "behind": whether this process, a worker or the process of its job, stands behind


def stand_behind() -> None:
    """Let pages come first from now on, in this process and in those that it forks."""
    _standing["behind"] = _set(behind=True)


def suit(waited_seconds: float) -> None:
    """Stand where this piece of work belongs, which has waited so long; nothing where this process never stood behind.

    Clocks of two machines may differ: what seems to come from the future has not waited.
    """
    if "behind" not in _standing:
        return
    behind = waited_seconds < _PATIENCE_SECONDS
    if behind != _standing["behind"]:
        _standing["behind"] = _set(behind=behind)


def _set(*, behind: bool) -> bool:
    """Stand behind or beside the others; return whether this process stands behind now."""
    policy = getattr(os, "SCHED_IDLE" if behind else "SCHED_OTHER", None)
    try:
        if policy is not None:
            os.sched_setscheduler(0, policy, os.sched_param(0))
            return behind
    except OSError:  # some containers forbid it
        pass
    if behind:
        os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)  # which can't be taken back
    return behind
