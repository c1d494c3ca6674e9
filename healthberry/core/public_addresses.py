"""Addresses of items on an organisation's public page: they name a conversation, and tell nothing of it.

Our own ids tell to the millisecond when something came; the public page says the month. So an address is the id,
sealed with the organisation's own key: always the same for the same item, and made up by nobody.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from healthberry.extensions import db
from healthberry.models.public import PublicPage

_LENGTH: Final = 43
_ADDRESS: Final = re.compile(r"/public/([0-9a-f-]{36})/([A-Za-z0-9_-]{43})(?![A-Za-z0-9_-])")


def new_key() -> bytes:
    """Return a key for the addresses of one organisation."""
    return AESSIV.generate_key(256)


def make(page: PublicPage, conversation_id: UUID) -> str:
    """Return what the address of this conversation ends with."""
    sealed = AESSIV(page.address_key).encrypt(conversation_id.bytes, [page.organisation_id.bytes])
    return urlsafe_b64encode(sealed).decode().rstrip("=")


def read(page: PublicPage, token: str) -> UUID | None:
    """Return the conversation that an address was made for, None for one that was not made here."""
    if len(token) != _LENGTH or not token.isascii():
        return None
    try:
        sealed = urlsafe_b64decode(token + "=")
        return UUID(bytes=AESSIV(page.address_key).decrypt(sealed, [page.organisation_id.bytes]))
    except (ValueError, InvalidTag):
        return None


def named_in(page: PublicPage, words: str) -> Collection[UUID]:
    """Return the conversations of this organisation whose public addresses stand in some words."""
    ours = (token for whose, token in _ADDRESS.findall(words) if whose == str(page.organisation_id))
    return {found for token in ours if (found := read(page, token)) is not None}


def named_here(organisation_id: UUID, words: str) -> Collection[UUID]:
    """Return the same where the page has not been loaded; nothing where there never was one."""
    page = db.session.get(PublicPage, organisation_id) if "/public/" in words else None
    return named_in(page, words) if page is not None else ()
