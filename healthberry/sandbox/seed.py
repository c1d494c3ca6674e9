"""Who was asked for, and the past of an organisation, invented when it is first asked for."""

from . import handles
from .config import chance
from .invent import Inventor
from .kinds import is_site, root
from .site import Site
from .state import Sandbox

FEW = 3


def ask(sandbox: Sandbox, channel: str, place: str) -> None:
    """Note that an organisation was asked for; the first time, invent its past. A second call does nothing."""
    site = sandbox.sites[channel]
    key = site.place_key(place)
    if (channel, key) in sandbox.asked or not site.accepts(place):
        return
    with sandbox.store.writing():
        if note(sandbox, site, key):
            _invent_past(sandbox, site, key)
    sandbox.asked.add((channel, key))


def note(sandbox: Sandbox, site: Site, place: str) -> bool:
    """Enter an organisation among those asked for, without a past; return whether it was new."""
    key, now = site.place_key(place), sandbox.store.now()
    new = sandbox.store.run("INSERT OR IGNORE INTO places VALUES (?, ?, ?)", site.kind, key, now) > 0
    if new and site.knows_by == "handle":
        handles.notice(sandbox.store, site.kind, place, sandbox.by_code)
    next_at = now + int(1000 * sandbox.settings.life_seconds * chance(now, key).uniform(0.5, 1.5))
    sandbox.store.run("INSERT OR IGNORE INTO living VALUES (?, ?)", living_root(site, key), next_at)
    return new


def living_root(site: Site, key: str) -> str:
    """Return under which name an organisation gets new items: its sites count as itself."""
    return f"ods:{root(key)}" if site.knows_by == "ods_code" else f"{site.kind}:{key}"


def _invent_past(sandbox: Sandbox, site: Site, key: str) -> None:
    number = sandbox.settings.seed_items
    if site.knows_by == "ods_code" and is_site(key):
        number = min(FEW, number)
    if number == 0:
        return
    source = chance(sandbox.config.random_seed, site.kind, key)
    inventor = Inventor(sandbox, living_root(site, key), key, source)
    site.past(inventor, key, number)
    inventor.save()
