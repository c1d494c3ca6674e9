"""The secrets of `make run`: made up once, kept in a file that only its owner reads."""

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.fernet import Fernet
from dotenv import dotenv_values

OWN: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "CHANNEL_KEYS": lambda: Fernet.generate_key().decode(),
}
# The sandbox and HealthBerry are given the same ones; real providers know nothing of them. NHS.UK's publisher id and
# key are left out on purpose: without them its reviews are answered by hand, as they are for most organisations.
SIMULATED: dict[str, Callable[[], str]] = {
    "NHSUK_SUBSCRIPTION_KEY": lambda: secrets.token_hex(16),
    "CAREOPINION_SUBSCRIPTION_KEY": lambda: secrets.token_urlsafe(24),
    "X_BEARER_TOKEN": lambda: secrets.token_urlsafe(48),
    "X_CLIENT_ID": lambda: secrets.token_urlsafe(16),
    "X_CLIENT_SECRET": lambda: secrets.token_urlsafe(32),
    "X_CONSUMER_SECRET": lambda: secrets.token_urlsafe(32),
    "GOOGLE_CLIENT_ID": lambda: f"{secrets.token_hex(12)}.apps.googleusercontent.com",
    "GOOGLE_CLIENT_SECRET": lambda: f"GOCSPX-{secrets.token_urlsafe(21)}",
    "GOOGLE_PUSH_AUDIENCE": lambda: f"google-reviews-{secrets.token_hex(8)}",
    "GOOGLE_PUSH_EMAIL": lambda: f"pusher@simulated-{secrets.token_hex(4)}.iam.gserviceaccount.com",
    "GOOGLE_PUBSUB_TOPIC": lambda: f"projects/simulated-{secrets.token_hex(4)}/topics/reviews",
    "YOUTUBE_API_KEY": lambda: f"AIza{secrets.token_urlsafe(26)}",
    "FACEBOOK_APP_ID": lambda: str(10**14 + secrets.randbelow(9 * 10**14)),
    "FACEBOOK_APP_SECRET": lambda: secrets.token_hex(16),
    "FACEBOOK_VERIFY_TOKEN": lambda: secrets.token_urlsafe(16),
    "MICROSOFT_CLIENT_ID": lambda: secrets.token_urlsafe(16),
    "MICROSOFT_CLIENT_SECRET": lambda: secrets.token_urlsafe(32),
}


def load(path: Path, *, simulated: bool) -> dict[str, str]:
    """Give the secrets of `path`, making the missing ones first; `simulated` includes the providers' keys."""
    known = kept(path, OWN | SIMULATED)
    return {name: value for name, value in known.items() if simulated or name not in SIMULATED}


def kept(path: Path, makers: Mapping[str, Callable[[], str]]) -> dict[str, str]:
    """Give what `path` holds, after making up and writing down what it lacks of `makers`."""
    known = {name: value for name, value in dotenv_values(path, interpolate=False).items() if value}
    missing = [name for name in makers if name not in known]
    if missing:
        known |= {name: makers[name]() for name in missing}
        _write(path, known)
    return known


def _write(path: Path, values: dict[str, str]) -> None:
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("# Made up by the first `make run`; never leave this machine.\n")
        file.writelines(f"{name}='{value}'\n" for name, value in values.items())
    unfinished.rename(path)
