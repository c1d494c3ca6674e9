"""Build the register from the published files, as facts, and write the file that ships with the package."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Final

from healthberry.register import listed, merge, places, shipped
from healthberry.register.entries import Entry
from healthberry.register.names import proper_case
from healthberry.register.ods import OdsRow, entry_of, ods_rows
from healthberry.register.sources import SOURCES, parse, read_lines, read_records
from healthberry.register.words import fold

SHIPPED: Final = Path(__file__).parent / "data" / shipped.FILE_NAME
_EXPORTS: Final = ("etr", "eccg", "epraccur", "edispensary", "egdpprac")
_TRUST_CODE: Final = re.compile(r"[RT][A-Z0-9]{2}\Z")


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build wrote: entries in all, open ones, open ones by kind, doubles left out, and the size in bytes."""

    entries: int
    open: int
    open_by_kind: dict[str, int]
    doubles: int
    size_bytes: int


def build(source_dir: Path, target: Path) -> BuildReport:
    """Build the register from the folder of published files and write it to `target`; the same input, the same bytes.

    Raises: SourceMissing when a file is absent or unreadable.
    """
    register, left_out = gather(source_dir)
    size = shipped.write(register.values(), target)
    kinds = Counter(entry.kind for entry in register.values() if entry.closed_on is None)
    return BuildReport(len(register), kinds.total(), dict(sorted(kinds.items())), left_out, size)


def gather(folder: Path) -> tuple[dict[str, Entry], int]:
    """Read all sources and return (entries by code, number of doubles left out)."""
    rows = {key: ods_rows(read_lines(folder, key)) for key in (*_EXPORTS, "ets")}
    towns = _towns(folder, rows)
    organisations = [
        *_exported(rows, towns),
        *listed.trusts(folder),
        *listed.boards(folder),
        *listed.health_boards(folder),
    ]
    register = merge.combine(organisations)
    others = [
        *_sites(folder, rows["ets"], towns, register),
        *listed.providers_2014(folder),
        *listed.social_care(folder),
        *listed.waiting_time_providers(folder),
        *listed.hospital_owners(folder),
    ]
    register = merge.combine([*organisations, *(entry for entry in others if _belongs(entry, register))])
    merge.succeed(register, _pairs("succession.csv"))
    merge.succeed(register, merge.recoded_sites(register))
    doubles = merge.doubles(register, "nhsuk_scp")
    for code in doubles:
        del register[code]
    former = dict(_pairs("former_ccgs.csv"))
    wanted = {code: entry for code, entry in register.items() if _wanted(entry)}
    return {code: _settled(entry, wanted, towns, former) for code, entry in wanted.items()}, len(doubles)


def _exported(rows: dict[str, list[OdsRow]], towns: places.Towns) -> Iterable[Entry]:
    for key in _EXPORTS:
        for row in rows[key]:
            entry = entry_of(key, row, towns, SOURCES[key].as_of)
            if entry is not None:
                yield entry


def _sites(folder: Path, rows: list[OdsRow], towns: places.Towns, register: dict[str, Entry]) -> Iterable[Entry]:
    """Take the sites of trusts that the estates return or the list of hospitals knows; the rest are single teams."""
    hospitals = listed.hospitals(folder)
    types = listed.site_types(folder)
    known = {entry.ods_code for entry in hospitals} | types.keys()
    for row in rows:
        site = entry_of("ets", row, towns, SOURCES["ets"].as_of) if row.code in known else None
        if site is not None:
            kind = types.get(site.ods_code, "nhs_hospital")
            yield replace(site, kind="nhs_hospital" if "hospital" in fold(site.name) else kind)
    for entry in hospitals:
        of_trust = _TRUST_CODE.match(entry.parent_code) or entry.parent_code in register
        yield replace(entry, kind="nhs_hospital" if of_trust else "independent_hospital")


def _belongs(entry: Entry, organisations: dict[str, Entry]) -> bool:
    """Keep what is no organisation of the exports, and what adds older names and places to a trust of them."""
    known = organisations.get(entry.ods_code)
    return known is None or (known.kind == "trust" and entry.kind == "trust")


def _towns(folder: Path, rows: dict[str, list[OdsRow]]) -> places.Towns:
    sure = [(row.town_column, row.postcode) for key in ("egdpprac", "etr", "ets") for row in rows[key]]
    for key in ("hospitals", "nhsuk_scp"):
        sure += [(row["City"].upper(), places.postcode(row["Postcode"])) for row in read_records(folder, key)]
    return places.Towns(sure)


def _pairs(name: str) -> list[tuple[str, str]]:
    text = (resources.files("healthberry.register") / "data" / name).read_text("utf-8")
    return [(first, second) for first, second in parse(text)[1:]]


def _wanted(entry: Entry) -> bool:
    """Keep what is open, what has a successor, and every closed trust, board and commissioning group.

    A trust that only lists of long ago know, and that nobody is known to have taken over, is left out.
    """
    if entry.kind == "trust" and entry.source in ("hospitals", "nhsuk_trust"):
        return bool(entry.successor_codes)
    return entry.closed_on is None or bool(entry.successor_codes) or entry.kind in ("trust", "icb", "ccg")


def _settled(entry: Entry, register: dict[str, Entry], towns: places.Towns, former: dict[str, str]) -> Entry:
    """Finish an entry: no parent outside the register, a town for its postcode, the group a location used to be."""
    area = former.get(entry.ods_code) if entry.kind == "sub_icb" else None
    return replace(
        entry,
        parent_code=entry.parent_code if entry.parent_code in register else "",
        town=entry.town or proper_case(towns.of_postcode(entry.postcode)),
        former_names=(f"NHS {area} CCG", *entry.former_names) if area else entry.former_names,
    )
