"""Entries from the lists that are not ODS exports: web addresses, estates return, hospitals, waiting times, 2014."""

import re
from datetime import date
from pathlib import Path

from healthberry.register import places
from healthberry.register.domains import web_domain
from healthberry.register.entries import Entry
from healthberry.register.names import proper_case
from healthberry.register.sources import SOURCES, read_records
from healthberry.register.trust_names import OtherNames
from healthberry.register.words import fold


def trusts(folder: Path) -> list[Entry]:
    """Read the list of trusts with their web domains and other names; codes that merged into them included."""
    rows = read_records(folder, "trust_urls")
    owned = {web_domain(row["url"]) for row in rows if not row["group_board_url"]}
    names = OtherNames(rows)
    return [_trust(row, owned, names) for row in rows]


def _trust(row: dict[str, str], owned: set[str], names: OtherNames) -> Entry:
    domain = web_domain(row["url"])
    formal, short = names.of(row)
    return Entry(
        ods_code=row["ods_code"],
        name=row["name"],
        kind="trust",
        source="trust_urls",
        source_as_of=SOURCES["trust_urls"].as_of,
        nation="England",
        # A trust that publishes its papers on the pages of its group shows the host of another trust, not its own.
        web_domain="" if row["group_board_url"] and domain in owned else domain,
        former_names=formal,
        short_names=short,
        predecessor_codes=_codes(row["predecessor_codes"]),
    )


def boards(folder: Path) -> list[Entry]:
    """Read the integrated care boards of today, and those of December 2024 that have merged since, as closed."""
    now = [_board(row) for row in read_records(folder, "icb_urls")]
    merged = {code for entry in now for code in entry.predecessor_codes}
    today = {entry.ods_code for entry in now}
    for row in read_records(folder, "icb_2024"):
        code = row["ICB24CDH"]
        if code not in today:
            now.append(
                Entry(
                    ods_code=code,
                    name=row["ICB24NM"],
                    kind="icb",
                    source="icb_2024",
                    source_as_of=SOURCES["icb_2024"].as_of,
                    nation="England",
                    short_names=(_everyday(row["ICB24NM"]),),
                    # Of one that merged, the successor's opening says when.
                    closed_on=None if code in merged else SOURCES["icb_urls"].as_of,
                )
            )
    return now


def _board(row: dict[str, str]) -> Entry:
    plain = row["name"].removesuffix(" ICB")
    merged = row["merger_date"]
    return Entry(
        ods_code=row["ods_code"],
        name=f"NHS {plain} Integrated Care Board",
        kind="icb",
        source="icb_urls",
        source_as_of=SOURCES["icb_urls"].as_of,
        nation="England",
        web_domain=web_domain(row["url_root"] or row["url"]),
        short_names=(row["name"], *filter(None, row["alt_names"].split(";"))),
        predecessor_codes=_codes(row["predecessor_codes"]),
        opened_on=date.fromisoformat(merged) if merged else None,
    )


def _everyday(name: str) -> str:
    return name.removeprefix("NHS ").replace("Integrated Care Board", "ICB")


def health_boards(folder: Path) -> list[Entry]:
    """Read the seven local health boards of Wales."""
    key = "wales"
    return [
        Entry(
            ods_code=row["Health Board code"],
            name=row["Health Board"].replace("Local Health Board", "Health Board"),
            kind="health_board",
            source=key,
            source_as_of=SOURCES[key].as_of,
            postcode=places.postcode(row["Postcode"]),
            nation="Wales",
            web_domain=web_domain(row["URL"]),
            short_names=(row["Health Board"], row["Health Board"].replace("Local Health Board", "LHB")),
        )
        for row in read_records(folder, key)
    ]


def site_types(folder: Path) -> dict[str, str]:
    """Read the estates return: site code to kind. Summary lines and empty buildings are left out."""
    kinds = {}
    for row in read_records(folder, "eric"):
        what = row["Site Type"].lower()
        if row["Site Code"].isalnum() and what != "unoccupied":
            bedded = "inpatient" in what.replace("non inpatient", "") or "hospital" in what or "mixed" in what
            kinds[row["Site Code"]] = "nhs_hospital" if bedded else "trust_site"
    return kinds


def hospitals(folder: Path) -> list[Entry]:
    """Read the hospitals of NHS.UK; whether one is of the NHS is settled later, by its parent."""
    key = "hospitals"
    return [
        Entry(
            ods_code=row["OrganisationCode"].upper(),
            name=proper_case(row["OrganisationName"]),
            kind="nhs_hospital" if row["Sector"] == "NHS Sector" else "independent_hospital",
            source=key,
            source_as_of=SOURCES[key].as_of,
            parent_code=row["ParentODSCode"],
            street=proper_case(", ".join(filter(None, (row["Address1"], row["Address2"], row["Address3"])))),
            town=proper_case(row["City"]),
            postcode=places.postcode(row["Postcode"]),
            nation=places.nation(places.postcode(row["Postcode"])),
            web_domain=web_domain(row["Website"]),
        )
        for row in read_records(folder, key)
    ]


def hospital_owners(folder: Path) -> list[Entry]:
    """Read who runs the hospitals of NHS.UK, so that a parent which no other list knows still has a name."""
    key = "hospitals"
    names = {row["ParentODSCode"]: row["ParentName"] for row in read_records(folder, key) if row["ParentODSCode"]}
    return [_independent(code, name, key) for code, name in sorted(names.items())]


def waiting_time_providers(folder: Path) -> list[Entry]:
    """Read the independent providers that treated NHS patients lately, from the waiting-time extract."""
    key = "rtt"
    return [_independent(row["org_code"].upper(), row["org_name"], key) for row in read_records(folder, key)]


def _independent(code: str, name: str, key: str) -> Entry:
    if re.search(r"\bNHS\b.*\bTrust\b", name, re.IGNORECASE):
        kind = "trust"
    else:
        of_beds = len(code) > 3 and re.search(r"hospital\b", name, re.IGNORECASE)
        kind = "independent_hospital" if of_beds else "independent_provider"
    return Entry(code, proper_case(name), kind, key, SOURCES[key].as_of, nation="England")


def social_care(folder: Path) -> list[Entry]:
    """Read the social-care providers of 2014."""
    return [_listed_2014(row, "nhsuk_scp", "social_care") for row in read_records(folder, "nhsuk_scp")]


def providers_2014(folder: Path) -> list[Entry]:
    """Read the trusts and the independent and third-sector providers of 2014, as trusts and independent ones."""
    key = "nhsuk_trust"
    kinds = {"Independent": "independent_provider"}
    return [_listed_2014(row, key, kinds.get(row["SubType"], "trust")) for row in read_records(folder, key)]


def _listed_2014(row: dict[str, str], key: str, kind: str) -> Entry:
    return Entry(
        ods_code=row["OrganisationCode"].upper(),
        name=proper_case(row["OrganisationName"]),
        kind="hospice" if "hospice" in fold(row["OrganisationName"]) else kind,
        source=key,
        source_as_of=SOURCES[key].as_of,
        street=proper_case(", ".join(filter(None, (row["Address1"], row["Address2"], row["Address3"])))),
        town=proper_case(row["City"]),
        postcode=places.postcode(row["Postcode"]),
        nation=places.nation(places.postcode(row["Postcode"])),
    )


def _codes(text: str) -> tuple[str, ...]:
    return tuple(code.strip() for code in text.split(";") if code.strip())
