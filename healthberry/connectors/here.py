"""Kinds of channels for which nothing outside is asked: what comes is entered, uploaded or sent to us."""

from collections.abc import Mapping

from healthberry.connectors.base import Linkable, Linkables, Listing


def one_of_a_kind(kind: str, label: str, config: Mapping[str, str] | None = None) -> Linkables:
    """Return the one listing of a kind that an organisation has once; its address is "", for it stands nowhere."""
    return Linkables([Linkable(Listing(kind, kind, label, "", dict(config or {})))])
