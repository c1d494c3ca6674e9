"""Encryption of a stream in pieces, so that a change, a piece left out and a shortened file are all noticed.

A file begins in the clear: eight letters, the format's number, a salt, and a mark that tells a wrong key from a damaged
file. Then pieces of one MiB, each sealed by AES-256-GCM; the key comes from BACKUP_KEY and the salt by scrypt, so it is
another one for each file. A piece's nonce is its number and whether it is the last: no piece passes for another, and a
file that ends early has no last one.
"""

import hmac
import secrets
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from healthberry.backup.errors import BackupError, Damaged

MAGIC = b"HBBACKUP"
FORMAT = 2
# What scrypt is asked for in each format: the memory as a power of two (OWASP asks for 2^17), and how often.
_COST = {1: 2**16, 2: 2**17}
PIECE_BYTES = 1024 * 1024
_SALT_BYTES = _MARK_BYTES = _TAG_BYTES = 16
_HEAD_BYTES = len(MAGIC) + 2 + _SALT_BYTES
_CHANGED = "The file is damaged or was changed: it is not what was written. Use another backup."
_SHORT = "The file ends too early: a part of it is missing. Use another backup."


class Sealer:
    """Takes bytes, writes them sealed to `file`; `finish` writes the last piece, without which nobody reads it."""

    def __init__(self, file: IO[bytes], passphrase: str) -> None:
        head = MAGIC + FORMAT.to_bytes(2, "big") + secrets.token_bytes(_SALT_BYTES)
        self._key, mark = _derived(passphrase, head)
        self._file, self._head, self._number, self._waiting = file, head + mark, 0, bytearray()
        file.write(self._head)

    def write(self, data: bytes) -> None:
        """Seal `data`, of any length; what does not fill a piece waits for more."""
        self._waiting += data
        # The last piece is known by being the last: one full piece always waits.
        while len(self._waiting) > PIECE_BYTES:
            self._seal(bytes(self._waiting[:PIECE_BYTES]), last=False)
            del self._waiting[:PIECE_BYTES]

    def finish(self) -> None:
        """Write the last piece."""
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _seal(self, piece: bytes, *, last: bool) -> None:
        self._file.write(self._key.encrypt(_nonce(self._number, last=last), piece, self._head))
        self._number += 1


class Opener:
    """Gives back, piece by piece, what a `Sealer` wrote. Raises: BackupError for another key, another format or no
    backup at all; Damaged.
    """

    def __init__(self, file: IO[bytes], passphrase: str) -> None:
        head = file.read(_HEAD_BYTES)
        self._check(head)
        self._key, mark = _derived(passphrase, head)
        if not hmac.compare_digest(mark, file.read(_MARK_BYTES)):
            raise BackupError("BACKUP_KEY is not the one that this file was sealed with, or its beginning was changed.")
        self._file, self._head, self._number, self._last = file, head + mark, 0, False
        self._next = file.read(PIECE_BYTES + _TAG_BYTES)

    def read_piece(self) -> bytes | None:
        """Return the next piece, None after the last one. Raises: Damaged."""
        if self._last:
            return None
        sealed, self._next = self._next, self._file.read(PIECE_BYTES + _TAG_BYTES)
        self._last = not self._next
        opened = self._open(sealed, last=self._last)
        if opened is None:
            raise Damaged(_SHORT if self._last and self._was_cut(sealed) else _CHANGED)
        self._number += 1
        return opened

    def _open(self, sealed: bytes, *, last: bool) -> bytes | None:
        try:
            return self._key.decrypt(_nonce(self._number, last=last), sealed, self._head)
        except (InvalidTag, ValueError):
            return None

    def _was_cut(self, sealed: bytes) -> bool:
        """Whether the file ends where a piece that is not the last one ends, or within a piece."""
        whole = len(sealed) == PIECE_BYTES + _TAG_BYTES
        return not sealed or (whole and self._open(sealed, last=False) is not None)

    @staticmethod
    def _check(head: bytes) -> None:
        if not head.startswith(MAGIC):
            raise BackupError("This file is no backup of HealthBerry.")
        if len(head) < _HEAD_BYTES:
            raise Damaged(_SHORT)
        number = int.from_bytes(head[len(MAGIC) : len(MAGIC) + 2], "big")
        if number not in _COST:
            raise BackupError(
                f"This file has format {number}; this version of HealthBerry reads formats 1 to {FORMAT}."
            )


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _derived(passphrase: str, head: bytes) -> tuple[AESGCM, bytes]:
    """Return the file's key and the mark by which a wrong one is known; about a fifth of a second, 128 MiB."""
    salt, number = head[-_SALT_BYTES:], int.from_bytes(head[len(MAGIC) : len(MAGIC) + 2], "big")
    made = Scrypt(salt=salt, length=64, n=_COST[number], r=8, p=1).derive(passphrase.encode())
    return AESGCM(made[:32]), hmac.digest(made[32:], head, "sha256")[:_MARK_BYTES]
