"""Rows of the headerless ODS exports, and the entries that they become.

Source: the layout is that of the ODS predefined reports (27 columns, no header, capitals, dates as YYYYMMDD), which
are the same in the files of old and in the Data Search and Export service.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from healthberry.register import places
from healthberry.register.entries import Entry
from healthberry.register.names import proper_case

COLUMNS: Final = 27
# Prescribing settings of epraccur that people can leave feedback about; the others are departments and clinics.
_SETTINGS: Final = {
    "4": "gp_practice",
    "1": "walk_in_centre",
    "12": "walk_in_centre",
    "2": "out_of_hours",
    "13": "hospice",
    "14": "care_home",
}
_WALES: Final = "W00"


@dataclass(frozen=True, slots=True)
class OdsRow:
    """The columns of an ODS export that the register uses; texts as they stand there."""

    code: str
    name: str
    region: str
    icb: str
    lines: tuple[str, ...]
    postcode: str
    opened: date | None
    closed: date | None
    status: str
    subtype: str
    parent: str
    area: str
    setting: str

    @property
    def town_column(self) -> str:
        """The fourth address line, which most exports keep for the town."""
        return self.lines[3]

    def is_open(self, on: date) -> bool:
        """Tell whether the row describes an open provider on that day; dormant and proposed ones are not open."""
        return self.status in ("", "A") and (self.closed is None or self.closed > on)


def ods_rows(rows: Iterable[Sequence[str]]) -> list[OdsRow]:
    """Turn split lines into rows; lines with fewer columns or no code are left out."""
    return [_row(line) for line in rows if len(line) >= COLUMNS - 1 and line[0]]


def _row(line: Sequence[str]) -> OdsRow:
    return OdsRow(
        code=line[0].upper(),
        name=line[1],
        region=line[2],
        icb=line[3],
        lines=tuple(line[4:9]),
        postcode=places.postcode(line[9]),
        opened=_date(line[10]),
        closed=_date(line[11]),
        status=line[12],
        subtype=line[13],
        parent=line[14],
        area=line[23],
        setting=line[25],
    )


def _date(text: str) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8])) if len(text) == 8 else None
    except ValueError:
        return None


def _trust(row: OdsRow) -> tuple[str, str] | None:
    return "trust", "" if row.region == _WALES else row.icb


def _commissioner(row: OdsRow) -> tuple[str, str] | None:
    if "RO319" in row.subtype or "RO327" in row.subtype:
        return "sub_icb", row.icb
    return None if row.subtype else ("ccg", "")


def _prescriber(row: OdsRow) -> tuple[str, str] | None:
    kind = _SETTINGS.get(row.setting)
    return (kind, row.parent) if kind else None


def _icb(row: OdsRow) -> tuple[str, str] | None:
    is_board = "RO318" in row.subtype or row.name.endswith("INTEGRATED CARE BOARD")
    return ("icb", "") if is_board else None


def _site(row: OdsRow) -> tuple[str, str] | None:
    return ("nhs_hospital" if "HOSPITAL" in row.name else "trust_site"), row.parent


def _independent_site(row: OdsRow) -> tuple[str, str] | None:
    return ("independent_hospital" if "HOSPITAL" in row.name else "independent_provider"), row.parent


# What a row of each report is: its kind and the code of its parent, or None for rows that are no provider of ours.
REPORTS: Final[dict[str, Callable[[OdsRow], tuple[str, str] | None]]] = {
    "etr": _trust,
    "ect": _trust,
    "eother": _icb,
    "eccg": _commissioner,
    "wlhb": lambda row: ("health_board", ""),
    "epraccur": _prescriber,
    "edispensary": lambda row: ("pharmacy", row.area if row.region == _WALES else row.icb),
    "egdpprac": lambda row: ("dental_practice", row.parent),
    "ets": _site,
    "ehospice": lambda row: ("hospice", ""),
    "ephp": lambda row: ("independent_provider", ""),
    "ephpsite": _independent_site,
    "ecarehomehq": lambda row: ("social_care", ""),
}
# These two fill the address from the top, so that the town stands in any line; the others keep line four for it.
_FREE_TOWN: Final = frozenset({"epraccur", "edispensary"})


def entry_of(report: str, row: OdsRow, towns: places.Towns, as_of: date) -> Entry | None:
    """Make the entry of one row of a report, open or closed; None where the row is no provider of ours.

    A closing day after `as_of` is not taken over yet.
    """
    what = REPORTS[report](row)
    if what is None:
        return None
    town, street = _place(report, row, towns)
    closed = None if row.is_open(as_of) else min(row.closed or as_of, as_of)
    return Entry(
        ods_code=row.code,
        name=proper_case(row.name),
        kind=what[0],
        source=report,
        source_as_of=as_of,
        parent_code=what[1],
        street=proper_case(street),
        town=proper_case(town),
        postcode=row.postcode,
        nation=places.nation(row.postcode, row.region),
        opened_on=row.opened,
        closed_on=closed,
    )


def _place(report: str, row: OdsRow, towns: places.Towns) -> tuple[str, str]:
    lines = [line for line in row.lines if line and line != row.name]
    if report not in _FREE_TOWN and row.town_column:
        return row.town_column, ", ".join(line for line in row.lines[:3] if line and line != row.name)
    return towns.pick(lines, row.postcode)
