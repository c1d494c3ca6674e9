"""What stands in a backup: the head, then each table's rows, then what there must have been, compressed and sealed.

A frame is a letter, a length and that many bytes: H the head (JSON), T the name of the table that follows, D whole rows
as PostgreSQL's COPY writes them, E the end (JSON): rows and mark of every table.
"""

import json
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import IO, Any

from healthberry.backup.errors import Damaged
from healthberry.backup.sealing import Opener, Sealer

_LEVEL = 3  # more would cost more time than it saves bytes
_HEAD_BYTES = 9
_MOST_AT_ONCE = 1024 * 1024


@dataclass(frozen=True)
class Head:
    """What a backup says of itself: which HealthBerry made it, of which schema, when; the columns of every table."""

    version: str
    revision: str
    taken_at: str
    server: str
    tables: dict[str, list[str]]
    sequences: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Counted:
    """The rows of one table: how many, and their mark (see `tables.Tally`)."""

    rows: int
    mark: str


class FrameWriter:
    """Writes frames to `file`; nothing counts before `finish`."""

    def __init__(self, file: IO[bytes], passphrase: str) -> None:
        self._sealer = Sealer(file, passphrase)
        self._packer = zlib.compressobj(_LEVEL)

    def head(self, head: Head) -> None:
        """Write what comes first."""
        self._frame(b"H", json.dumps(asdict(head)).encode())

    def table(self, name: str) -> None:
        """Say whose rows follow."""
        self._frame(b"T", name.encode())

    def rows(self, data: bytes) -> None:
        """Write whole rows."""
        self._frame(b"D", data)

    def finish(self, counted: dict[str, Counted]) -> None:
        """Write what there must have been, and the last piece."""
        self._frame(b"E", json.dumps({name: asdict(one) for name, one in counted.items()}).encode())
        self._sealer.write(self._packer.flush())
        self._sealer.finish()

    def _frame(self, kind: bytes, data: bytes) -> None:
        for part in (kind + len(data).to_bytes(8, "big"), data):
            self._sealer.write(self._packer.compress(part))


class FrameReader:
    """Reads frames in their order. `head` is read at once; `tables` gives the rest, and `counted` is there after it."""

    def __init__(self, file: IO[bytes], passphrase: str) -> None:
        self._opener = Opener(file, passphrase)
        self._unpacker = zlib.decompressobj()
        self._waiting = bytearray()
        kind, data = self._frame()
        if kind != b"H":
            raise Damaged("The file does not begin with a head.")
        self.head = Head(**json.loads(data))
        self.counted: dict[str, Counted] = {}

    def tables(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Yield each table's name and its rows in pieces of whole rows; what is not read of these is passed over.

        Raises: Damaged.
        """
        kind, data = self._frame()
        while kind == b"T":
            rest: list[tuple[bytes, bytes]] = []
            rows = self._rows(rest)
            yield data.decode(), rows
            for _ in rows:
                pass
            kind, data = rest[0]
        if kind != b"E" or self._waiting or self._more() or not self._unpacker.eof:
            raise Damaged("The file does not end where it should.")
        self.counted = {name: Counted(**one) for name, one in json.loads(data).items()}

    def _rows(self, rest: list[tuple[bytes, bytes]]) -> Iterator[bytes]:
        kind, data = self._frame()
        while kind == b"D":
            yield data
            kind, data = self._frame()
        rest.append((kind, data))

    def _frame(self) -> tuple[bytes, bytes]:
        head = self._take(_HEAD_BYTES)
        return head[:1], self._take(int.from_bytes(head[1:], "big"))

    def _take(self, size: int) -> bytes:
        while len(self._waiting) < size:
            if not (more := self._more()):
                raise Damaged("The file ends in the middle of a table.")
            self._waiting += more
        taken = bytes(self._waiting[:size])
        del self._waiting[:size]
        return taken

    def _more(self) -> bytes:
        """Return what comes next, b"" at the end of the file."""
        unpacked = self._unpacker.decompress(self._unpacker.unconsumed_tail, _MOST_AT_ONCE)
        while not unpacked:
            if (packed := self._opener.read_piece()) is None:
                return b""
            unpacked = self._unpacker.decompress(packed, _MOST_AT_ONCE)
        return unpacked
