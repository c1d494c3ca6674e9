"""One run per checkout: the lock, and `var/run.json` that tells others where everything is."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


class AlreadyRuns(Exception):
    """Another process of this checkout holds the lock; the text says where it answers."""


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the lock of `folder` inside the block; the system lets go of it when the process ends, however it ends.

    Raises: AlreadyRuns.
    """
    with (folder / "run.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRuns(_where(folder)) from None
        (folder / "run.json").unlink(missing_ok=True)
        try:
            yield
        finally:
            (folder / "run.json").unlink(missing_ok=True)


def write(folder: Path, addresses: Mapping[str, str]) -> None:
    """Say in `folder/run.json` where everything is; the file holds passwords, so only its owner reads it."""
    unfinished = folder / "run.json.new"
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(addresses, file, indent=2)
        file.write("\n")
    unfinished.rename(folder / "run.json")


def _where(folder: Path) -> str:
    try:
        addresses = json.loads((folder / "run.json").read_text())
    except (FileNotFoundError, ValueError):
        return "HealthBerry is just starting or ending here; its terminal says more."
    return f"HealthBerry already runs here, at {addresses['web']}"
