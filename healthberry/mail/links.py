"""Signed links in mails: each names its purpose and its member, and signs nobody in by itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer

from healthberry.core import signed
from healthberry.extensions import part
from healthberry.models.owned import now

REPLY_DAYS = 14


class LinkTampered(Exception):
    """This is not a link that HealthBerry made, or not for this purpose."""


class LinkExpired(Exception):
    """The link was real, and is too old."""


@dataclass(frozen=True)
class ReplyLink:
    """Who was sent which conversation."""

    organisation_id: UUID
    member_id: UUID
    conversation_id: UUID


@dataclass(frozen=True)
class UnsubscribeLink:
    """Whose alerts can be turned off and on."""

    organisation_id: UUID
    member_id: UUID


def reply_link(link: ReplyLink, *, clock: datetime | None = None) -> str:
    """Return the address that opens this conversation at its composer for this member, for 14 days."""
    expires_at = (clock or now()) + timedelta(days=REPLY_DAYS)
    ids = (link.organisation_id, link.member_id, link.conversation_id)
    token = _sign("reply", [*(one.hex for one in ids), str(int(expires_at.timestamp()))])
    return address("reply_link.show", token=token)


def read_reply_link(token: str, *, clock: datetime | None = None) -> ReplyLink:
    """Return what the token names. Raises: LinkExpired, LinkTampered."""
    *ids, expires_at = _read("reply", token)
    if (clock or now()).timestamp() >= int(expires_at):
        raise LinkExpired
    return ReplyLink(*(UUID(one) for one in ids))


def unsubscribe_link(link: UnsubscribeLink) -> str:
    """Return the address that turns this member's alerts off; it never expires, for old mails must stay stoppable."""
    token = _sign("unsubscribe", [link.organisation_id.hex, link.member_id.hex])
    return address("unsubscribe.show", token=token)


def read_unsubscribe_link(token: str) -> UnsubscribeLink:
    """Return whose alerts the token names. Raises: LinkTampered."""
    return UnsubscribeLink(*(UUID(one) for one in _read("unsubscribe", token)))


def address(endpoint: str, **values: str) -> str:
    """Return the public address of a page; works in jobs too, where no request tells the host."""
    path = current_app.url_map.bind("localhost").build(endpoint, values)
    return f"{part('settings').public_url}{path}"


def _sign(purpose: str, names: list[str]) -> str:
    signed = _signer(purpose).dumps(names)
    return signed if isinstance(signed, str) else signed.decode()


def _read(purpose: str, token: str) -> list[str]:
    try:
        names: list[str] = _signer(purpose).loads(token)
    except (BadData, ValueError) as error:
        raise LinkTampered from error
    return names


def _signer(purpose: str) -> URLSafeSerializer:
    """One salt for each purpose: a token made for one is worthless for another."""
    return signed.signer(f"healthberry.link.{purpose}")
