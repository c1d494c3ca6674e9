"""The files that the register is built from: where they lie, how they are written, and which day they describe."""

import csv
import gzip
import io
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class Source:
    """One file: its path below the source folder, the day it describes, its encoding and its separator."""

    path: str
    as_of: date
    encoding: str = "utf-8-sig"
    separator: str = ","


# Source: the publishers' own dates where a file carries one, else the newest date inside it. A half-known date is
# taken as its first day, so that an entry never looks fresher than it is.
SOURCES: Final[dict[str, Source]] = {
    "etr": Source("etr.csv", date(2026, 7, 1)),
    "trust_urls": Source("trust_urls.csv", date(2026, 8, 1)),
    "icb_urls": Source("icb_urls.csv", date(2026, 8, 1)),
    "icb_2024": Source("icb_names_codes_dec_2024.csv", date(2024, 12, 1)),
    "eccg": Source("eccg.csv", date(2025, 10, 1)),
    "epraccur": Source("epraccur.csv.gz", date(2025, 6, 1)),
    "edispensary": Source("edispensary.csv.gz", date(2025, 4, 1)),
    "egdpprac": Source("egdpprac.csv.gz", date(2024, 5, 1)),
    "ets": Source("ets.csv.gz", date(2023, 5, 1)),
    "eric": Source("eric.csv.gz", date(2023, 4, 1)),
    "hospitals": Source("Hospital.csv", date(2020, 1, 1), "cp1252", "~"),
    "rtt": Source("rtt_providers_2026-04.csv", date(2026, 4, 1)),
    "wales": Source("wales_health_boards.csv", date(2021, 1, 1)),
    "nhsuk_trust": Source("nhsuk_2014/Trust.csv.gz", date(2014, 1, 1), "latin-1", "¬"),
    "nhsuk_scp": Source("nhsuk_2014/SCP.csv.gz", date(2014, 1, 1), "latin-1", "¬"),
}

# The 2014 and 2020 lists of NHS.UK are not quoted: a quotation mark in them is part of a name.
_UNQUOTED: Final = frozenset("~¬")


class SourceMissing(Exception):
    """A file that the register is built from is not there, or is not what it should be."""


def read_lines(folder: Path, key: str) -> list[list[str]]:
    """Read the rows of a source, lines of comment left out, white space around every value removed.

    Raises: SourceMissing when the file is absent or cannot be decoded.
    """
    source = SOURCES[key]
    path = folder / source.path
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode(source.encoding)
    except (OSError, UnicodeDecodeError, EOFError) as error:
        raise SourceMissing(f"{source.path}: {error}") from error
    return parse(text, source.separator)


def read_records(folder: Path, key: str) -> list[dict[str, str]]:
    """Read a source whose first row names the columns, as one dict a row.

    Raises: SourceMissing as `read_lines`, and for a file without any row.
    """
    header, *rows = read_lines(folder, key) or [[]]
    if not header:
        raise SourceMissing(f"{SOURCES[key].path}: empty")
    return [dict(zip(header, row, strict=False)) for row in rows]


def parse(text: str, separator: str = ",") -> list[list[str]]:
    """Split delimited text into rows of trimmed values; lines that begin with "#" and empty ones are left out."""
    # NUL stops the reader, and no name contains it.
    lines = io.StringIO(text.replace("\0", ""), newline="")
    if separator in _UNQUOTED:
        rows = csv.reader(lines, delimiter=separator, quoting=csv.QUOTE_NONE)
    else:
        rows = csv.reader(lines, delimiter=separator)
    return [[value.strip() for value in row] for row in rows if row and not row[0].startswith("#")]
