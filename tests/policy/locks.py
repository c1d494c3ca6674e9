"""What new migrations may not do while people read and write: a check of their statements, part of `make check`.

    python -m tests.policy.locks

The statements are written out without a database, one file a revision, and read by squawk with the rules of
`.squawk.toml`. An index of a table in use is built by `core.migrating.build_index`, in a migration of its own: what is
outside a transaction must be able to run a second time.
"""

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import alembic.command
from alembic.script import ScriptDirectory
from flask import Flask, current_app

from healthberry.local.postgres import Database
from tests.upgrades.keep import application

ROOT = Path(__file__).resolve().parents[2]
# 29 November 2026: nobody has been given a version with these yet. Nothing is added to this list.
BEFORE_ANYBODY_USED_IT = frozenset(f"{number:04}" for number in range(1, 16))
_OURS = re.compile(r"^\s*(?:BEGIN|COMMIT|SET lock_timeout = \S+|UPDATE alembic_version .*)\s*$", re.IGNORECASE)
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)
_ALONE = "an index built CONCURRENTLY needs a migration of its own: when it fails, the whole migration runs once more"


def checked() -> Mapping[str, str]:
    """Return the statements of every revision that must keep to the rules, by its name."""
    app = application(Database("postgresql://host/database", "postgresql://host/database"))
    return {name: sql for name, sql in statements(app) if name[:4] not in BEFORE_ANYBODY_USED_IT}


def statements(app: Flask) -> Iterator[tuple[str, str]]:
    """Yield every revision and what it would tell PostgreSQL, oldest first; no database is asked."""
    with app.app_context():
        config = current_app.extensions["migrate"].migrate.get_config()
        revisions = [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()][::-1]
        for before, revision in zip(["base", *revisions], revisions, strict=False):
            config.output_buffer = io.StringIO()
            alembic.command.upgrade(config, f"{before}:{revision}", sql=True)
            yield revision, config.output_buffer.getvalue()


def findings(scripts: Mapping[str, str]) -> list[str]:
    """Return one line for whatever is wrong with these statements."""
    found = [f"{name}: {_ALONE}" for name, sql in scripts.items() if _is_mixed(sql)]
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{name}.sql" for name in scripts]
        for file in files:
            file.write_text(scripts[file.stem])
        return found + (_linted(files) if files else [])


def _linted(files: list[Path]) -> list[str]:
    squawk = shutil.which(
        "squawk", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    )
    if squawk is None:
        raise FileNotFoundError("squawk is not installed: see requirements-dev.txt")
    command = [squawk, "--config", str(ROOT / ".squawk.toml"), "--reporter", "gcc", *map(str, files)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr)
    return [line.rpartition("/")[2] for line in done.stdout.splitlines() if ".sql:" in line]


def _is_mixed(sql: str) -> bool:
    own = [one for one in _COMMENT.sub("", sql).split(";") if one.strip() and not _OURS.match(one.strip())]
    outside = [one for one in own if "CONCURRENTLY" in one.upper()]
    return 0 < len(outside) < len(own)


def main() -> int:
    """Say what is wrong; the exit code is 1 then."""
    found = findings(checked())
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
