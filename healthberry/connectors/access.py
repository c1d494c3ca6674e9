"""How one channel is reached: its settings and its secrets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Access:
    """How to reach one channel: its settings and its secrets (never logged, masked in repr)."""

    config: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Authorisation:
    """What signing in at the provider gave: to be stored encrypted. `account` is the handle or page signed in as."""

    secrets: Mapping[str, str] = field(repr=False)
    expires_at: datetime | None
    account_id: str
    account: str
