"""A form that waits until its sender has proved themselves anew: kept sealed, for a quarter of an hour, once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from healthberry.core.vault import Vault, VaultError
from healthberry.extensions import part
from healthberry.models.owned import now
from healthberry.models.sign_in import MemberSession

_WAITS = timedelta(minutes=15)
_LONGEST = 100_000


@dataclass(frozen=True)
class Held:
    """What was asked for: how, where and with what; `back` is the page that it was asked from, "" for none."""

    method: str
    path: str
    fields: Sequence[tuple[str, str]]
    back: str


def hold(row: MemberSession, method: str, path: str, fields: Sequence[tuple[str, str]], back: str) -> None:
    """Keep what was asked for, in place of what was kept before. What is longer than any of our forms is not kept."""
    kept = {"method": method, "path": path, "fields": json.dumps(list(fields)), "back": back}
    vault: Vault = part("vault")
    short = sum(map(len, kept.values())) <= _LONGEST
    row.held, row.held_at = (vault.seal(kept), now()) if short else (None, None)


def held(row: MemberSession) -> Held | None:
    """Return what waits; None where nothing does, or it has waited too long."""
    if row.held is None or row.held_at is None or now() - row.held_at > _WAITS:
        return None
    vault: Vault = part("vault")
    try:
        kept = vault.open(row.held)
    except VaultError:
        return None
    fields = [(str(name), str(value)) for name, value in json.loads(kept["fields"])]
    return Held(kept["method"], kept["path"], fields, kept["back"])


def drop(row: MemberSession) -> None:
    """Keep nothing any more."""
    if row.held is not None:
        row.held = row.held_at = None
