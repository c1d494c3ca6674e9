"""Files that people upload: what an importer says and asks of one, and what it reads out of it.

An importer is stateless, like its connector, and is given the whole file each time. It never guesses where a file can
be read in two ways: it asks. A kind that takes tables derives from `TableImporter` (table_importer.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from healthberry.connectors.capabilities import Field
from healthberry.connectors.items import InboundItem


@dataclass(frozen=True)
class Upload:
    """A file as it was uploaded; `name` is what its owner called it, never a path."""

    name: str
    content: bytes


@dataclass(frozen=True)
class FileLook:
    """What a file is, in a sentence, and what has to be known before it can be read: columns, and what is ambiguous.

    Each question is a choice; one with a `default` was answered by the file's own words, and can be changed.
    """

    says: str
    questions: tuple[Field, ...] = ()


@dataclass(frozen=True)
class ReadRow:
    """One piece of a file: an item, or the reason for people why there is none.

    `place` says where it stands ("Row 7"). `period` is the day and unit that it belongs to, where an export of the same
    days may come again and nothing but the words tells rows apart; "" where ids do.
    """

    place: str
    item: InboundItem | None = None
    reason: str = ""
    period: str = ""


@dataclass(frozen=True)
class UnitCounts:
    """How many people of one unit gave each of the six answers in a month; None where the counts are suppressed.

    `month` is "YYYY-MM", `service` which survey it was (inpatient), `level` what `code` names: icb, trust, site, ward.
    """

    month: str
    service: str
    level: str
    code: str
    name: str
    answers: tuple[int, int, int, int, int, int] | None


@dataclass(frozen=True)
class FileReading:
    """All that a file holds, in its order. `archived`: nobody has to act on it any more. `notes` are sentences."""

    rows: Sequence[ReadRow] = ()
    counts: Sequence[UnitCounts] = ()
    notes: Sequence[str] = ()
    archived: bool = False


class Importer(Protocol):
    """Reads the uploaded files of one kind of channel."""

    def look(self, upload: Upload, answers: Mapping[str, str]) -> FileLook:
        """Say what the file is, and ask what is not known with these answers. Raises: NotImported."""
        ...

    def read(self, upload: Upload, answers: Mapping[str, str]) -> FileReading:
        """Read the file, once every required question of `look` is answered. Raises: NotImported."""
        ...
