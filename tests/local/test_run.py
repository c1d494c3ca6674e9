"""`make run`, whole: everything starts, says where it is, keeps its data, and ends together."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
import redis

from healthberry.local.postgres import OWNER, SUPERUSER, LocalPostgres
from healthberry.local.sockets import free_port
from tests.policy.test_settings import known

ROOT = Path(__file__).resolve().parents[2]
PORTS = ("WEB_PORT", "SANDBOX_PORT", "MAILBOX_PORT", "SMTP_PORT")

pytestmark = pytest.mark.timeout(300)


class Run:
    """One start of everything in a folder of its own."""

    def __init__(self, folder: Path, ports: dict[str, int], **given: str) -> None:
        self.folder = folder
        # Empty rather than left out: a developer's own `.env` must not lead these processes to real servers.
        clean = dict(os.environ) | dict.fromkeys([*known(), "MAKELEVEL"], "")
        own = {"VAR_FOLDER": str(folder), "LOG_LEVEL": "WARNING", "WORKERS": "1", "SANDBOX_SEED_ITEMS": "5"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "healthberry.local.run"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env=clean | own | {name: str(port) for name, port in ports.items()} | given,
        )

    def wait_until_ready(self) -> dict[str, str]:
        """Give what `run.json` says, as soon as the welcome is on the screen."""
        assert self.process.stdout
        said = []
        for line in self.process.stdout:
            said.append(line)
            if "What to try first" in line:
                found: dict[str, str] = json.loads((self.folder / "run.json").read_text())
                return found
        raise AssertionError("".join(said))

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, number: int | None = None) -> str:
        """Give its last words, after telling it to end with signal `number`."""
        if number:
            self.process.send_signal(number)
        return self.process.communicate(timeout=60)[0]


@dataclass
class Story:
    """What was seen while everything was started, asked, broken, started again and ended."""

    addresses: list[dict[str, str]] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    left: list[list[psutil.Process]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    pages: dict[str, int] = field(default_factory=dict)
    health: dict[str, object] = field(default_factory=dict)
    environments: dict[str, dict[str, str]] = field(default_factory=dict)
    mode: int = 0
    second: tuple[int, str] = (0, "")
    providers: int = 0
    kept: str | None = None


@pytest.fixture(scope="module")
def story(open_to_all: Path) -> Story:
    folder = open_to_all / "var"
    ports, seen = _free_ports(), Story()
    _first_start_until_one_is_killed(seen, folder, ports)
    _second_start_until_told_to_end(seen, folder, ports)
    return seen


def _free_ports() -> dict[str, int]:
    ports: dict[str, int] = {}
    for name in PORTS:
        ports[name] = free_port(0, avoid=frozenset(ports.values()))
    return ports


def _first_start_until_one_is_killed(seen: Story, folder: Path, ports: dict[str, int]) -> None:
    run = _started(seen, folder, ports)
    addresses = seen.addresses[0]
    seen.mode = stat.S_IMODE((folder / "run.json").stat().st_mode)
    seen.pages = {name: httpx.get(addresses[name]).status_code for name in ("web", "sandbox", "mailbox")}
    seen.health = httpx.get(f"{addresses['web']}/health").json()
    with psycopg.connect(addresses["database"]) as connection:
        row = connection.execute("SELECT current_user, count(*) FROM providers").fetchone()
        assert row
        seen.providers = row[1] if row[0] == "healthberry_app" else -1
    with redis.Redis.from_url(addresses["redis"]) as queue:
        queue.set("kept", "yes")
    other = Run(folder, ports)
    seen.second = (other.process.wait(60), other.end())
    family = run.family()
    for process in family:
        seen.environments[" ".join(process.cmdline())] = process.environ()
    next(process for process in family if process.cmdline()[-1:] == ["scheduler"]).kill()
    _ended(seen, run, family, None)


def _second_start_until_told_to_end(seen: Story, folder: Path, ports: dict[str, int]) -> None:
    run = _started(seen, folder, ports)
    with redis.Redis.from_url(seen.addresses[1]["redis"], decode_responses=True) as queue:
        seen.kept = str(queue.get("kept"))
    _ended(seen, run, run.family(), signal.SIGTERM)


def _started(seen: Story, folder: Path, ports: dict[str, int]) -> Run:
    began = time.monotonic()
    run = Run(folder, ports)
    seen.addresses.append(run.wait_until_ready())
    seen.seconds.append(time.monotonic() - began)
    return run


def _ended(seen: Story, run: Run, family: list[psutil.Process], number: int | None) -> None:
    seen.said.append(run.end(number))
    seen.codes.append(run.process.returncode)
    seen.left.append(psutil.wait_procs(family, timeout=5)[1])
    assert not (run.folder / "run.json").exists()


def test_the_three_addresses_answer_and_health_is_well(story: Story) -> None:
    assert all(code in (200, 302, 303) for code in story.pages.values()), story.pages
    assert story.health["status"] in ("ok", "degraded")


def test_the_file_says_where_everything_is_and_only_its_owner_reads_it(story: Story) -> None:
    assert set(story.addresses[0]) == {"web", "sandbox", "mailbox", "database", "database_owner", "redis"}
    assert story.mode == 0o600


def test_the_register_is_loaded(story: Story) -> None:
    assert story.providers >= 40_000


def test_a_second_start_says_where_the_first_one_is(story: Story) -> None:
    code, said = story.second
    assert code == 0
    assert story.addresses[0]["web"] in said


def test_no_process_that_serves_people_may_change_tables(story: Story) -> None:
    assert any("gunicorn" in command for command in story.environments)
    serving = {command: given for command, given in story.environments.items() if "DATABASE_URL" in given}
    assert len(serving) >= 4
    assert [command for command, given in serving.items() if "healthberry_owner" in str(given)] == []


def test_when_one_is_killed_all_end_and_it_is_named(story: Story) -> None:
    assert story.codes[0] == 1
    assert "scheduler ended with exit code -9" in story.said[0]
    assert story.left[0] == []


def test_a_later_start_finds_everything_where_it_was(story: Story) -> None:
    assert story.addresses[1] == story.addresses[0]
    assert story.kept == "yes"
    # Nothing is migrated or loaded again: that is what makes later starts fast on any machine.
    assert story.seconds[1] < story.seconds[0]


def test_told_to_end_all_of_them_do(story: Story) -> None:
    assert story.codes[1] == 0
    assert "all data is kept" in story.said[1]
    assert story.left[1] == []


def test_a_real_database_is_all_that_needs_to_be_named(postgres: LocalPostgres, open_folder: Path) -> None:
    postgres.create_database("real_server")
    given = postgres.url(SUPERUSER, "real_server")
    run = Run(open_folder / "var", _free_ports(), DATABASE_URL=given)
    try:
        addresses = run.wait_until_ready()
        database = httpx.get(f"{addresses['web']}/health").json()["checks"]["database"]
        serving = [each for process in run.family() if (each := process.environ()).get("WEB_BIND")]
        with psycopg.connect(addresses["database"]) as connection:
            row = connection.execute("SELECT current_user, count(*) FROM providers").fetchone()
    finally:
        run.end(signal.SIGTERM)
        postgres.drop_database("real_server")

    assert database["ok"], database
    assert row is not None
    assert (row[0].startswith("healthberry_app_"), row[1] > 40_000) == (True, True)
    assert addresses["database_owner"] == given
    assert len(serving) >= 4
    assert postgres.passwords[SUPERUSER] not in str(serving)
    assert not (run.folder / "postgres").exists()


def test_a_real_database_whose_role_may_not_make_another_is_refused(postgres: LocalPostgres, open_folder: Path) -> None:
    run = Run(open_folder / "var", {}, DATABASE_URL=postgres.url(OWNER, "healthberry"))
    said = run.end()

    assert run.process.returncode == 2
    assert said.count("CREATE ROLE") == 2


def test_wrong_settings_are_all_named_and_nothing_is_started(tmp_path: Path) -> None:
    run = Run(tmp_path / "var", {}, SESSION_HOURS="long", HOST="everywhere", MAIL_URL="post", SANDBOX_SEED_ITEMS="many")
    said = run.end()
    assert run.process.returncode == 2
    assert all(name in said for name in ("SESSION_HOURS", "HOST", "MAIL_URL", "SANDBOX_SEED_ITEMS"))
    assert not (tmp_path / "var" / "postgres").exists()
