"""The public page of an organisation: switched on by an administrator, and what people take off it.

Off until then, and again whenever nobody there may act for the organisation any more, or two dispute who does.
What stands on it is decided by core.public_items.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert

from healthberry.core import audit, channels, claims, conversations, organisations, places, public_addresses
from healthberry.core.channels import capabilities_of
from healthberry.core.errors import Invalid, NotFound
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import ORGANISATION_VERIFIED, Member, Organisation
from healthberry.models.owned import now
from healthberry.models.public import PublicPage, PublicRemoval

_MOST_LISTED = 100
_UNSEEN = "Look at the preview first, and say that you did."
_NO_CHANNEL = "Choose at least one channel first."


@dataclass(frozen=True)
class Removed:
    """A conversation that was taken off, by whom and when; never its words."""

    removal: PublicRemoval
    conversation: Conversation


def opened(organisation_id: UUID) -> tuple[Organisation, PublicPage]:
    """Enter an organisation for somebody who reads its public page.

    Raises: NotFound where there is none: for an unknown id as for a page that is off.
    """
    organisation = organisations.to_ask(organisation_id)
    page = find(organisation_id)
    if page is None or page.on_since is None or not is_possible(organisation_id):
        raise NotFound
    return organisation, page


def find(organisation_id: UUID) -> PublicPage | None:
    """Return the page, on or off; None where nobody ever wanted one. The organisation must be entered."""
    return db.session.get(PublicPage, organisation_id)


def is_possible(organisation_id: UUID) -> bool:
    """Say whether somebody there has proved to act for the organisation, and nobody disputes that."""
    proved = exists().where(
        Member.organisation_id == organisation_id, Member.level >= ORGANISATION_VERIFIED, Member.left_at.is_(None)
    )
    return bool(db.session.scalar(select(proved))) and claims.open_dispute(organisation_id) is None


def possible_channels(member: Member) -> Sequence[Channel]:
    """Return the linked channels whose sites publish. Raises: NotAllowed."""
    require(member, "curate")
    return [one for one in channels.channels_of(member) if capabilities_of(one.kind).display != "none"]


def choose(member: Member, wanted: Collection[str]) -> PublicPage:
    """Decide which channels the page shows, by their ids. Raises: NotAllowed; Invalid for none, while it is on."""
    require(member, "manage")
    chosen = [str(one.id) for one in possible_channels(member) if str(one.id) in wanted]
    page = _held(member)
    if not chosen and page.on_since is not None:
        raise Invalid("Choose at least one channel, or switch the page off.", "channel")
    if sorted(page.channels) != sorted(chosen):
        page.channels = chosen
        audit.did(member, "public_channels_chosen", channels=chosen)
    return page


def switch_on(member: Member, *, seen: bool) -> PublicPage:
    """Show the page to everybody; again: nothing. Raises: NotAllowed; Invalid before its preview was looked at."""
    require(member, "manage")
    page = _held(member)
    if page.on_since is not None:
        return page
    if not page.channels:
        raise Invalid(_NO_CHANNEL, "")
    if not seen:
        raise Invalid(_UNSEEN, "seen")
    page.on_since = now()
    audit.did(member, "public_page_on", channels=page.channels)
    return page


def switch_off(member: Member) -> None:
    """Show the page to nobody any more; again: nothing. Raises: NotAllowed."""
    require(member, "manage")
    page = _held(member)
    if page.on_since is not None:
        page.on_since = None
        audit.did(member, "public_page_off")


def take_off(member: Member, conversation_id: UUID) -> None:
    """Take one conversation off the page, now and for good; again: nothing. Raises: NotFound, NotAllowed."""
    require(member, "curate")
    conversation = conversations.find(member, conversation_id)
    row = {"organisation_id": member.organisation_id, "conversation_id": conversation.id, "member_name": member.name}
    added = insert(PublicRemoval).values(**row, at=now()).on_conflict_do_nothing()
    if db.session.scalar(added.returning(PublicRemoval.conversation_id)):
        audit.did(member, "public_item_removed", "conversation", conversation.id)


def put_back(member: Member, conversation_id: UUID) -> None:
    """Let one conversation stand on the page again, as far as nothing else keeps it off; again: nothing.

    Raises: NotFound, NotAllowed.
    """
    require(member, "curate")
    conversation = conversations.find(member, conversation_id)
    gone = delete(PublicRemoval).where(
        PublicRemoval.organisation_id == member.organisation_id, PublicRemoval.conversation_id == conversation.id
    )
    if db.session.scalar(gone.returning(PublicRemoval.conversation_id)):
        audit.did(member, "public_item_put_back", "conversation", conversation.id)


def removed(member: Member) -> Sequence[Removed]:
    """Return what was taken off, the last first; at most a hundred. Raises: NotAllowed."""
    require(member, "curate")
    of_it = (Conversation.organisation_id == PublicRemoval.organisation_id) & (
        Conversation.id == PublicRemoval.conversation_id
    )
    mine = select(PublicRemoval, Conversation).join(Conversation, of_it)
    mine = mine.where(PublicRemoval.organisation_id == member.organisation_id, *places.seen(member))
    found = db.session.execute(mine.order_by(PublicRemoval.at.desc()).limit(_MOST_LISTED))
    return [Removed(removal, conversation) for removal, conversation in found]


def _held(member: Member) -> PublicPage:
    """Return the page to be changed, made where there was none."""
    values: dict[str, Any] = {"channels": [], "address_key": public_addresses.new_key(), "on_since": None}
    made = insert(PublicPage).values(organisation_id=member.organisation_id, **values).on_conflict_do_nothing()
    db.session.execute(made)
    return db.session.get_one(PublicPage, member.organisation_id, with_for_update=True, populate_existing=True)
