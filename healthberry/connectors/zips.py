"""Opening ZIP archives that strangers made: size, number and ratio are checked before anything is unpacked.

No name in an archive is ever used as a path. The sizes that are checked are those of the archive's own list: `zipfile`
reads no more of an entry than stands there, so a list that lies is found out as a broken entry.
"""

import io
import zipfile
from typing import Final

from healthberry.connectors.errors import NotImported

_MOST_ENTRIES: Final = 20_000
_LARGEST_ENTRY: Final = 20 * 1024 * 1024
_HIGHEST_RATIO: Final = 200
_SMALL: Final = 1024 * 1024  # below this no ratio matters: long runs of spaces are common
BROKEN: Final = "This file is damaged: it cannot be unpacked. Download it again from where it came from."


def opened(content: bytes, *, largest: int, entries: int = _MOST_ENTRIES) -> zipfile.ZipFile:
    """Open an archive whose unpacked files are `largest` bytes at most in all. Raises: NotImported."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise NotImported(BROKEN) from error
    listed = archive.infolist()
    if len(listed) > entries:
        raise NotImported(f"This file holds {len(listed):,} files in itself; at most {entries:,} are taken.")
    if any(one.flag_bits & 1 for one in listed):
        raise NotImported("This file is locked with a password. Save it without one.")
    unpacked = sum(one.file_size for one in listed)
    if unpacked > largest:
        raise NotImported(f"Unpacked, this file would be larger than {largest // 1024 // 1024} MB.")
    if unpacked > _SMALL and unpacked > _HIGHEST_RATIO * len(content):
        raise NotImported("This file is packed so tightly that we do not open it: it may be made to do harm.")
    return archive


def text_of(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes | None:
    """Return an entry's bytes; None for one that is a folder, a link, too large or broken."""
    is_link = (entry.external_attr >> 16) & 0o170000 == 0o120000
    if entry.is_dir() or is_link or entry.file_size > _LARGEST_ENTRY:
        return None
    try:
        return archive.read(entry)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError):
        return None
    except Exception as error:  # zlib and lzma have errors of their own, and no common root
        if type(error).__module__ in ("zlib", "lzma", "_lzma"):
            return None
        raise
