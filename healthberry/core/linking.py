"""Linking any kind of channel: what was chosen becomes channels, and the same channel is connected again.

Nothing here asks a provider: the edge does between two of these calls, while no connection to the database is held.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from healthberry.connectors.base import Access, Authorisation, Capabilities, Linkable, Listing
from healthberry.core import channels, events
from healthberry.core.errors import Conflict, Invalid, NotFound
from healthberry.core.link_settings import plain_fields
from healthberry.core.offers import refuse_second, require_link
from healthberry.core.pending_links import Begun
from healthberry.core.permissions import require
from healthberry.core.vault import Vault
from healthberry.extensions import db, part
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import new_id, now

_ERASING = "What this channel brought is still being erased. Link it again in a minute."
_UNLINKED = "This channel was unlinked. Link it again, and then connect it."


def link(member: Member, begun: Begun, chosen: Sequence[Linkable]) -> list[Channel]:
    """Link what was chosen of what a link that was begun had found, and have it read.

    What was linked before is the same channel: connected again, and no longer unlinked.

    Raises: NotFound; NotAllowed; Invalid where nothing was chosen; Conflict where a channel is being erased, or where
    only one of its kind can be linked.
    """
    about = channels.connector_of_kind(begun.kind).capabilities
    require_link(member, about)
    if not chosen:
        raise Invalid("Choose what is to be linked.", "chosen")
    # Two members who link at once would both find that nothing is linked yet.
    db.session.get_one(Organisation, member.organisation_id, with_for_update={"key_share": True})
    refuse_second(member, begun.kind, about, [one.listing.remote_id for one in chosen])
    return [_link(member, about, begun.access, one) for one in chosen]


def connect_again(member: Member, begun: Begun, account: str = "") -> Channel:
    """Give the channel of a link that was begun what it had lost, or other settings; what it brought stays.

    A form may lead a channel to another address; a sign-in must lead to the very same one. `account` is who signed in.

    Raises: NotFound; NotAllowed; Invalid; Conflict when it leads to another channel, or was unlinked meanwhile.
    """
    about = channels.connector_of_kind(begun.kind).capabilities
    require(member, "manage")
    if begun.channel_id is None:
        raise NotFound
    channel = channels.find(member.organisation_id, begun.channel_id, lock=True)
    if channel.state == "unlinked":
        raise Conflict(_UNLINKED)
    one = _same(channel, begun.found.found) or _only(about, begun.found.found)
    if one is None:
        raise Conflict(_another(channel, begun.found.found, account))
    _lead_to(channel, about, one.listing, begun.access)
    secrets, expires_at = _secrets(begun.access, one)
    return channels.keep_access(member, channel, Authorisation(secrets, expires_at, channel.remote_id, one.account))


def _link(member: Member, about: Capabilities, access: Access, one: Linkable) -> Channel:
    channel, begins = _channel_for(member, about, one.listing)
    if channel.erase_at is not None:
        raise Conflict(_ERASING)
    _lead_to(channel, about, one.listing, access)
    secrets, channel.secrets_expire_at = _secrets(access, one)
    vault: Vault = part("vault")
    channel.sealed_secrets, channel.token_claimed_until = (vault.seal(secrets) if secrets else None), None
    channel.account, channel.revoke_at = one.account or None, None
    channel.trouble, channel.failures_in_a_row = one.listing.needs, 0
    channel.state = "failing" if one.listing.needs else "active"
    if begins:
        _have_read(channel, about)
    db.session.flush()
    kind = "channel_linked" if begins else "channel_connected"
    events.record(member.organisation_id, kind, channel_id=channel.id, member=member)
    return channel


def _channel_for(member: Member, about: Capabilities, listing: Listing) -> tuple[Channel, bool]:
    """Return the channel of this listing, made where it is not known, and whether its reading begins (anew)."""
    of_kind = and_(Channel.organisation_id == member.organisation_id, Channel.kind == listing.kind)
    same_id = Channel.remote_id == listing.remote_id
    # What was found by itself may be known by another id: the same address is the same channel.
    same = or_(same_id, func.lower(Channel.url) == listing.url.lower()) if about.found else same_id
    known = select(Channel).where(of_kind, same).order_by(same_id.desc()).limit(1).with_for_update(key_share=True)
    channel = db.session.scalar(known)
    if channel is not None:
        return channel, channel.state == "unlinked"
    row = {
        "organisation_id": member.organisation_id,
        "id": new_id(),
        "kind": listing.kind,
        "remote_id": listing.remote_id,
        "label": listing.label,
        "url": listing.url,
        "found_at": listing.found_at,
        "amount": listing.amount,
    }
    # A look for channels may insert the very same one at this moment.
    db.session.execute(insert(Channel).values(row).on_conflict_do_nothing())
    return db.session.scalars(known).one(), True


def _have_read(channel: Channel, about: Capabilities) -> None:
    """Have history, news and the last days read from now on, as far as this kind has them."""
    channel.backfill_next_at = channel.recheck_at = now()
    channel.next_poll_at = now() if about.poll_seconds else None
    channel.reread_at = now() + timedelta(seconds=about.reread_seconds) if about.reread_seconds else None
    if not about.backfills:
        channel.backfill_state = "done"


def _lead_to(channel: Channel, about: Capabilities, listing: Listing, access: Access) -> None:
    """Have the channel read what the listing names; what was read elsewhere, or otherwise, is read from the start."""
    if channel.remote_id != listing.remote_id and _is_taken(channel, listing):
        raise Conflict(f"{listing.label} is linked already, as a channel of its own.")
    asked = {one.name: access.config[one.name] for one in plain_fields(about) if one.name in access.config}
    config = {**asked, **listing.config}
    if (channel.remote_id, channel.config) != (listing.remote_id, config):
        channel.poll_cursor = channel.backfill_cursor = None
        channel.backfill_state = "waiting" if about.backfills else "done"
        channel.backfill_next_at, channel.next_poll_at = now(), (now() if about.poll_seconds else None)
    channel.remote_id, channel.label, channel.url, channel.config = (
        listing.remote_id,
        listing.label,
        listing.url,
        config,
    )


def _is_taken(channel: Channel, listing: Listing) -> bool:
    statement = select(Channel.id).where(
        Channel.organisation_id == channel.organisation_id,
        Channel.kind == channel.kind,
        Channel.remote_id == listing.remote_id,
        Channel.id != channel.id,
    )
    return db.session.scalar(statement) is not None


def _secrets(access: Access, one: Linkable) -> tuple[dict[str, str], datetime | None]:
    """Return what the channel keeps and when it runs out: its own secrets, else those that were signed in to."""
    installed = channels.connector_of_kind(one.listing.kind).installed_access().items()
    kept, expires_at = (one.secrets, one.expires_at) if one.secrets else (access.secrets, access.expires_at)
    return {name: value for name, value in kept.items() if (name, value) not in installed}, expires_at


def _same(channel: Channel, found: Sequence[Linkable]) -> Linkable | None:
    """Return what leads to this very channel; an account that was found by its name has no other id yet."""
    for one in found:
        named = f"@{one.account.lstrip('@').casefold()}" if one.account else ""
        if channel.remote_id in (one.listing.remote_id, named):
            return one
    return None


def _only(about: Capabilities, found: Sequence[Linkable]) -> Linkable | None:
    return found[0] if len(found) == 1 and about.connect != "oauth" else None


def _another(channel: Channel, found: Sequence[Linkable], account: str) -> str:
    if account:
        return channels.another_account(channel, account)
    names = ", ".join(one.listing.label for one in found[:3]) or "nothing"
    return f"That leads to {names}, and this channel is {channel.label}. Add it as a channel of its own instead."
