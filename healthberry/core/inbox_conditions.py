"""Which conversations belong to a view: as conditions of a query, and as wishes of the search.

Searching asks one SQL function for the ids first: row-level security would take the full-text index away from an
ordinary query.
"""

from collections.abc import Hashable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, any_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from healthberry.core import places
from healthberry.core.inbox_views import View
from healthberry.core.permissions import may
from healthberry.core.places import Places
from healthberry.extensions import db
from healthberry.models.activities import Unread
from healthberry.models.conversations import HIDDEN, Conversation
from healthberry.models.organisations import Member

_AMONG_PRIVATE = 10  # so many hits are looked at for one that was published


def asker(member: Member, view: View) -> Hashable:
    """Return what two members have in common when the same conversations belong to this view of theirs."""
    return member.id if view.unread or view.assigned == "me" else rights(member)


def rights(member: Member) -> tuple[bool, Places | None]:
    """Return what of a member, besides who they are, decides which conversations belong to their views."""
    return may(member, "see_colleagues"), places.of(member)


def belonging(
    organisation_id: Any, member_id: Any, allowed: tuple[bool, Places | None], view: View
) -> list[ColumnElement[bool]]:
    """Return what makes a conversation belong to a view; ids may be parameters that are filled in later.

    `allowed` are the member's `rights`.
    """
    sees_colleagues, limits = allowed
    conditions: list[ColumnElement[bool]] = [Conversation.organisation_id == organisation_id, *places.within(limits)]
    if view.status != "all":
        conditions.append(Conversation.status == view.status)
    else:
        conditions.append(Conversation.status.not_in(HIDDEN))
    if view.channel:
        also = literal(view.channel) == any_(Conversation.also_on)
        conditions.append(or_(Conversation.channel_kind == view.channel, also))
    if view.service:
        conditions.append(Conversation.service_code == view.service)
    if view.assigned == "me":
        conditions.append(Conversation.assignee_id == member_id)
    elif view.assigned == "nobody" and sees_colleagues:
        conditions.append(Conversation.assignee_id.is_(None))
    if view.unread:
        mine = (Unread.organisation_id == organisation_id, Unread.member_id == member_id)
        conditions.append(Conversation.id.in_(select(Unread.conversation_id).where(*mine)))
    return conditions


def found(
    member: Member,
    view: View,
    place: tuple[datetime, UUID] | None,
    size: int,
    *,
    only: UUID | None = None,
    upwards: bool = False,
) -> list[UUID]:
    """Ask the search function for what stands below `place` (above it, nearest first, with `upwards`).

    `only` limits the question to one conversation.
    """
    wishes = _wishes(member, view)
    if place:
        wishes["at"], wishes["id"] = place[0].isoformat(), str(place[1])
    if upwards:
        wishes["upwards"] = True
    if only:
        wishes["only"] = str(only)
    limits = places.of(member)
    public = limits is not None and limits.public
    asked = size * _AMONG_PRIVATE if public else size
    ids = list(db.session.scalars(select(func.search_conversations(view.q, literal(wishes, JSONB), asked))))
    return places.published(member.organisation_id, ids)[:size] if public else ids


def _wishes(member: Member, view: View) -> dict[str, Any]:
    wishes: dict[str, Any] = {}
    if (limits := places.of(member)) and not limits.everywhere:
        wishes["within"] = limits.to_json()
    if view.status != "all":
        wishes["status"] = view.status
    if view.channel:
        wishes["channel"] = view.channel
    if view.service:
        wishes["service"] = view.service
    if view.assigned == "me":
        wishes["assignee"] = str(member.id)
    elif view.assigned == "nobody" and may(member, "see_colleagues"):
        wishes["nobody"] = True
    if view.unread:
        wishes["unread"] = str(member.id)
    return wishes
