"""What a channel is reached with: sealed, renewed by one at a time, thrown away only when it is worthless."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from healthberry.connectors.base import Authorisation
from healthberry.core import events
from healthberry.core.vault import Vault, VaultError
from healthberry.extensions import db, part
from healthberry.models.channels import Channel
from healthberry.models.owned import now

log = logging.getLogger(__name__)

_CLAIM = timedelta(seconds=60)


def opened(channel: Channel) -> Mapping[str, str] | None:
    """Return the channel's own tokens; None where they are sealed with a key that the settings do not hold."""
    vault: Vault = part("vault")
    try:
        return vault.open(channel.sealed_secrets)
    except VaultError:
        log.exception("channel.sealed_with_an_unknown_key", extra={"fields": {"channel_id": channel.id}})
        return None


def claim(organisation_id: UUID, channel_id: UUID) -> Channel | None:
    """Become the only one who renews this channel's tokens, for a minute.

    None where somebody else is, where there are none, and where we can't open them: they stay for whoever can, and are
    looked at again in a minute.
    """
    channel = db.session.get(Channel, (organisation_id, channel_id), with_for_update={"key_share": True})
    if channel is None or channel.sealed_secrets is None:
        return None
    if channel.token_claimed_until is not None and channel.token_claimed_until > now():
        return None
    channel.token_claimed_until = now() + _CLAIM
    return None if opened(channel) is None else channel


def keep(channel: Channel, authorisation: Authorisation) -> None:
    """Seal a new pair of tokens; the old one is dead."""
    vault: Vault = part("vault")
    channel.sealed_secrets = vault.seal(authorisation.secrets) if authorisation.secrets else None
    channel.secrets_expire_at = authorisation.expires_at
    channel.account = authorisation.account or channel.account
    channel.token_claimed_until = None


def leave(channel: Channel) -> None:
    """Leave them as they are; what runs out is tried again when the claim has run out."""
    if channel.secrets_expire_at is None:
        channel.token_claimed_until = None


def lose(channel: Channel, reason: str) -> None:
    """Forget tokens that the provider no longer takes: somebody has to sign in there again."""
    channel.sealed_secrets = channel.secrets_expire_at = channel.account = channel.token_claimed_until = None
    channel.trouble = reason
    events.record(channel.organisation_id, "channel_disconnected", channel_id=channel.id)
