"""Become another program that ends when its starter does: `python -I tether.py [options] -- program …`.

Run as a script with the standard library alone. The process replaces itself by the program, so its id, its output and
its exit code are the program's own. On Linux the kernel sends `--signal` to the program as soon as the process that
started it is gone, even by SIGKILL; elsewhere nothing is tied and only the exchange takes place.
"""

import argparse
import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1


def tethered(
    program: Sequence[str | Path], *, sign: signal.Signals = signal.SIGTERM, user: tuple[int, int] | None = None
) -> list[str]:
    """Give the command line that runs `program` tied to the calling process.

    `user` is a user id and a group id to become first. The starting thread counts as the starter: start from the
    main thread.
    """
    command = [sys.executable, "-I", "-S", __file__, "--starter", str(os.getpid()), "--signal", str(int(sign))]
    if user:
        command += ["--user", f"{user[0]}:{user[1]}"]
    return [*command, "--", *map(str, program)]


def die_with_starter(sign: int) -> None:
    """Ask the kernel to send `sign` to this process when the thread that started it ends; Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, sign, 0, 0, 0)


def main() -> None:
    """Change user, tie, and become the program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--starter", type=int, required=True)
    parser.add_argument("--signal", type=int, required=True)
    parser.add_argument("--user")
    parser.add_argument("program", nargs="+")
    options = parser.parse_args()
    if options.user:
        uid, gid = map(int, options.user.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # The kernel forgets the signal when the user changes, so this comes after.
    die_with_starter(options.signal)
    if _is_gone(options.starter):
        sys.exit(1)
    os.execv(options.program[0], options.program)


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


if __name__ == "__main__":
    main()
