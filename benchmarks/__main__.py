"""`make bench`: every figure beside its target, the limit of plain SQL, and how busy the machine was."""

import sys
from collections.abc import Callable

from benchmarks import (
    alert_latency,
    deliveries,
    inbox,
    ingestion,
    keystrokes,
    load,
    push_to_screen,
    register_search,
    signup,
    starts,
    streams,
)
from benchmarks.measure import Figure, fixed_loop

PARTS: dict[str, Callable[[], list[Figure]]] = {
    "starts": starts.main,
    "register": register_search.main,
    "inbox": inbox.main,
    "keystrokes": keystrokes.main,
    "signup": signup.main,
    "alerts": alert_latency.main,
    "ingestion": ingestion.main,
    "deliveries": deliveries.main,
    "push": push_to_screen.main,
    "streams": streams.main,
    "load": load.main,
}


def main(names: list[str]) -> int:
    """Run the named parts, or all; return 1 where a target is missed."""
    missed = 0
    print(fixed_loop().line())
    for name in names or list(PARTS):
        for figure in PARTS[name]():
            print(figure.line(), flush=True)
            missed += not figure.holds()
    print(fixed_loop().line())
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
