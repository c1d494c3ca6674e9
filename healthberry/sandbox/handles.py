"""Which handle on X belongs to which ODS code, as far as the sandbox was told or could see."""

from .kinds import root
from .store import Store

# A newcomer's channels are looked for one after the other, by code first and by handle last: within this time.
TOGETHER_MS = 60_000


def remember(store: Store, code: str, handle: str) -> None:
    """Keep what somebody said: the organisation with this code has this handle."""
    store.run("INSERT OR REPLACE INTO handles VALUES (?, ?)", root(code), handle.lstrip("@"))


def notice(store: Store, handle: str) -> None:
    """Take a handle that is asked for the first time as that of the one organisation just asked for that has none yet.

    Where several organisations were asked for at the same time nobody can tell, and nothing is kept.
    """
    recent = store.rows("SELECT place FROM places WHERE channel != 'x' AND asked_at > ?", store.now() - TOGETHER_MS)
    without = {root(row["place"]) for row in recent} - {
        row["ods_code"] for row in store.rows("SELECT ods_code FROM handles")
    }
    if len(without) == 1:
        remember(store, without.pop(), handle)


def of(store: Store, code: str) -> str | None:
    """Return the handle of an organisation (for a trust's site, the trust's), None where it is not known."""
    found: str | None = store.value("SELECT handle FROM handles WHERE ods_code = ?", root(code))
    return found
