"""Many lists into one register: one entry a code, newest facts first, doubles dropped, successions followed."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from healthberry.register.entries import Entry
from healthberry.register.kinds import SITE_KINDS
from healthberry.register.words import fold, key

_LEGAL: Final = re.compile(r"\b(?:limited|ltd|plc|llp|cic|community interest company)\b")


def combine(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Join entries of the same code: the newest source gives the facts, older ones fill gaps and former names."""
    by_code: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_code[entry.ods_code].append(entry)
    return {code: _joined(sorted(same, key=lambda entry: entry.source_as_of)) for code, same in by_code.items()}


def _joined(same: list[Entry]) -> Entry:
    *older, newest = same
    for entry in reversed(older):
        newest = _filled(newest, entry)
    return newest


def _filled(newer: Entry, older: Entry) -> Entry:
    former = list(newer.former_names)
    short = list(newer.short_names)
    if _differs(newer.name, older.name):
        # A site's name is written differently by every list; an organisation's changes by decision.
        (short if newer.kind in SITE_KINDS else former).append(older.name)
    return replace(
        newer,
        parent_code=newer.parent_code or older.parent_code,
        street=newer.street or older.street,
        town=newer.town or older.town,
        postcode=newer.postcode or older.postcode,
        nation=newer.nation or older.nation,
        web_domain=newer.web_domain or older.web_domain,
        opened_on=newer.opened_on or older.opened_on,
        closed_on=newer.closed_on or older.closed_on,
        former_names=_once(newer.name, [*former, *older.former_names]),
        short_names=_once(newer.name, [*short, *older.short_names]),
        predecessor_codes=tuple(dict.fromkeys((*newer.predecessor_codes, *older.predecessor_codes))),
    )


def _differs(one: str, other: str) -> bool:
    return _LEGAL.sub("", key(one)).split() != _LEGAL.sub("", key(other)).split()


def _once(name: str, others: Iterable[str]) -> tuple[str, ...]:
    seen = {key(name)}
    kept = []
    for other in others:
        if key(other) not in seen:
            seen.add(key(other))
            kept.append(other)
    return tuple(kept)


def succeed(register: dict[str, Entry], pairs: Iterable[tuple[str, str]]) -> None:
    """Write who follows whom into both entries, and let children of a closed parent follow its one successor.

    A successor that closed in its turn is replaced by those who followed it: what closed leads to who is there now.
    Pairs of which a code is unknown are left out. What has a successor and no closing day is closed the day before
    the successor opened, or on the day the successor's source describes.
    """
    known = {pair for pair in pairs if pair[0] in register and pair[1] in register}
    known |= {(old, new) for new, entry in register.items() for old in entry.predecessor_codes if old in register}
    after: defaultdict[str, list[str]] = defaultdict(list)
    before: defaultdict[str, list[str]] = defaultdict(list)
    for old, new in sorted(known):
        after[old].append(new)
        before[new].append(old)
    for code, codes in after.items():
        closed = register[code].closed_on or _day_before(register[codes[0]], register[code])
        register[code] = replace(register[code], successor_codes=tuple(codes), closed_on=closed)
    for code, codes in before.items():
        register[code] = replace(register[code], predecessor_codes=tuple(codes))
    for code in after:
        register[code] = replace(register[code], successor_codes=heirs(register, code))
    for code, entry in register.items():
        parent = current(register, entry.parent_code)
        if parent != entry.parent_code:
            register[code] = replace(entry, parent_code=parent)


def _day_before(successor: Entry, entry: Entry) -> date:
    if successor.opened_on and successor.opened_on > entry.source_as_of:
        return successor.opened_on - timedelta(days=1)
    return successor.source_as_of


def current(register: Mapping[str, Entry], code: str) -> str:
    """Follow successions while there is exactly one successor; a code that split or goes on stays as it is."""
    seen = set()
    while code in register and len(register[code].successor_codes) == 1 and code not in seen:
        seen.add(code)
        code = register[code].successor_codes[0]
    return code


def heirs(register: Mapping[str, Entry], code: str) -> tuple[str, ...]:
    """Return the open ones that a closed code became, through any number of mergers and splits.

    Where none of them is open any more, it is the direct successors.
    """
    seen, waiting, found = {code}, [*register[code].successor_codes], []
    while waiting:
        heir = waiting.pop(0)
        if heir in seen or heir not in register:
            continue
        seen.add(heir)
        if register[heir].closed_on is None:
            found.append(heir)
        waiting += register[heir].successor_codes if register[heir].closed_on else ()
    return tuple(sorted(found)) or register[code].successor_codes


def doubles(register: Mapping[str, Entry], weaker: str) -> list[str]:
    """List open entries of the source `weaker` of which another source has the same name at the same postcode."""
    stronger = {place_of(entry) for entry in register.values() if entry.source != weaker and entry.postcode}
    return [code for code, entry in register.items() if entry.source == weaker and place_of(entry) in stronger]


def recoded_sites(register: Mapping[str, Entry]) -> list[tuple[str, str]]:
    """Pair hospitals of an older list with the site of the same name or place that has another code by now.

    A site gets a new code when its trust merges. Only sites whose own trust closed are looked at; the new site must
    belong to the successor and share the postcode, and the one with the likest name is taken.
    """
    at: defaultdict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in register.values():
        if entry.source in ("ets", "eric") and entry.kind in SITE_KINDS:
            at[current(register, entry.parent_code), entry.postcode].append(entry)
    pairs = []
    for entry in register.values():
        moved = current(register, entry.parent_code)
        if entry.source == "hospitals" and entry.postcode and not entry.ods_code.startswith(moved):
            likeness = [(_shared(entry, other), other.ods_code) for other in at[moved, entry.postcode]]
            best = max(likeness, default=(0, ""))
            if best[0] >= 2:
                pairs.append((entry.ods_code, best[1]))
    return pairs


def _shared(one: Entry, other: Entry) -> int:
    return len(set(fold(one.name).split()) & set(fold(other.name).split()))


def place_of(entry: Entry) -> tuple[str, str]:
    """Return (name without its legal form, postcode): the same for the same provider under two codes."""
    return " ".join(_LEGAL.sub("", key(entry.name)).split()), entry.postcode
