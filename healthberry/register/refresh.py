"""Bring a loaded register up to date with the current ODS exports."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Final

import httpx
from sqlalchemy import Connection, text

from healthberry.register import merge, places, store
from healthberry.register.entries import Entry
from healthberry.register.exports import BASE_URL, Exports, RefreshFailed, fetch
from healthberry.register.kinds import SITE_KINDS
from healthberry.register.ods import entry_of
from healthberry.register.words import key

__all__ = ["BASE_URL", "RefreshFailed", "RefreshReport", "apply", "refresh"]

# An export from which more than this share of what we know is missing is taken for broken, not for news.
_MAY_VANISH: Final = 0.1
_KIND_FOLLOWS: Final = frozenset({"eccg", "epraccur", "eother"})


@dataclass(frozen=True, slots=True)
class RefreshReport:
    """What a refresh changed: codes added, closed and reopened, renamed (code, old, new), merged (old, new)."""

    added: tuple[str, ...]
    closed: tuple[str, ...]
    reopened: tuple[str, ...]
    renamed: tuple[tuple[str, str, str], ...]
    merged: tuple[tuple[str, str], ...]
    rows_written: int
    open: int

    def __str__(self) -> str:
        return (
            f"{len(self.added)} added, {len(self.closed)} closed, {len(self.reopened)} reopened, "
            f"{len(self.renamed)} renamed, {len(self.merged)} merged; {self.open} open providers"
        )


def refresh(
    connection: Connection, client: httpx.Client, base_url: str = BASE_URL, *, today: date | None = None
) -> RefreshReport:
    """Fetch the current exports and apply them, inside the caller's transaction; a second call finds nothing new.

    Everything is fetched and checked before the first row is written. Only the register is touched: organisations
    that signed up keep what they have. Names that change stay searchable as former names, and nothing is deleted.

    Raises: RefreshFailed when an export is missing, broken or suspiciously small, or no register is loaded yet.
    """
    exports = fetch(client, base_url)
    with connection.begin_nested():
        return apply(connection, exports, today or datetime.now(UTC).date())


def apply(connection: Connection, exports: Exports, today: date) -> RefreshReport:
    """Apply exports that were fetched; the part of `refresh` that needs no network.

    Raises: RefreshFailed as `refresh`.
    """
    store.lock(connection)
    before = store.all_entries(connection)
    if not before:
        raise RefreshFailed("no register is loaded yet")
    after = dict(before)
    towns = places.Towns((entry.town.upper(), entry.postcode) for entry in before.values())
    merging = {line.predecessor for line in exports.successions}
    for report, rows in exports.rows.items():
        found = [entry for row in rows if (entry := entry_of(report, row, towns, today)) is not None]
        _apply_report(after, found, merging)
        _close_vanished(after, before, report, {row.code for row in rows}, today)
    _follow(after, exports, today)
    _replace_listed_2014(after, before, today)
    written = store.put(connection, (entry for code, entry in after.items() if entry != before.get(code)))
    store.index_words(connection)
    _, still_open = store.counts(connection)
    connection.execute(
        text("UPDATE register_versions SET open_count = :open, total_count = :total, refreshed_at = now()"),
        {"open": still_open, "total": len(after)},
    )
    return _compared(before, after, written, still_open)


def _apply_report(after: dict[str, Entry], found: list[Entry], merging: set[str]) -> None:
    """Take over what one report says of known providers, and add new ones: open, or closed and merged into others.

    Of new sites only those are taken that replace one of ours under a new code: the others are single teams and
    clinics that trusts hold in each other's houses, by the thousand.
    """
    given_up = {_house(new): new.ods_code for new in found if new.closed_on and _is_open_site(after.get(new.ods_code))}
    for new in found:
        known = after.get(new.ods_code)
        if known is not None:
            after[new.ods_code] = _updated(known, new, after)
        elif new.source == "ets":
            old = given_up.get(_house(new))
            if old and new.closed_on is None:
                after[new.ods_code] = replace(new, kind=after[old].kind, predecessor_codes=(old,))
        elif new.closed_on is None or new.ods_code in merging:
            after[new.ods_code] = new


def _house(site: Entry) -> tuple[str, str]:
    return key(site.name), site.postcode


def _is_open_site(entry: Entry | None) -> bool:
    return entry is not None and entry.kind in SITE_KINDS and entry.closed_on is None


def _close_vanished(
    after: dict[str, Entry], before: dict[str, Entry], report: str, codes: set[str], today: date
) -> None:
    """Close what came from a report and is not in it any more; too much of it means that the report is broken."""
    ours = [entry for entry in before.values() if entry.source == report and entry.closed_on is None]
    vanished = [entry.ods_code for entry in ours if entry.ods_code not in codes]
    if len(vanished) > _MAY_VANISH * len(ours):
        raise RefreshFailed(f"{len(vanished)} of {len(ours)} open providers are missing from the report {report!r}")
    for code in vanished:
        after[code] = replace(after[code], closed_on=today)


def _updated(known: Entry, new: Entry, register: dict[str, Entry]) -> Entry:
    # ODS may be behind a name that we know already, and writes some in short: "University LHB".
    names = {key(name) for name in (known.name, *known.short_names, *known.former_names)}
    renamed = known.kind not in SITE_KINDS and key(new.name) not in names
    return replace(
        known,
        name=new.name if renamed else known.name,
        former_names=_former(known, new) if renamed else known.former_names,
        kind=new.kind if new.source in _KIND_FOLLOWS else known.kind,
        parent_code=new.parent_code if new.parent_code in register else known.parent_code,
        street=new.street or known.street,
        town=new.town or known.town,
        postcode=new.postcode or known.postcode,
        nation=new.nation,
        opened_on=new.opened_on or known.opened_on,
        closed_on=None if new.closed_on is None else known.closed_on or new.closed_on,
        source=new.source,
        source_as_of=new.source_as_of,
    )


def _former(known: Entry, new: Entry) -> tuple[str, ...]:
    names = {key(name): name for name in (known.name, *known.former_names) if key(name) != key(new.name)}
    return tuple(names.values())


def _follow(register: dict[str, Entry], exports: Exports, today: date) -> None:
    """Write successions of providers that closed; one that is still open keeps its own life."""
    pairs = [
        (line.predecessor, line.successor)
        for line in exports.successions
        if line.since <= today and line.predecessor in register and register[line.predecessor].closed_on
    ]
    merge.succeed(register, pairs)


def _replace_listed_2014(after: dict[str, Entry], before: dict[str, Entry], today: date) -> None:
    """Close social-care providers of the 2014 list that now have a current entry of the same name and place."""
    added = {merge.place_of(entry): code for code, entry in after.items() if code not in before}
    for code, entry in before.items():
        current = added.get(merge.place_of(entry)) if entry.source == "nhsuk_scp" and not entry.closed_on else None
        if current:
            after[code] = replace(entry, closed_on=today, successor_codes=(current,))
            predecessors = dict.fromkeys((*after[current].predecessor_codes, code))
            after[current] = replace(after[current], predecessor_codes=tuple(predecessors))


def _compared(before: dict[str, Entry], after: dict[str, Entry], written: int, still_open: int) -> RefreshReport:
    both = [(before[code], entry) for code, entry in after.items() if code in before]
    return RefreshReport(
        added=_codes(entry for code, entry in after.items() if code not in before),
        closed=_codes(new for old, new in both if new.closed_on and not old.closed_on),
        reopened=_codes(new for old, new in both if old.closed_on and not new.closed_on),
        renamed=tuple((new.ods_code, old.name, new.name) for old, new in both if old.name != new.name),
        merged=tuple(
            (new.ods_code, code) for old, new in both for code in new.successor_codes if code not in old.successor_codes
        ),
        rows_written=written,
        open=still_open,
    )


def _codes(entries: Iterable[Entry]) -> tuple[str, ...]:
    return tuple(sorted(entry.ods_code for entry in entries))
