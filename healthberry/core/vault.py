"""Secrets at rest: a channel's tokens are sealed before they reach the database."""

import json
from collections.abc import Mapping, Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class VaultError(Exception):
    """A sealed secret can't be opened with any of the keys in the settings."""


class Vault:
    """Seals with the first key, opens with any.

    Put a new key first, run `healthberry secrets rotate`, drop the old one.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, secrets: Mapping[str, str]) -> bytes:
        """Return `secrets` encrypted and signed."""
        return self._fernet.encrypt(json.dumps(dict(secrets)).encode())

    def open(self, sealed: bytes | None) -> dict[str, str]:
        """Return the secrets in `sealed`, {} for None. Raises: VaultError."""
        if sealed is None:
            return {}
        try:
            opened: dict[str, str] = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken as error:
            raise VaultError("sealed with a key that the settings do not hold") from error
        return opened

    def rotate(self, sealed: bytes) -> bytes:
        """Return the same secrets sealed with the first key. Raises: VaultError."""
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken as error:
            raise VaultError("sealed with a key that the settings do not hold") from error
