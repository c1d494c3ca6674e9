"""The commands, as operators type them: one sentence and an exit code whatever happens."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from healthberry.backup import take
from healthberry.cli import commands
from healthberry.local.postgres import Database
from healthberry.models.channels import Channel
from healthberry.settings import Settings
from tests.backup import saved
from tests.backup.saved import KEY
from tests.environment import environment_of

ROOT = Path(__file__).resolve().parents[2]


class Operator:
    """Types commands, with the settings of an installation."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def environment(self, **changes: str) -> dict[str, str]:
        """The environment that commands are typed in."""
        owner = {"DATABASE_OWNER_URL": self._settings.database_owner_url or "", "BACKUP_KEY": KEY}
        return environment_of(self._settings, **(owner | changes))

    def types(self, *words: str | Path, **changes: str) -> Result:
        """Run `healthberry WORDS`."""
        done = CliRunner().invoke(commands, list(map(str, words)), env=self.environment(**changes))
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert KEY not in done.output
        return done


@pytest.fixture
def operator(settings: Settings) -> Operator:
    """Who runs the installation of these tests."""
    return Operator(settings)


def _last(done: Result) -> str:
    return done.stderr.splitlines()[-1]


def test_a_backup_is_written_once_and_restored_elsewhere(
    operator: Operator, office: Channel, database: Database, empty: Database, tmp_path: Path
) -> None:
    there = {"DATABASE_URL": empty.app_url, "DATABASE_OWNER_URL": empty.owner_url}
    written = operator.types("backup", tmp_path / "saved")
    again = operator.types("backup", tmp_path / "saved")
    checked = operator.types("restore", "--check", tmp_path / "saved")
    restored = operator.types("restore", tmp_path / "saved", **there)
    twice = operator.types("restore", tmp_path / "saved", **there)
    verified = operator.types("audit", "verify", **there)

    assert (written.exit_code, "It was read back and is right" in written.stdout) == (0, True), written.stderr
    assert "Copying the tables" in written.stderr
    assert (again.exit_code, "is there already" in _last(again)) == (1, True)
    assert (checked.exit_code, "is whole and right" in checked.stdout) == (0, True), checked.stderr
    assert (restored.exit_code, "Erasures that were done since" in restored.stdout) == (0, True), restored.stderr
    assert saved.rows(empty.owner_url)["messages"] == saved.rows(database.owner_url)["messages"]
    assert (twice.exit_code, "is not empty" in _last(twice)) == (1, True)
    assert (verified.exit_code, "The installation: " in verified.stdout) == (0, True), verified.output
    with psycopg.connect(empty.owner_url) as connection:
        newest = connection.execute("SELECT action FROM audit_entries ORDER BY at DESC").fetchone()
    assert newest == ("backup_restored",)


def test_what_is_wrong_with_a_file_is_said_and_nothing_is_restored(
    operator: Operator, taken: take.Backup, empty: Database, tmp_path: Path
) -> None:
    there = {"DATABASE_URL": empty.app_url, "DATABASE_OWNER_URL": empty.owner_url}
    content = taken.path.read_bytes()
    (tmp_path / "changed").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    (tmp_path / "cut").write_bytes(content[:-1000])

    changed = operator.types("restore", tmp_path / "changed", **there)
    cut = operator.types("restore", tmp_path / "cut", **there)
    other_key = operator.types("restore", taken.path, **there | {"BACKUP_KEY": "z" * 32})
    missing = operator.types("restore", tmp_path / "none", **there)

    assert (changed.exit_code, "damaged or was changed" in _last(changed)) == (1, True)
    assert (cut.exit_code, "damaged or was changed" in _last(cut)) == (1, True)
    assert (other_key.exit_code, "BACKUP_KEY is not the one" in _last(other_key)) == (1, True)
    assert (missing.exit_code, "No such file" in _last(missing)) == (1, True)
    assert saved.is_untouched(empty.owner_url)


@pytest.mark.parametrize(
    ("key", "sentence"), [("", "BACKUP_KEY is not set"), ("hunter2", "BACKUP_KEY must be at least 32 characters long")]
)
def test_without_a_good_key_nothing_is_done_and_it_is_said(
    operator: Operator, tmp_path: Path, key: str, sentence: str
) -> None:
    command = [sys.executable, "-m", "healthberry.cli", "backup", str(tmp_path / "saved")]
    environment = operator.environment(BACKUP_KEY=key)
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, env=environment)

    assert (done.returncode, sentence in done.stderr.splitlines()[-1]) == (2, True)
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_not_there_is_a_sentence(operator: Operator, tmp_path: Path) -> None:
    done = operator.types("backup", tmp_path / "saved", DATABASE_OWNER_URL="postgresql://a:b@127.0.0.1:9/none")

    assert (done.exit_code, "The database did not do it" in _last(done)) == (1, True)


def test_a_folder_gets_one_more_and_keeps_so_many(operator: Operator, office: Channel, tmp_path: Path) -> None:
    for day in (1, 2):
        (tmp_path / f"healthberry-2026010{day}T000000Z.backup").touch()

    done = operator.types("backup", "--keep", "2", tmp_path)

    assert done.exit_code == 0, done.stderr
    names = sorted(path.name for path in tmp_path.iterdir())
    assert (len(names), names[0]) == (2, "healthberry-20260102T000000Z.backup")
    assert "Deleted" in done.stdout


def test_the_database_of_make_run_is_found_under_var_and_started_for_it(
    operator: Operator, taken: take.Backup, servers_folder: Path, tmp_path: Path
) -> None:
    var = servers_folder / "var"
    own = {"DATABASE_URL": "", "DATABASE_OWNER_URL": "", "VAR_FOLDER": str(var)}

    restored = operator.types("restore", taken.path, **own)
    again = operator.types("backup", tmp_path / "again", **own)

    assert restored.exit_code == 0, restored.stderr
    assert again.exit_code == 0, again.stderr
    read = take.read_back(tmp_path / "again", KEY, saved.SILENT)
    assert read.counted["messages"] == taken.counted["messages"]
    assert not (var / "postgres" / "data" / "postmaster.pid").exists()
