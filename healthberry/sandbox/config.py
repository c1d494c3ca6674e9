"""What the sandbox is told at its start, and what may be changed while it runs."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from .site import Key


class BadSetting(ValueError):
    """A setting has a value that the sandbox cannot use; the text is meant for people."""


def _setting(about: str, default: Any, *choices: str) -> Any:
    return field(default=default, metadata={"about": about, "choices": choices})


@dataclass
class Settings:
    """Hold what `POST /control/settings` may change; all durations in seconds."""

    latency_seconds: float = _setting("how much later each request to a provider is answered (seconds)", 0.0)
    seed_items: int = _setting("past items per channel, invented when an organisation is first asked for (number)", 120)
    life_seconds: float = _setting(
        "about how often each organisation gets a new item by itself, 0 for never; `make run` sets 60 (seconds)", 0.0
    )
    careopinion_delay_seconds: float = _setting(
        "how long Care Opinion's moderator takes for a response (seconds)", 20.0
    )
    nhsuk_delay_seconds: float = _setting("how long NHS.UK's moderator takes for a response (seconds)", 0.0)
    google_delay_seconds: float = _setting("how long Google's moderator takes for an answer (seconds)", 5.0)
    rate_limits: bool = _setting("on: providers refuse who asks too often; off: they never do", True)
    clock_offset_seconds: float = _setting("how far the providers' clock is ahead (seconds)", 0.0)
    duplicate_rule: str = _setting(
        "where X refuses the same words again: account, same_parent or off", "account", "account", "same_parent", "off"
    )
    duplicate_window_seconds: float = _setting("how long X remembers words that it refuses again (seconds)", 86400.0)
    moderator_edits: str = _setting(
        "how often Care Opinion's moderator changes a response a little: never, sometimes or always",
        "sometimes",
        "never",
        "sometimes",
        "always",
    )
    # The documents do not say which.
    nhsuk_dates: str = _setting(
        "which date NHS.UK's fromDate and toDate mean: submitted or updated", "submitted", "submitted", "updated"
    )
    mastodon_idempotency: str = _setting(
        "whether Mastodon's servers know the key of a post that is sent again: honour or ignore",
        "honour",
        "honour",
        "ignore",
    )
    bluesky_lag_seconds: float = _setting("how long Bluesky's network takes to show what was written (seconds)", 0.0)
    careconnect_anywhere: bool = _setting(
        "on: the call centre hands problems to any address; off: to this machine only", False
    )
    stray_every: int = _setting(
        "every how many lists of Care Opinion one holds a stray string; 0 for none (number)", 30
    )

    def change(self, name: str, value: object, shown: str = "") -> None:
        """Set one value after checking its type and range; `shown` is what people call it, where not `name`.

        Raises: BadSetting.
        """
        known = {item.name: item for item in fields(self)}
        if name not in known:
            raise BadSetting(f"{name} is not a setting. Known: {', '.join(sorted(known))}.")
        try:
            setattr(self, name, _checked(name, known[name].type, known[name].metadata["choices"], value))
        except ValueError as problem:
            raise BadSetting(f"{shown or name} {problem}, not {value!r}.") from None


def _checked(name: str, kind: object, choices: tuple[str, ...], value: object) -> object:
    if kind is bool:
        return _truth(value)
    if kind is str:
        return _choice(choices, value)
    try:
        number = float(str(value))
    except ValueError:
        raise ValueError("must be a number") from None
    lowest = -1e10 if name == "clock_offset_seconds" else 0
    if not lowest <= number <= 1e10:
        raise ValueError(f"must be a number from {lowest:g} to {1e10:g}")
    return int(number) if kind is int else number


def _truth(value: object) -> bool:
    word = str(value).strip().lower()
    if word in ("1", "true", "on", "yes"):
        return True
    if word in ("0", "false", "off", "no"):
        return False
    raise ValueError("must be on or off")


def _choice(allowed: tuple[str, ...], value: object) -> str:
    if value not in allowed:
        raise ValueError(f"must be one of {', '.join(allowed)}")
    return str(value)


@dataclass(frozen=True)
class Config:
    """Hold everything read from the environment or the command line; `keys` are secrets by their name there."""

    keys: Mapping[str, str] = field(repr=False)
    data_path: str
    random_seed: int
    settings: Settings


def read_config(source: Mapping[str, str], keys: Sequence[Key] = ()) -> Config:
    """Read the configuration from a mapping such as the environment; blank values count as not given.

    `keys` are the secrets that callers must present; those not given are made up.

    Raises: BadSetting, naming every bad value at once.
    """
    settings, seed, wrong = _read(source)
    if wrong:
        raise BadSetting("\n".join(wrong))
    known = {key.name: source.get(key.name, "").strip() or key.make() for key in keys}
    return Config(known, source.get("SANDBOX_DATA", "").strip() or ":memory:", seed, settings)


def problems(source: Mapping[str, str]) -> list[str]:
    """Say what `read_config` would refuse: a sentence for each bad value, which begins with its name."""
    return _read(source)[2]


def documented() -> dict[str, tuple[str, Any]]:
    """Return every setting of the sandbox alone by its name in the environment: what it is, and what it is unset."""
    changeable = {_name(item.name): (item.metadata["about"], item.default) for item in fields(Settings)}
    return {
        "SANDBOX_DATA": ("file that keeps what was written; unset: in memory, with `make run` in its own folder", None),
        "SANDBOX_SEED": ("the same number invents the same world", 1),
        **changeable,
    }


def _read(source: Mapping[str, str]) -> tuple[Settings, int, list[str]]:
    settings, wrong = Settings(), []
    for item in fields(Settings):
        given = source.get(_name(item.name), "").strip()
        try:
            if given:
                settings.change(item.name, given, _name(item.name))
        except BadSetting as problem:
            wrong.append(str(problem))
    seed = source.get("SANDBOX_SEED", "").strip() or "1"
    if not (seed.isascii() and seed.removeprefix("-").isdigit()):
        return settings, 0, [*wrong, f"SANDBOX_SEED must be a whole number, not {seed!r}."]
    return settings, int(seed), wrong


def _name(setting: str) -> str:
    return f"SANDBOX_{setting.upper()}"


def chance(seed: int, *words: object) -> random.Random:
    """Make a random source that is the same for the same seed and words."""
    return random.Random(":".join(str(word) for word in (seed, *words)))  # noqa: S311 - invents texts, guards nothing
