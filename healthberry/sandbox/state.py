"""Everything that lives as long as the application, in one place."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import current_app

from .config import Config, Settings
from .faults import Faults
from .limits import Limits
from .site import Site
from .store import Store
from .texts import Library


@dataclass
class Sandbox:
    """Join the parts; one per application."""

    sites: Mapping[str, Site]
    config: Config
    settings: Settings
    store: Store
    texts: Library
    faults: Faults = field(default_factory=Faults)
    limits: Limits = field(default_factory=Limits)
    counts: Counter[str] = field(default_factory=Counter)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    lists_served: Counter[str] = field(default_factory=Counter)
    asked: set[tuple[str, str]] = field(default_factory=set)

    def known_by(self, name: str) -> list[Site]:
        """Return the sites that know organisations by `ods_code`, or by `handle`, in order."""
        return [site for site in self.sites.values() if site.knows_by == name]

    @property
    def by_code(self) -> list[str]:
        """Return the kinds of sites that know organisations by their ODS code."""
        return [site.kind for site in self.known_by("ods_code")]


def here() -> Sandbox:
    """Return the sandbox of the application that serves this request."""
    found: Sandbox = current_app.extensions["sandbox"]
    return found
