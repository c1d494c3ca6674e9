"""What `make run` starts with what: the environment of the processes, how many of each, and where they answer."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from healthberry.environment import SettingsError
from healthberry.local import keys
from healthberry.local.options import RunOptions
from healthberry.sandbox import config as sandbox
from healthberry.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PORTS = {"WEB_PORT": "HealthBerry", "SANDBOX_PORT": "sandbox", "MAILBOX_PORT": "mailbox", "SMTP_PORT": "mail"}
# For what is checked, or done, before or without the servers themselves.
STAND_INS = {
    "DATABASE_URL": "postgresql://host/database",
    "REDIS_URL": "redis://host",
    "MAIL_URL": "smtp://host",
    "MAIL_FROM": "feedback@healthberry.example",
    "PUBLIC_URL": "http://host",
}
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- never listened on unless asked for  # nosec B104


class Plan(NamedTuple):
    """One start of everything; `addresses` is what `var/run.json` says."""

    environment: dict[str, str]
    counts: dict[str, int]
    addresses: dict[str, str]


def plan_for(
    given: Mapping[str, str], options: RunOptions, folder: Path, servers: Mapping[str, str], ports: Mapping[str, int]
) -> Plan:
    """Put together what was given (it wins), how the private servers are reached, and what is made up in `folder`."""
    simulated = options.sandbox and "SANDBOX_URL" not in given
    web, channels, mailbox = (_url(options.host, ports[name]) for name in ("WEB_PORT", "SANDBOX_PORT", "MAILBOX_PORT"))
    environment = {
        **_made(options, folder, ports, web),
        **servers,
        **keys.load(folder / "secrets.env", simulated=simulated),
        # Simulated channels may be asked often: what is written there appears within seconds.
        **({"SANDBOX_URL": channels, "POLL_SECONDS": "5"} if simulated else {}),
        **given,
        **{name: str(port) for name, port in ports.items()},
        "HOST": options.host,
        "VAR_FOLDER": str(folder),
        "WEB_BIND": f"{_bracketed(options.host)}:{ports['WEB_PORT']}",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{given.get('PATH', os.defpath)}",
    }
    own_mailbox = "MAIL_URL" not in given
    addresses = {
        "web": web,
        **({"sandbox": channels} if simulated else {}),
        **({"mailbox": mailbox} if own_mailbox else {}),
        "database": environment["DATABASE_URL"],
        "database_owner": environment.get("DATABASE_OWNER_URL", environment["DATABASE_URL"]),
        "redis": environment["REDIS_URL"],
    }
    counts = {"worker": options.workers, "sandbox": int(simulated), "mailbox": int(own_mailbox)}
    return Plan(environment, counts, addresses)


def checked(given: Mapping[str, str], folder: Path) -> RunOptions:
    """Check what was given before anything is started.

    Raises: SettingsError with every problem of the options, of the settings and of the sandbox's own.
    """
    secrets = keys.load(folder / "secrets.env", simulated=False)
    problems: list[str] = []
    for kind, environ in ((RunOptions, given), (Settings, {**STAND_INS, **secrets, **given})):
        try:
            kind.from_env(environ)
        except SettingsError as error:
            problems += error.problems
    problems += sandbox.problems(given)
    if problems:
        raise SettingsError(problems)
    return RunOptions.from_env(given)


def _made(options: RunOptions, folder: Path, ports: Mapping[str, int], web: str) -> dict[str, str]:
    return {
        "PUBLIC_URL": web,
        "MAIL_FROM": "HealthBerry <feedback@healthberry.example>",
        "MAIL_URL": f"smtp://{_bracketed(_shown(options.host))}:{ports['SMTP_PORT']}",
        "SANDBOX_DATA": str(folder / "sandbox.sqlite"),
        "SANDBOX_LIFE_SECONDS": "60",
        "SANDBOX_SEED_ITEMS": "120",
        "PYTHONUNBUFFERED": "1",
    }


def _url(host: str, port: int) -> str:
    return f"http://{_bracketed(_shown(host))}:{port}"


def _shown(host: str) -> str:
    return EVERYWHERE.get(host, host)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
