"""Six digits that an authenticator app counts (RFC 6238), whoever's it is: made, looked at once, not to be guessed.

Every wrong try is counted in the app's own row: after five in a row nothing is looked at for a quarter of an hour.
"""

import hmac
from datetime import datetime, timedelta
from typing import Protocol

import pyotp

from healthberry.core.codes import Refused, TooMany
from healthberry.core.errors import Conflict
from healthberry.core.vault import Vault, VaultError
from healthberry.extensions import part
from healthberry.models.owned import now

MOST_TRIES = 5
_PAUSE = timedelta(minutes=15)
_STEP_SECONDS = 30
_DIGITS = 6


class App(Protocol):
    """The columns that a row about an app has; see models.sign_in.SecondStep."""

    sealed: bytes | None
    last_step: int
    confirmed_at: datetime | None
    wrong: int
    wrong_at: datetime | None


def begin(row: App) -> None:
    """Make a new secret; it counts once it is confirmed. Raises: Conflict where an app is in use."""
    if row.confirmed_at is not None:
        raise Conflict("You have set up an app already. Remove it first.")
    vault: Vault = part("vault")
    row.sealed, row.last_step = vault.seal({"secret": pyotp.random_base32()}), 0


def begun_secret(row: App | None) -> str | None:
    """Return the secret of an app that is being set up, for its owner alone; None where none is."""
    if row is None or row.sealed is None or row.confirmed_at is not None:
        return None
    return _secret(row) or None


def address_of(secret: str, whose: str) -> str:
    """Return what the app reads from the square: `otpauth://…`."""
    return pyotp.TOTP(secret).provisioning_uri(name=whose, issuer_name="HealthBerry")


def confirm(row: App, typed: str) -> None:
    """Take the app into use once it has shown the right digits. Raises: Refused, TooMany, Conflict."""
    if row.sealed is None or row.confirmed_at is not None:
        raise Conflict("Begin to set up the app again.")
    pause(row)
    if not uses(row, typed):
        count(row)
    row.wrong, row.confirmed_at = 0, now()


def uses(row: App, typed: str) -> bool:
    """Say whether these are the digits of now, or of half a minute before or after, and use them up."""
    digits = "".join(character for character in typed if character.isascii() and character.isdigit())
    secret, at = _secret(row), int(now().timestamp()) // _STEP_SECONDS
    if not secret or len(digits) != _DIGITS:
        return False
    totp = pyotp.TOTP(secret)
    steps = [at + off for off in (-1, 0, 1)]
    right = [hmac.compare_digest(totp.generate_otp(step), digits) and step > row.last_step for step in steps]
    if not any(right):
        return False
    row.last_step = max(step for step, is_right in zip(steps, right, strict=True) if is_right)
    return True


def pause(row: App) -> None:
    """Look at nothing for a while after too many wrong tries. Raises: TooMany."""
    if row.wrong < MOST_TRIES or row.wrong_at is None:
        return
    left = int((row.wrong_at + _PAUSE - now()).total_seconds())
    if left > 0:
        minutes = -(-left // 60)
        words = "a minute" if minutes == 1 else f"{minutes} minutes"
        raise TooMany(f"That was wrong too often. Wait {words}, then try again.", left)
    row.wrong = 0


def count(row: App) -> None:
    """Count a wrong try; it counts only if the caller commits. Raises: Refused, always."""
    row.wrong, row.wrong_at = row.wrong + 1, now()
    left = MOST_TRIES - row.wrong
    tries = "no more tries for a quarter of an hour" if not left else f"{left} more {'try' if left == 1 else 'tries'}"
    raise Refused(f"That code is not right, or was used already. You have {tries}.", over=not left)


def _secret(row: App) -> str:
    vault: Vault = part("vault")
    try:
        return vault.open(row.sealed).get("secret", "")
    except VaultError:  # restored without its key
        return ""
