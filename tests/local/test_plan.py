"""What is given wins; what is not is made up; what is wrong is said before anything starts."""

from pathlib import Path

import pytest

from healthberry.environment import SettingsError
from healthberry.local.options import RunOptions
from healthberry.local.plan import Plan, checked, plan_for
from healthberry.settings import Settings

SERVERS = {
    "DATABASE_URL": "postgresql://healthberry_app:a@/healthberry?host=/x",
    "DATABASE_OWNER_URL": "postgresql://healthberry_owner:b@/healthberry?host=/x",
    "REDIS_URL": "unix:///x/valkey.sock?db=0",
}
PORTS = {"WEB_PORT": 1, "SANDBOX_PORT": 2, "MAILBOX_PORT": 3, "SMTP_PORT": 4}


def plan(folder: Path, given: dict[str, str], servers: dict[str, str] | None = None) -> Plan:
    return plan_for(given, RunOptions.from_env(given), folder, SERVERS if servers is None else servers, PORTS)


def test_with_nothing_given_everything_is_made_up_and_right(tmp_path: Path) -> None:
    made = plan(tmp_path, {})
    settings = Settings.from_env(made.environment)
    assert settings.sandbox_url == "http://127.0.0.1:2"
    assert settings.mail_server.port == 4
    assert settings.nhsuk_publisher_key is None
    assert made.addresses == {
        "web": "http://127.0.0.1:1",
        "sandbox": "http://127.0.0.1:2",
        "mailbox": "http://127.0.0.1:3",
        "database": SERVERS["DATABASE_URL"],
        "database_owner": SERVERS["DATABASE_OWNER_URL"],
        "redis": SERVERS["REDIS_URL"],
    }
    assert made.counts == {"worker": 2, "sandbox": 1, "mailbox": 1}


def test_real_servers_replace_the_private_ones(tmp_path: Path) -> None:
    given = {
        "DATABASE_URL": "postgresql://app@db.example/hb",
        "REDIS_URL": "redis://queue.example",
        "MAIL_URL": "smtp://mail.example",
        "PUBLIC_URL": "https://feedback.example",
    }
    made = plan(tmp_path, given, servers={})
    assert {name: made.environment[name] for name in given} == given
    assert made.counts["mailbox"] == 0
    assert "mailbox" not in made.addresses
    assert made.addresses["web"] == "http://127.0.0.1:1"


def test_without_the_sandbox_no_made_up_key_is_used(tmp_path: Path) -> None:
    made = plan(tmp_path, {"SANDBOX": "off", "X_BEARER_TOKEN": "real"})
    assert made.counts["sandbox"] == 0
    assert "SANDBOX_URL" not in made.environment
    assert made.environment["X_BEARER_TOKEN"] == "real"
    assert "CAREOPINION_SUBSCRIPTION_KEY" not in made.environment


@pytest.mark.parametrize(
    ("host", "bind", "shown"),
    [
        ("0.0.0.0", "0.0.0.0:1", "http://127.0.0.1:1"),  # noqa: S104
        ("::1", "[::1]:1", "http://[::1]:1"),
        ("10.0.0.5", "10.0.0.5:1", "http://10.0.0.5:1"),
    ],
)
def test_it_listens_where_it_is_told_to(tmp_path: Path, host: str, bind: str, shown: str) -> None:
    made = plan(tmp_path, {"HOST": host})
    assert made.environment["WEB_BIND"] == bind
    assert made.addresses["web"] == shown


def test_every_wrong_value_is_named_before_anything_starts(tmp_path: Path) -> None:
    given = {"HOST": "everywhere", "WORKERS": "many", "SESSION_HOURS": "long", "MAIL_URL": "post", "SANDBOX": "maybe"}
    given |= {"WEB_BIND": "8600", "SANDBOX_SEED_ITEMS": "many", "SANDBOX_RATE_LIMITS": "no idea", "SANDBOX_SEED": "x"}
    given |= {"SANDBOX_NHSUK_DATES": "both", "SANDBOX_LIFE_SECONDS": "-1"}
    with pytest.raises(SettingsError) as caught:
        checked(given, tmp_path)
    assert sorted(problem.split()[0] for problem in caught.value.problems) == sorted(given)
