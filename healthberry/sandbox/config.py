"""What the sandbox is told at its start, and what may be changed while it runs."""

import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

KEY_NAMES = (
    "NHSUK_SUBSCRIPTION_KEY",
    "NHSUK_PUBLISHER_ID",
    "NHSUK_PUBLISHER_KEY",
    "CAREOPINION_SUBSCRIPTION_KEY",
    "X_BEARER_TOKEN",
    "X_CLIENT_ID",
    "X_CLIENT_SECRET",
)
DUPLICATE_RULES = ("account", "same_parent", "off")
MODERATOR_HABITS = ("never", "sometimes", "always")
NHSUK_DATES = ("submitted", "updated")


class BadSetting(ValueError):
    """A setting has a value that the sandbox cannot use; the text is meant for people."""


@dataclass
class Settings:
    """Hold what `POST /control/settings` may change; all durations in seconds.

    `duplicate_rule`: where equal words are refused by X (`account`, `same_parent`, `off`).
    `moderator_edits`: how often Care Opinion's moderator changes a response a little.
    `nhsuk_dates`: which date `fromDate` and `toDate` of NHS.UK compare with (the documents do not say).
    `stray_every`: every how many Care Opinion lists one holds a stray string; 0 = never.
    """

    latency_seconds: float = 0.0
    seed_items: int = 120
    life_seconds: float = 0.0
    careopinion_delay_seconds: float = 20.0
    nhsuk_delay_seconds: float = 0.0
    rate_limits: bool = True
    clock_offset_seconds: float = 0.0
    duplicate_rule: str = "account"
    duplicate_window_seconds: float = 86400.0
    moderator_edits: str = "sometimes"
    nhsuk_dates: str = "submitted"
    stray_every: int = 30

    def change(self, name: str, value: object) -> None:
        """Set one value after checking its type and range.

        Raises: BadSetting.
        """
        kinds = {item.name: item.type for item in fields(self)}
        if name not in kinds:
            raise BadSetting(f"{name} is not a setting. Known: {', '.join(sorted(kinds))}.")
        setattr(self, name, _checked(name, kinds[name], value))


def _checked(name: str, kind: object, value: object) -> object:
    if kind is bool:
        return _truth(name, value)
    if kind is str:
        return _choice(name, value)
    try:
        number = float(str(value))
    except ValueError:
        raise BadSetting(f"{name} must be a number, not {value!r}.") from None
    if not -1e10 < number < 1e10 or (number < 0 and name != "clock_offset_seconds"):
        raise BadSetting(f"{name} is out of range: {value!r}.")
    return int(number) if kind is int else number


def _truth(name: str, value: object) -> bool:
    word = str(value).strip().lower()
    if word in ("1", "true", "on", "yes"):
        return True
    if word in ("0", "false", "off", "no"):
        return False
    raise BadSetting(f"{name} must be on or off, not {value!r}.")


def _choice(name: str, value: object) -> str:
    allowed = {"duplicate_rule": DUPLICATE_RULES, "moderator_edits": MODERATOR_HABITS, "nhsuk_dates": NHSUK_DATES}[name]
    if value not in allowed:
        raise BadSetting(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return str(value)


@dataclass(frozen=True)
class Keys:
    """Hold the secrets that callers must present; those not given are made up at the start."""

    nhsuk_subscription_key: str = field(repr=False)
    nhsuk_publisher_id: str
    nhsuk_publisher_key: str = field(repr=False)
    careopinion_subscription_key: str = field(repr=False)
    x_bearer_token: str = field(repr=False)
    x_client_id: str
    x_client_secret: str = field(repr=False)


@dataclass(frozen=True)
class Config:
    """Hold everything read from the environment or the command line."""

    keys: Keys
    data_path: str
    random_seed: int
    settings: Settings


def read_config(source: Mapping[str, str]) -> Config:
    """Read the configuration from a mapping such as `os.environ`; blank values count as not given.

    Raises: BadSetting, naming every bad value at once.
    """
    settings, problems = Settings(), []
    for item in fields(Settings):
        raw = source.get("SANDBOX_" + item.name.upper(), "")
        if raw.strip():
            try:
                settings.change(item.name, raw.strip())
            except BadSetting as problem:
                problems.append(f"SANDBOX_{item.name.upper()}: {problem}")
    seed = source.get("SANDBOX_SEED", "").strip() or "1"
    if not seed.lstrip("-").isdigit():
        problems.append(f"SANDBOX_SEED: must be a whole number, not {seed!r}.")
    if problems:
        raise BadSetting(" ".join(problems))
    keys = {name.lower(): source.get(name, "").strip() or _made_up(name) for name in KEY_NAMES}
    return Config(Keys(**keys), source.get("SANDBOX_DATA", "").strip() or ":memory:", int(seed), settings)


def _made_up(name: str) -> str:
    if name == "NHSUK_PUBLISHER_ID":
        return "SANDBOXPUB"
    return secrets.token_hex(16) if name.startswith("NHSUK") else secrets.token_urlsafe(24)


def chance(seed: int, *words: object) -> random.Random:
    """Make a random source that is the same for the same seed and words."""
    return random.Random(":".join(str(word) for word in (seed, *words)))  # noqa: S311 - invents texts, guards nothing
