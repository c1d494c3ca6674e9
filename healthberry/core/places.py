"""Which conversations a member sees: all of the organisation, or those about the places of their teams.

Who proved a mailbox and no more (level 1) sees only what anybody may read where it was published: nothing that was
written in private.

Every way by which a conversation reaches a member asks here: lists, counts and the search by a condition, pages, open
pages and e-mails by a look at the one. Both say the same. What somebody does not see is not there for them: NotFound.
Administrators see everything, in whatever teams they are. The teams themselves are core.teams.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, String, Uuid, and_, any_, func, literal, or_, select

from healthberry.core.errors import NotAllowed
from healthberry.extensions import db, part
from healthberry.models.conversations import Conversation, Message
from healthberry.models.organisations import ORGANISATION_VERIFIED, Member

_PART = "Your team sees a part of this channel. Filters hold for all of it: ask an administrator."


class Placed(Protocol):
    """What is about some place: a conversation, or a row of the list."""

    @property
    def id(self) -> UUID: ...  # noqa: D102
    @property
    def channel_id(self) -> UUID: ...  # noqa: D102
    @property
    def service_code(self) -> str | None: ...  # noqa: D102
    @property
    def service_name(self) -> str | None: ...  # noqa: D102


@dataclass(frozen=True)
class Places:
    """The places of somebody's teams; see models.teams.Team. Equal places are equal, whoever's they are.

    `everywhere`: no team limits them. `public`: what was written in private is not for them, wherever it is.
    """

    sites: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()  # ids as text
    unplaced: bool = False
    everywhere: bool = False
    public: bool = False

    @classmethod
    def of(
        cls, sites: Collection[str], services: Collection[str], channels: Collection[Any], unplaced: bool
    ) -> "Places":
        """Make places of these, in order and each once."""
        return cls(_each(sites), _each(services), _each(channels), unplaced)

    def to_json(self) -> dict[str, Any]:
        """Return them as they are kept with a member, and as the search wants them."""
        return {name: value for name, value in asdict(self).items() if name not in ("everywhere", "public")}


_EVERYTHING = Places(everywhere=True)


def _each(some: Collection[Any]) -> tuple[str, ...]:
    return tuple(sorted({str(one) for one in some}))


def of(member: Member) -> Places | None:
    """Return the places that the member is limited to; None where they see everything."""
    everywhere = member.role == "administrator" or member.limited_to is None
    public = member.level < ORGANISATION_VERIFIED
    if everywhere:
        return Places(everywhere=True, public=True) if public else None
    return replace(Places.of(**(member.limited_to or {})), public=public)


def within(places: Places | None) -> list[ColumnElement[bool]]:
    """Return the conditions of a query for what is about these places, none for None."""
    if places is None:
        return []
    return [*([] if places.everywhere else [_about(places)]), *(_published() if places.public else ())]


def _about(places: Places) -> ColumnElement[bool]:
    code, name = func.coalesce(Conversation.service_code, ""), func.coalesce(Conversation.service_name, "")
    texts, ids = ARRAY(String), ARRAY(Uuid)
    ways = [
        func.split_part(code, " ", 1) == any_(literal(list(places.sites), texts)),
        func.coalesce(func.nullif(code, ""), name) == any_(literal(list(places.services), texts)),
        Conversation.channel_id == any_(literal([UUID(one) for one in places.channels], ids)),
    ]
    return or_(*ways, and_(code == "", name == "")) if places.unplaced else or_(*ways)


def _published() -> list[ColumnElement[bool]]:
    # An aggregate, for EXISTS might read all private messages of the organisation at once.
    marked = select(func.bool_or(Message.source.contains({"private": True}))).where(
        Message.organisation_id == Conversation.organisation_id, Message.conversation_id == Conversation.id
    )
    held = marked.correlate(Conversation).scalar_subquery()
    return [Conversation.channel_kind.not_in(_private_kinds()), ~func.coalesce(held, False)]


def _private_kinds() -> list[str]:
    return [one.kind for one in part("connectors") if one.capabilities.private]


def seen(member: Member) -> list[ColumnElement[bool]]:
    """Return the conditions of a query for what the member sees."""
    return within(of(member))


def sees(member: Member, what: Placed) -> bool:
    """Say whether the member sees this conversation, or this row."""
    places = of(member)
    if places is None:
        return True
    if places.public and not published(member.organisation_id, [what.id]):
        return False
    return is_within(places, what.channel_id, what.service_code or "", what.service_name or "")


def published(organisation_id: UUID, ids: Sequence[UUID]) -> list[UUID]:
    """Return those of these conversations in which nothing was written in private, in the same order."""
    mine = (Conversation.organisation_id == organisation_id, Conversation.id == any_(literal(list(ids), ARRAY(Uuid))))
    found = set(db.session.scalars(select(Conversation.id).where(*mine, *_published())))
    return [one for one in ids if one in found]


def is_limited_anew(before: Member, after: Member) -> bool:
    """Say whether a member sees other conversations than before; that more may be seen of the same places is none."""
    was, now = (of(one) or _EVERYTHING for one in (before, after))
    return replace(was, public=now.public) != now or (now.public and not was.public)


def is_within(places: Places, channel_id: UUID, code: str, name: str) -> bool:
    """Say whether what came on this channel, about the service of this code and name, is about these places."""
    return places.everywhere or (
        code.split(" ", 1)[0] in places.sites
        or (code or name) in places.services
        or str(channel_id) in places.channels
        or (places.unplaced and not code and not name)
    )


def sees_all_of(member: Member, channel_id: UUID) -> bool:
    """Say whether the member sees everything that comes on a channel."""
    places = of(member)
    return places is None or places.everywhere or str(channel_id) in places.channels


def require_all_of(member: Member, channel_id: UUID) -> None:
    """For what speaks of a whole channel, or changes all that comes on it. Raises: NotAllowed."""
    if not sees_all_of(member, channel_id):
        raise NotAllowed(_PART)
