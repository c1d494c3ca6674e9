"""New items that arrive by themselves while the sandbox runs."""

import logging
import threading
from random import Random

from . import places, seed
from .config import chance
from .invent import Inventor
from .site import Site
from .state import Sandbox

log = logging.getLogger(__name__)


def run(sandbox: Sandbox, stop: threading.Event) -> None:
    """Let life happen until told to stop; does nothing while `life_seconds` is 0."""
    while not stop.wait(0.5):
        try:
            tick(sandbox)
        except Exception:
            log.exception("an item could not be invented")


def tick(sandbox: Sandbox) -> list[tuple[str, str]]:
    """Give each organisation that is due one new item; return the new ones as (channel, remote id)."""
    if not sandbox.settings.life_seconds:
        return []
    due = sandbox.store.rows("SELECT * FROM living WHERE next_at <= ? ORDER BY next_at LIMIT 50", sandbox.store.now())
    made = []
    for row in due:
        with sandbox.store.writing():
            _plan_next(sandbox, row["root"])
            item = _live(sandbox, row["root"])
        made.extend([item] if item else [])
    return made


def restart(sandbox: Sandbox) -> None:
    """Plan the next item of every organisation anew, after `life_seconds` was changed."""
    with sandbox.store.writing():
        for row in sandbox.store.rows("SELECT root FROM living"):
            _plan_next(sandbox, row["root"], soon=True)


def _plan_next(sandbox: Sandbox, root: str, soon: bool = False) -> None:
    source = chance(sandbox.config.random_seed, root, sandbox.store.now())
    wait = (
        sandbox.settings.life_seconds * _share(sandbox, root) * (source.random() if soon else source.uniform(0.5, 1.5))
    )
    sandbox.store.run("UPDATE living SET next_at = ? WHERE root = ?", sandbox.store.now() + int(wait * 1000), root)


def _share(sandbox: Sandbox, root: str) -> float:
    """Say how much rarer than `life_seconds` one root's items are, so that all channels together have that pace.

    A code stands for every channel that knows codes, a handle for one.
    """
    used = {row["channel"] for row in sandbox.store.rows("SELECT DISTINCT channel FROM places")}
    here = len(used.intersection(sandbox.by_code)) if root.startswith("ods:") else 1
    return max(1, len(used)) / max(1, here)


def _live(sandbox: Sandbox, root: str) -> tuple[str, str] | None:
    source = chance(sandbox.config.random_seed, root, sandbox.store.now(), "item")
    head, code = root.split(":", 1)
    found = _somewhere(sandbox, root, code, source) if head == "ods" else (sandbox.sites[head], code)
    if found is None:
        return None
    site, place = found
    inventor = Inventor(sandbox, root, code, source)
    remote_id = site.live(inventor, place)
    inventor.save()
    return site.kind, remote_id


def _somewhere(sandbox: Sandbox, root: str, code: str, source: Random) -> tuple[Site, str] | None:
    """Choose one of the channels at which a code was asked for, and the code itself or one of its sites'."""
    asked = [
        row
        for row in places.asked_for(sandbox.store, sandbox.by_code, code)
        if seed.living_root(sandbox.sites[row["channel"]], row["place"]) == root
    ]
    if not asked:
        return None
    channel = source.choice(sorted({row["channel"] for row in asked}))
    codes = sorted(row["place"] for row in asked if row["channel"] == channel)
    # Most is said about the organisation itself, the rest about its sites.
    place = code if code in codes and source.random() < 0.6 else source.choice(codes)
    return sandbox.sites[channel], place
