"""Channels: linking what was found, reaching it, and whose turn it is to be read."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import insert

from healthberry.connectors.base import Access, Authorisation, Capabilities, Connector, Discovery, Listing
from healthberry.core import events, members, tokens
from healthberry.core.errors import Conflict, NotFound
from healthberry.core.permissions import may, require
from healthberry.extensions import db, part
from healthberry.models.channels import Channel
from healthberry.models.organisations import ORGANISATION_VERIFIED, Member
from healthberry.models.owned import new_id, now


def connector_of_kind(kind: str) -> Connector:
    """Return the connector of a kind. Raises: NotFound for one that this installation does not have."""
    if kind not in part("connectors"):
        raise NotFound
    connector: Connector = part("connectors").get(kind)
    return connector


def connector_of(channel: Channel) -> Connector:
    """Return the connector that reads this kind of channel."""
    return connector_of_kind(channel.kind)


def capabilities_of(kind: str) -> Capabilities:
    """Return what this kind of channel can do."""
    capabilities: Capabilities = part("connectors").get(kind).capabilities
    return capabilities


def access_of(channel: Channel) -> Access:
    """Return how to reach the channel: the installation's keys, beneath the organisation's own tokens.

    Tokens sealed with a key that the settings no longer hold count as none: somebody has to sign in there again.
    """
    secrets = {**connector_of(channel).installed_access(), **(tokens.opened(channel) or {})}
    return Access(config=channel.config, secrets=secrets, expires_at=channel.secrets_expire_at)


def find(organisation_id: UUID, channel_id: UUID, *, lock: bool = False) -> Channel:
    """Return the channel. Raises: NotFound."""
    channel = db.session.get(
        Channel, (organisation_id, channel_id), with_for_update={"key_share": True} if lock else None
    )
    if channel is None:
        raise NotFound
    return channel


def kinds(organisation_id: UUID, channel_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the kinds of these channels by their ids."""
    statement = select(Channel.id, Channel.kind).where(Channel.organisation_id == organisation_id)
    return dict(db.session.execute(statement.where(Channel.id.in_(channel_ids))).all())


def channels_of(member: Member) -> Sequence[Channel]:
    """Return the organisation's linked channels in the order of their kinds."""
    return _listed(member, Channel.state != "unlinked")


def unlinked_of(member: Member) -> Sequence[Channel]:
    """Return the channels that were unlinked, in the order of their kinds."""
    return _listed(member, Channel.state == "unlinked")


def with_unread(member: Member) -> Sequence[Channel]:
    """Return the channels that brought pieces which could not be read, those that were unlinked too."""
    return _listed(member, Channel.items_quarantined > 0)


def _listed(member: Member, condition: ColumnElement[bool]) -> Sequence[Channel]:
    statement = select(Channel).where(Channel.organisation_id == member.organisation_id, condition)
    return db.session.scalars(statement.order_by(Channel.kind, Channel.created_at)).all()


def is_owners(channel: Channel) -> bool:
    """Say whether the owner of the page or account signed in there for us, and that still holds (trust level 3).

    Nothing is stored for it: the provider's tokens are the proof, and are gone with it.
    """
    signs_in = connector_of(channel).capabilities.connect == "oauth"
    return signs_in and channel.sealed_secrets is not None and bool(channel.account) and channel.state == "active"


def may_switch(member: Member) -> bool:
    """Say whether `member` may switch channels on and off.

    Whoever proved only a mailbox may do so with what was found for them, as long as they are alone.
    """
    if member.level >= ORGANISATION_VERIFIED:
        return may(member, "manage")
    return members.is_alone(member)


def link_found(organisation_id: UUID, discovery: Discovery) -> list[UUID]:
    """Link what was found of one kind; a second call adds nothing twice. Return the new ones.

    The same address is the same channel, by whatever id it was known when it was found first.
    """
    addresses = select(Channel.kind, func.lower(Channel.url)).where(Channel.organisation_id == organisation_id)
    known = {(kind, url) for kind, url in db.session.execute(addresses)}
    fresh = [listing for listing in discovery.listings if (listing.kind, listing.url.lower()) not in known]
    added = [channel_id for listing in fresh if (channel_id := _link(organisation_id, listing))]
    for channel_id in added:
        events.record(organisation_id, "channel_linked", channel_id=channel_id)
    return added


