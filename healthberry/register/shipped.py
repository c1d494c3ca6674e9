"""The file that ships with the package: three readable lines, then the entries as compressed columns.

The first line names the format, the second is the attribution that the licence asks for, the third is a JSON object
with what the file holds. Each column is one line of JSON, so that alike values lie together and compress well. The
same entries always give the same bytes.
"""

import hashlib
import json
import lzma
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

from healthberry.register.entries import ATTRIBUTION, Entry

FORMAT: Final = "HealthBerry register 1"
FILE_NAME: Final = "register.hbr"
_DATES: Final = frozenset({"source_as_of", "opened_on", "closed_on"})
_LISTS: Final = frozenset({"former_names", "short_names", "predecessor_codes", "successor_codes"})
_FILTERS: Final = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "lp": 0}]


class NotARegister(Exception):
    """The file is not a register that this version reads."""


@dataclass(frozen=True, slots=True)
class Shipped:
    """A register file that was read: its entries, the newest day it describes, and the SHA-256 of its bytes."""

    entries: list[Entry]
    as_of: date
    content_hash: str


def write(entries: Iterable[Entry], target: Path) -> int:
    """Write the entries in order of kind, place and code to `target`; return the size in bytes."""
    ordered = sorted(entries, key=lambda entry: (entry.kind, entry.source, entry.postcode, entry.ods_code))
    about = {
        "attribution": ATTRIBUTION,
        "entries": len(ordered),
        "as_of": max(entry.source_as_of for entry in ordered).isoformat(),
    }
    lines = [json.dumps(_column(ordered, field.name), ensure_ascii=False) for field in fields(Entry)]
    packed = lzma.compress("\n".join(lines).encode(), format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC64, filters=_FILTERS)
    head = "\n".join((FORMAT, ATTRIBUTION, json.dumps(about, sort_keys=True), ""))
    target.write_bytes(head.encode() + packed)
    return len(head.encode()) + len(packed)


def read(file: Path | Traversable | None = None) -> Shipped:
    """Read a register file, the one of this package when none is given.

    Raises: NotARegister when the file is of another format or damaged; OSError when it cannot be read.
    """
    raw = (file or shipped_file()).read_bytes()
    head, _, rest = raw.partition(b"\n")
    if head != FORMAT.encode():
        raise NotARegister(f"first line is not {FORMAT!r}")
    try:
        _, about, packed = rest.split(b"\n", 2)
        as_of = date.fromisoformat(json.loads(about)["as_of"])
        lines = lzma.decompress(packed).decode().split("\n")
        columns = [_values(field.name, json.loads(line)) for field, line in zip(fields(Entry), lines, strict=True)]
        entries = [Entry(*values) for values in zip(*columns, strict=True)]
    except (ValueError, KeyError, lzma.LZMAError) as error:
        raise NotARegister(str(error)) from error
    return Shipped(entries, as_of, hashlib.sha256(raw).hexdigest())


def fingerprint(file: Path | Traversable | None = None) -> str:
    """Return the SHA-256 of a register file without unpacking it."""
    return hashlib.sha256((file or shipped_file()).read_bytes()).hexdigest()


def shipped_file() -> Traversable:
    """Return the register file of this package."""
    return resources.files("healthberry.register") / "data" / FILE_NAME


def _column(entries: list[Entry], name: str) -> list[Any]:
    values = [getattr(entry, name) for entry in entries]
    if name in _DATES:
        return [value.isoformat() if value else "" for value in values]
    return ["|".join(value) for value in values] if name in _LISTS else values


def _values(name: str, column: list[str]) -> list[Any]:
    if name in _DATES:
        return [date.fromisoformat(value) if value else None for value in column]
    if name in _LISTS:
        return [tuple(value.split("|")) if value else () for value in column]
    return column
