"""The secrets of `make run` are made once and read by their owner alone."""

import stat
from pathlib import Path

from cryptography.fernet import Fernet

from healthberry.local import keys


def test_secrets_are_made_once_and_closed_to_others(tmp_path: Path) -> None:
    file = tmp_path / "secrets.env"
    first = keys.load(file, simulated=True)
    assert keys.load(file, simulated=True) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(first["SECRET_KEY"]) >= 32
    Fernet(first["CHANNEL_KEYS"])


def test_two_checkouts_share_no_secret(tmp_path: Path) -> None:
    one, other = (keys.load(tmp_path / name, simulated=True) for name in ("one", "other"))
    assert not set(one.values()) & set(other.values())


def test_a_secret_that_is_missing_is_added_and_the_others_stay(tmp_path: Path) -> None:
    file = tmp_path / "secrets.env"
    file.write_text("SECRET_KEY='mine'\n")
    assert keys.load(file, simulated=True)["SECRET_KEY"] == "mine"
    assert keys.load(file, simulated=True)["X_BEARER_TOKEN"]


def test_made_up_keys_are_never_shown_to_real_providers(tmp_path: Path) -> None:
    assert set(keys.load(tmp_path / "secrets.env", simulated=False)) == {"SECRET_KEY", "CHANNEL_KEYS"}
