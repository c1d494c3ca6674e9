"""Giving back, at the provider, what an unlinked channel was allowed: tried for some hours, said where it fails."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from healthberry.core import channels, events
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.owned import now

_CLAIM = timedelta(minutes=3)
_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 10, 60, 360))


def begin(channel: Channel) -> None:
    """Have a channel's permission given back that is being unlinked; where there is none, forget its secrets at once.

    Until then they stay sealed, and nothing else uses them: nobody reads or answers an unlinked channel.
    """
    channel.secrets_expire_at = channel.token_claimed_until = channel.account = None
    channel.failures_in_a_row = 0
    if channels.connector_of(channel).grant(channels.access_of(channel)):
        channel.revoke_at = now()
    else:
        forget(channel)


def forget(channel: Channel) -> None:
    """Forget the channel's secrets; nothing is left to be given back."""
    channel.sealed_secrets = channel.revoke_at = None


def claim(organisation_id: UUID, channel_id: UUID) -> Channel | None:
    """Take a channel whose permission is to be given back, before its provider is called.

    None where there is nothing to do, or another worker is at it. What a linked channel of the organisation still needs
    is not given back: it is only forgotten.
    """
    channel = db.session.get(Channel, (organisation_id, channel_id), with_for_update={"key_share": True})
    if channel is None or channel.revoke_at is None or channel.revoke_at > now():
        return None
    if _is_needed(channel):
        forget(channel)
        return None
    channel.revoke_at = now() + _CLAIM
    return channel


def done(channel: Channel) -> None:
    """Note that it was given back."""
    if _is_open(channel):
        forget(channel)
        events.record(channel.organisation_id, "channel_revoked", channel_id=channel.id)


def failed(channel: Channel, reason: str, *, for_good: bool) -> None:
    """Note that it was not given back: it is tried again, or, at the end, people are told to do it themselves."""
    if not _is_open(channel):
        return
    channel.failures_in_a_row += 1
    if not for_good and channel.failures_in_a_row <= len(_PAUSES):
        channel.revoke_at = now() + _PAUSES[channel.failures_in_a_row - 1]
        return
    forget(channel)
    place = channels.capabilities_of(channel.kind).place
    channel.trouble = (
        f"{reason} So {place} may still list HealthBerry among what may use your account: take it off there."
    )
    events.record(channel.organisation_id, "channel_not_revoked", channel_id=channel.id)


def _is_open(channel: Channel) -> bool:
    """Look once more: who linked the channel again meanwhile has given it a permission of its own."""
    return channels.is_unlinked(channel) and channel.revoke_at is not None


def _is_needed(channel: Channel) -> bool:
    grant = channels.connector_of(channel).grant(channels.access_of(channel))
    linked = select(Channel).where(
        Channel.organisation_id == channel.organisation_id,
        Channel.state != "unlinked",
        Channel.sealed_secrets.is_not(None),
    )
    return any(
        channels.connector_of(other).grant(channels.access_of(other)) == grant for other in db.session.scalars(linked)
    )
