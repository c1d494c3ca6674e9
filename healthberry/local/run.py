"""`make run`: everything that HealthBerry needs, started together, ended together.

What the environment or `.env` names (DATABASE_URL, REDIS_URL, MAIL_URL) is used; the rest is started here and keeps
its data under `var/`. A DATABASE_URL alone is taken for the owner's, and a role for the application is made beside it.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from healthberry import environment as env
from healthberry.environment import SettingsError
from healthberry.local import postgres, processes, roles, running, valkey
from healthberry.local.options import RunOptions
from healthberry.local.orphans import end_all
from healthberry.local.plan import PORTS, ROOT, checked, plan_for
from healthberry.local.prepare import bring_up_to_date
from healthberry.local.sockets import free_port
from healthberry.local.tether import die_with_starter
from healthberry.local.watch import Servers, Watch


def main() -> int:
    """Run until asked to end; the exit code is 0 then, 1 when something broke, 2 when settings are wrong."""
    os.chdir(ROOT)
    os.umask(0o077)
    signal.signal(signal.SIGTERM, _end)
    if os.environ.get("MAKELEVEL"):
        # Started by make: when that is killed, nobody would be left to end this one.
        die_with_starter(signal.SIGTERM)
    given = {name: value for name, value in env.environment(ROOT / ".env").items() if value}
    try:
        folder = own_folder(ROOT / given.get("VAR_FOLDER", "var"))
        with running.only_one(folder):
            return _run(given, folder)
    except running.AlreadyRuns as other:
        _say(str(other))
        return 0
    except SettingsError as error:
        _say(str(error))
        return 2
    except KeyboardInterrupt:
        return 0
    except (RuntimeError, OSError) as error:
        _say(f"HealthBerry could not start: {error}")
        return 1


def own_folder(folder: Path) -> Path:
    """Make the folder that holds everything of this installation, closed to others; return its full path."""
    folder.mkdir(parents=True, exist_ok=True)
    # The database's own user must be able to pass through where root is the one who starts it.
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return folder.resolve()


def _run(given: dict[str, str], folder: Path) -> int:
    options = checked(given, folder)
    if "DATABASE_URL" in given and "DATABASE_OWNER_URL" not in given:
        given |= roles.apart(given["DATABASE_URL"], folder)
    with ExitStack() as stack:
        servers = _servers(given, folder, stack)
        plan = plan_for(given, options, folder, servers.addresses(), _ports(options))
        _say("Bringing the database and the register up to date")
        bring_up_to_date(ROOT, plan.environment, folder / "postgres" / "prepared" if servers.postgres else None)
        watch = Watch(plan.addresses, servers, folder)
        # Only migrations and the register may change tables; what serves people may not even know how.
        environment = {name: value for name, value in plan.environment.items() if name != "DATABASE_OWNER_URL"}
        problem = processes.run(
            ROOT / "Procfile", environment, plan.counts, folder / "log", watch.start, servers.pids()
        )
        problem = watch.problem or problem
    if problem:
        _say(f"HealthBerry has ended, because {problem}")
        return 1
    _say("HealthBerry has ended; all data is kept.")
    return 0


def _servers(given: dict[str, str], folder: Path, stack: ExitStack) -> Servers:
    servers = Servers()
    stack.enter_context(_all_ended(servers))
    _say("Starting PostgreSQL and Valkey")
    if "DATABASE_URL" not in given:
        servers.postgres = postgres.start(folder / "postgres")
    if "REDIS_URL" not in given:
        servers.valkey = valkey.start(folder / "valkey")
    return servers


@contextmanager
def _all_ended(servers: Servers) -> Iterator[None]:
    """End everything at the end of the block: first what uses the servers, then the servers."""
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        end_all(spared=servers.pids())
        servers.stop()


def _ports(options: RunOptions) -> dict[str, int]:
    ports: dict[str, int] = {}
    for name, what in PORTS.items():
        wanted = getattr(options, name.lower())
        ports[name] = free_port(wanted, options.host, avoid=frozenset(ports.values()))
        if ports[name] != wanted:
            _say(f"Port {wanted} is taken; {what} uses {ports[name]} instead.")
    return ports


def _end(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
