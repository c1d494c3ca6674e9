"""Which handle on a site belongs to which ODS code, as far as the sandbox was told or could see."""

from collections.abc import Sequence

from .kinds import root
from .places import asked_for
from .store import Store

# A newcomer's channels are looked for one after the other, by code first and by handle last: within this time.
TOGETHER_MS = 60_000


def remember(store: Store, channel: str, code: str, handle: str) -> None:
    """Keep what somebody said: the organisation with this code has this handle there."""
    store.run("INSERT OR REPLACE INTO known_handles VALUES (?, ?, ?)", channel, root(code), handle.lstrip("@"))


def notice(store: Store, channel: str, handle: str, by_code: Sequence[str]) -> None:
    """Take a handle that is asked for the first time as that of the one organisation just asked for that has none yet.

    `by_code` are the channels that know organisations by their code. Where several organisations were asked for at the
    same time nobody can tell, and nothing is kept.
    """
    recent = asked_for(store, by_code, since=store.now() - TOGETHER_MS)
    known = store.rows("SELECT ods_code FROM known_handles WHERE channel = ?", channel)
    without = {root(row["place"]) for row in recent} - {row["ods_code"] for row in known}
    if len(without) == 1:
        remember(store, channel, without.pop(), handle)


def of(store: Store, channel: str, code: str) -> str | None:
    """Return the handle of an organisation (for a trust's site, the trust's), None where it is not known."""
    sql = "SELECT handle FROM known_handles WHERE channel = ? AND ods_code = ?"
    found: str | None = store.value(sql, channel, root(code))
    return found
