"""Everything that lives as long as the application, in one place."""

import threading
from collections import Counter
from dataclasses import dataclass, field

from flask import current_app

from .config import Config, Settings
from .faults import Faults
from .limits import Limits
from .store import Store
from .texts import Library


@dataclass
class Sandbox:
    """Join the parts; one per application."""

    config: Config
    settings: Settings
    store: Store
    texts: Library
    faults: Faults = field(default_factory=Faults)
    limits: Limits = field(default_factory=Limits)
    counts: Counter[str] = field(default_factory=Counter)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    lists_served: int = 0
    asked: set[tuple[str, str]] = field(default_factory=set)
    life_changed: threading.Event = field(default_factory=threading.Event)


def here() -> Sandbox:
    """Return the sandbox of the application that serves this request."""
    found: Sandbox = current_app.extensions["sandbox"]
    return found
