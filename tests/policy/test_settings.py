"""Every setting that is read anywhere stands in `.env.example` with its help, and nothing else does."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from healthberry.environment import Environment
from healthberry.local.options import RunOptions
from healthberry.sandbox import config as sandbox
from healthberry.settings import Settings, SettingsError

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / ".env.example"
# What looks into the environment by itself: the joining of both, what make and the PATH say, the sandbox, alone, and
# what tells openpyxl by it how to parse.
READERS = {
    "healthberry/connectors/table_files.py",
    "healthberry/environment.py",
    "healthberry/local/assets.py",
    "healthberry/local/run.py",
    "healthberry/sandbox/__main__.py",
    "healthberry/sandbox/application.py",
}
KEY = "x7bq2Yv0S0rkq3Bv3mTnqfXW7mC0V6m3Yk3vJwQ0m0E="
REQUIRED = {
    "DATABASE_URL": "postgresql://app:hunter2@db.example:5432/healthberry",
    "REDIS_URL": "redis://:hunter2@queue.example:6379/0",
    "MAIL_URL": "smtp+starttls://user:hunter2@mail.example:587",
    "MAIL_FROM": "HealthBerry <feedback@trust.example>",
    "SECRET_KEY": "hunter2" * 5,
    "CHANNEL_KEYS": KEY,
    "PUBLIC_URL": "https://feedback.trust.example/",
}


def fields(kind: type[Environment]) -> "dict[str, dataclasses.Field[Any]]":
    return {field.name.upper(): field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]


def known() -> dict[str, tuple[str, Any]]:
    """Every setting of all three sources: its help, and what it is when unset."""
    ours = {name: (field.metadata["about"], field.default) for name, field in both().items()}
    return ours | sandbox.documented()


def both() -> "dict[str, dataclasses.Field[Any]]":
    return fields(Settings) | fields(RunOptions)


def shown(default: Any) -> str:
    """How `.env.example` says what happens without the setting."""
    if default is dataclasses.MISSING:
        return "Required."
    if default is None:
        return "Optional."
    if isinstance(default, bool):
        return f"Default: {'on' if default else 'off'}."
    return f"Default: {default:g}." if isinstance(default, float) else f"Default: {default}."


def documented() -> dict[str, str]:
    """Name -> the comment above it."""
    blocks = re.findall(r"((?:^# .*\n)+)^(?:# ?)?([A-Z_]+)=.*$", EXAMPLE.read_text(), re.MULTILINE)
    return {name: " ".join(line.removeprefix("# ") for line in comment.splitlines()) for comment, name in blocks}


def test_the_example_lists_every_setting_and_no_other() -> None:
    assert set(documented()) == set(known())
    assert len(known()) == len(fields(Settings)) + len(fields(RunOptions)) + len(sandbox.documented())


@pytest.mark.parametrize("name", known())
def test_the_example_says_what_the_setting_says_of_itself(name: str) -> None:
    about, default = known()[name]
    assert documented()[name] == f"{about[0].upper()}{about[1:]}. {shown(default)}"


def test_what_the_example_shows_as_usual_is_right() -> None:
    usual = dict(re.findall(r"^# ([A-Z_]+)=(.+)$", EXAMPLE.read_text(), re.MULTILINE))
    given = {name: REQUIRED.get(name, "") for name in known()} | usual
    assert Settings.from_env(given) == Settings.from_env(REQUIRED)
    assert RunOptions.from_env(given) == RunOptions.from_env({})
    assert sandbox.read_config(given).settings == sandbox.Settings()


def test_nothing_else_looks_into_the_environment() -> None:
    files = {path.relative_to(ROOT).as_posix(): path.read_text() for path in (ROOT / "healthberry").rglob("*.py")}
    assert {name for name, code in files.items() if re.search(r"\bos\.(environ|getenv)\b", code)} == READERS


_SEED = "SANDBOX_SEED"  # counts nothing


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, (_, default) in known().items()
        if isinstance(default, (int, float)) and not isinstance(default, bool) and name != _SEED
    ],
)
def test_a_number_says_its_unit(name: str) -> None:
    assert known()[name][0].endswith(")")


@pytest.mark.parametrize("bind", ["127.0.0.1:8600", "[::1]:8600", "localhost:80", "0.0.0.0:65535"])
def test_the_web_server_listens_on_an_address_and_a_port(bind: str) -> None:
    assert Settings.from_env(REQUIRED | {"WEB_BIND": bind}).web_bind == bind


@pytest.mark.parametrize(
    "bind", ["8600", ":8600", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999", "::1:8600", "a b:1", "u@h:1", "h:1/x"]
)
def test_anything_else_is_named_as_wrong(bind: str) -> None:
    with pytest.raises(SettingsError, match="WEB_BIND"):
        Settings.from_env(REQUIRED | {"WEB_BIND": bind})


def test_no_secret_has_a_default() -> None:
    secrets = [field for field in fields(Settings).values() if field.metadata["secret"]]
    assert len(secrets) >= 10
    assert all(field.default in (dataclasses.MISSING, None) for field in secrets)


def test_every_problem_is_named_at_once_and_no_value_is_quoted() -> None:
    wrong = {
        "DATABASE_URL": "mysql://hunter2@db/x",
        "REDIS_URL": "http://hunter2",
        "MAIL_URL": "hunter2",
        "SECRET_KEY": "hunter2",
        "CHANNEL_KEYS": "hunter2",
        "PUBLIC_URL": "hunter2",
        "SESSION_HOURS": "hunter2",
        "TRUSTED_PROXIES": "-1",
        "LOG_LEVEL": "LOUD",
        "X_CLIENT_ID": "hunter2",
    }
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(wrong)
    named = [problem.split()[0] for problem in caught.value.problems]
    assert sorted(named) == sorted([*wrong, "MAIL_FROM"])
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["smtp://user:hunter2@127.0.0.1:25", "smtp://user:hunter2@[::1]", "smtp://user:hunter2@localhost", "smtp://mail"],
)
def test_a_password_may_go_to_a_mail_server_of_this_machine_as_it_is_and_no_password_anywhere(url: str) -> None:
    assert Settings.from_env(REQUIRED | {"MAIL_URL": url}).mail_url == url


@pytest.mark.parametrize("host", ["mail.example", "mail", "10.0.0.5", "localhost.example", "[2001:db8::1]"])
def test_a_password_for_another_mail_server_goes_by_an_encrypted_connection_alone(host: str) -> None:
    with pytest.raises(SettingsError, match="MAIL_URL must begin with smtp") as caught:
        Settings.from_env(REQUIRED | {"MAIL_URL": f"smtp://user:hunter2@{host}:25"})
    assert "hunter2" not in str(caught.value)
    for scheme in ("smtp+starttls", "smtps"):
        Settings.from_env(REQUIRED | {"MAIL_URL": f"{scheme}://user:hunter2@{host}:25"})


def test_secrets_never_show_in_the_representation() -> None:
    settings = Settings.from_env(REQUIRED | {"X_BEARER_TOKEN": "hunter2", "NHSUK_SUBSCRIPTION_KEY": "hunter2"})
    assert "hunter2" not in repr(settings)
    assert KEY not in repr(settings)
    assert "feedback.trust.example" in repr(settings)
    assert "hunter2" not in repr(settings.mail_server)


def test_addresses_are_given_in_the_forms_that_libraries_want() -> None:
    settings = Settings.from_env(REQUIRED | {"DATABASE_OWNER_URL": "postgres://o:p@/healthberry?host=/run/a%20b"})
    assert settings.sqlalchemy_url == "postgresql+psycopg://app:hunter2@db.example:5432/healthberry"
    assert settings.sqlalchemy_owner_url == "postgresql+psycopg://o:p@/healthberry?host=/run/a%20b"
    assert settings.public_url == "https://feedback.trust.example"
    server = settings.mail_server
    assert (server.host, server.port, server.username, server.starttls, server.tls) == (
        "mail.example",
        587,
        "user",
        True,
        False,
    )


def test_an_empty_value_counts_as_not_set() -> None:
    settings = Settings.from_env(REQUIRED | {"SESSION_HOURS": " ", "SANDBOX_URL": "", "X_BEARER_TOKEN": ""})
    assert (settings.session_hours, settings.sandbox_url, settings.x_bearer_token) == (12, None, None)


def test_several_channel_keys_are_kept_in_their_order() -> None:
    other = KEY.replace("x7", "y8")
    assert Settings.from_env(REQUIRED | {"CHANNEL_KEYS": f"{other}, {KEY}"}).channel_keys == (other, KEY)


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "MAIL_URL", "PUBLIC_URL"])
@pytest.mark.parametrize("value", ["x\x00y", "http://[::1", "smtp://h:99999", "://", "postgresql://", "é" * 9000])
def test_no_address_makes_the_reading_fail_otherwise(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_env(REQUIRED | {name: value})


def test_the_file_completes_the_environment_and_never_replaces_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text("".join(f"{name}='{value}'\n" for name, value in REQUIRED.items()) + "SESSION_HOURS=1\n")
    for name in known():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SESSION_HOURS", "2")
    settings = Settings.load(file)
    assert (settings.session_hours, settings.mail_from) == (2, REQUIRED["MAIL_FROM"])