def _link(organisation_id: UUID, listing: Listing) -> UUID | None:
    row = {
        "organisation_id": organisation_id,
        "id": new_id(),
        "kind": listing.kind,
        "remote_id": listing.remote_id,
        "label": listing.label,
        "url": listing.url,
        "found_at": listing.found_at,
        "amount": listing.amount,
        "config": dict(listing.config),
        "state": "failing" if listing.needs else "active",
        "trouble": listing.needs,
    }
    statement = insert(Channel).values(row).on_conflict_do_nothing().returning(Channel.id)
    return db.session.scalar(statement)


def switch(member: Member, channel_id: UUID, on: bool) -> Channel:
    """Switch reading and answering on or off; what is stored stays. One that was unlinked is linked again.

    Raises: NotFound; NotAllowed; Conflict while what it brought is being erased.
    """
    if not may_switch(member):
        require(member, "manage")
    channel = find(member.organisation_id, channel_id, lock=True)
    if channel.state == "unlinked":
        require(member, "manage")
        # What is about to be given back at the provider is nobody's any more.
        channel.sealed_secrets = channel.revoke_at = None
    if channel.erase_at is not None:
        raise Conflict("What this channel brought is still being erased. Link it again in a minute.")
    channel.state, channel.trouble = ("active" if on else "off"), ""
    channel.watched_from = now()
    no_longer_watched(channel)
    channel.backfill_next_at = now()
    channel.next_poll_at = now() if capabilities_of(channel.kind).poll_seconds else None
    kind = "channel_linked" if on else "channel_switched_off"
    events.record(member.organisation_id, kind, channel_id=channel.id, member=member)
    return channel


def no_longer_watched(channel: Channel) -> None:
    """Let the silence of a channel mean nothing from now on, and nobody be warned of it."""
    if channel.stale_at is not None:
        channel.stale_at = None
        events.record(channel.organisation_id, "channel_not_watched", channel_id=channel.id)


def is_unlinked(channel: Channel) -> bool:
    """Look once more, and hold the channel to the end of the transaction; what is sent meanwhile can still be kept.

    For whoever comes back from a provider: what it said must not outlive an unlinking or an erasing meanwhile.
    """
    db.session.refresh(channel, with_for_update={"key_share": True})
    return channel.state == "unlinked"


def connect(member: Member, channel_id: UUID, authorisation: Authorisation) -> Channel:
    """Keep, sealed, what signing in at the provider gave.

    Raises: NotFound; NotAllowed; Conflict when it is another account than the channel's, or was unlinked meanwhile.
    """
    require(member, "manage")
    channel = find(member.organisation_id, channel_id, lock=True)
    if channel.state == "unlinked":
        raise Conflict("This channel was unlinked. Link it again, and then connect it.")
    account = authorisation.account.lstrip("@")
    if channel.remote_id not in (authorisation.account_id, f"@{account.casefold()}"):
        raise Conflict(another_account(channel, account))
    return keep_access(member, channel, authorisation)


def another_account(channel: Channel, account: str) -> str:
    """Say that somebody signed in who is not this channel; a name of one word is a handle."""
    name = account if " " in account else f"@{account.lstrip('@')}"
    return (
        f"You signed in as {name}, but this channel is {channel.label}. Replies would come from the wrong account. "
        "Sign out there, and connect again with the right one."
    )


def keep_access(member: Member, channel: Channel, authorisation: Authorisation) -> Channel:
    """Keep what `member` connected the channel with, and have it read; one that is off stays so."""
    tokens.keep(channel, authorisation)
    if channel.state != "off":
        channel.state, channel.trouble, channel.failures_in_a_row = "active", "", 0
    channel.next_poll_at = channel.next_poll_at and now()
    db.session.flush()
    events.record(member.organisation_id, "channel_connected", channel_id=channel.id, member=member)
    return channel
