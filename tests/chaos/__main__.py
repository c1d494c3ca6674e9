"""`python -m tests.chaos`: the whole run. Ends with one line, and with exit code 1 where anything is wrong."""

import argparse
import secrets
import sys

from tests.chaos.channels import KINDS
from tests.chaos.run import Plan, run
from tests.network import stay_on_this_machine


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def main() -> int:
    """Run as the options say."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--replies", type=int, default=2_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--organisations", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=1200.0, help="over which patients write and staff answer")
    parser.add_argument("--pause", type=float, default=8.0, help="seconds between two kills, about")
    parser.add_argument("--poll", type=int, default=20, help="how often channels are read, in seconds")
    parser.add_argument("--drain", type=float, default=3600.0, help="seconds that the rest may take at most")
    parser.add_argument("--look", type=float, default=5.0, help="seconds between two looks at what is left")
    parser.add_argument("--kinds", default="", help="only these kinds of channels, with commas")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    options = parser.parse_args()
    stay_on_this_machine()
    _say(f"seed {options.seed}")
    plan = Plan(
        options.items,
        options.replies,
        options.kills,
        options.seed,
        organisations=options.organisations,
        seconds=options.seconds,
        kill_pause=options.pause,
        poll_seconds=options.poll,
        drain_seconds=options.drain,
        look_seconds=options.look,
        kinds=tuple(options.kinds.split(",")) if options.kinds else tuple(KINDS),
    )
    found, line = run(plan, _say)
    _say(line)
    return 0 if found.good else 1


if __name__ == "__main__":
    sys.exit(main())
