"""The file of a backup: there as a whole or not at all, never in the place of another; and a folder of the last few."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from healthberry.backup.errors import BackupError

_OURS = re.compile(r"healthberry-\d{8}T\d{6}Z\.backup")


@contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to write, which only its owner may read; it gets its name at the end of the block, if that ends well.

    Raises: BackupError when there is a file of that name, or another process is writing it.
    """
    refuse_existing(path)
    unfinished = path.with_name(f"{path.name}.part")
    file = os.fdopen(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+b")
    with file:
        _lock(file, path)
        try:
            file.truncate()
            yield file
            file.flush()
            os.fsync(file.fileno())
            _name(unfinished, path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
    _sync_folder(path.parent)


def refuse_existing(path: Path) -> None:
    """Raises: BackupError when something has that name already, or its folder is not there."""
    if os.path.lexists(path):
        raise BackupError(f"{path} is there already, and a backup never replaces a file.")
    if not path.parent.is_dir():
        raise BackupError(f"There is no folder {path.parent}.")


def name_in(folder: Path, at: datetime) -> Path:
    """Return the name of a backup of that moment (UTC) in `folder`, which must be there. Raises: BackupError."""
    if not folder.is_dir():
        raise BackupError(f"There is no folder {folder}.")
    return folder / f"healthberry-{at:%Y%m%dT%H%M%SZ}.backup"


def drop_older(folder: Path, keep: int) -> list[Path]:
    """Delete all but the newest `keep` of the backups that `name_in` named; return what was deleted."""
    ours = sorted(path for path in folder.iterdir() if _OURS.fullmatch(path.name) and path.is_file())
    gone = ours[:-keep]
    for path in gone:
        path.unlink()
    return gone


def _lock(file: IO[bytes], path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BackupError(f"Another process is writing {path} now.") from None


def _name(unfinished: Path, path: Path) -> None:
    try:
        os.link(unfinished, path)
    except FileExistsError:
        raise BackupError(f"{path} has appeared meanwhile, and a backup never replaces a file.") from None
    except OSError:  # a file system without second names
        refuse_existing(path)
        unfinished.rename(path)
    else:
        unfinished.unlink()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
