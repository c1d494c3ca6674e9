"""Telephone numbers and e-mail addresses that an organisation publishes itself: harmless in its public replies."""

from typing import Final

from healthberry.core import mailboxes
from healthberry.core.errors import Invalid
from healthberry.core.guarding.finding import plain_phone

MOST_CONTACTS: Final = 50
_LONGEST_CONTACT: Final = 200
_LONGEST_SHOWN: Final = 60


def contacts_of(typed: str) -> list[str]:
    """Read telephone numbers and e-mail addresses, one a line, each kept once as it was typed. Raises: Invalid."""
    lines = list(dict.fromkeys(line.strip() for line in typed.replace("\x00", "").splitlines() if line.strip()))
    if len(lines) > MOST_CONTACTS:
        raise Invalid(f"Name up to {MOST_CONTACTS} telephone numbers and e-mail addresses.", "contacts")
    for line in lines:
        if len(line) > _LONGEST_CONTACT or not (_is_address(line) if "@" in line else plain_phone(line)):
            neither = f"“{line[:_LONGEST_SHOWN]}” is neither a telephone number nor an e-mail address."
            raise Invalid(f"{neither} Give one on each line.", "contacts")
    return lines


def _is_address(line: str) -> bool:
    try:
        return bool(mailboxes.normalise(line))
    except Invalid:
        return False
