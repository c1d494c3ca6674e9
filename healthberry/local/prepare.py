"""Bring tables and register up to date before anything uses them."""

import hashlib
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from healthberry.environment import SettingsError
from healthberry.local.tether import tethered

WRONG_SETTINGS = 2
COMMANDS = (("db", "upgrade"), ("register", "load"))
INPUTS = ("migrations/versions/*.py", "healthberry/register/data/*")


def bring_up_to_date(root: Path, environment: Mapping[str, str], note: Path | None) -> None:
    """Run the commands that change the tables, unless `note` says that the same inputs were applied before.

    `note` lies beside the data that it speaks of, and is None for a database that others may change too.

    Raises: SettingsError when the database may not be used so; RuntimeError with the last lines of what failed.
    """
    inputs = _digest(root)
    if note and note.exists() and note.read_text() == inputs:
        return
    for arguments in COMMANDS:
        command = tethered([sys.executable, "-m", "healthberry.cli", *arguments])
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=root)
        if done.returncode == WRONG_SETTINGS:
            raise SettingsError([done.stderr.strip()])
        if done.returncode:
            last = (done.stdout + done.stderr).splitlines()[-15:]
            raise RuntimeError(f"`healthberry {' '.join(arguments)}` failed:\n" + "\n".join(last))
    if note:
        note.write_text(inputs)


def _digest(root: Path) -> str:
    total = hashlib.sha256()
    for pattern in INPUTS:
        for file in sorted(root.glob(pattern)):
            total.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()
