"""Writing down what was said on the phone, on a card or at the desk; a day long it can be taken back."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from healthberry.connectors.base import Author, InboundItem, Rating
from healthberry.connectors.reading import withdrawn
from healthberry.connectors.text import clean, line
from healthberry.core import audit, channels, conversations, discovery, events, ingest, places, register
from healthberry.core.errors import Conflict, Invalid, NotFound
from healthberry.core.permissions import require
from healthberry.extensions import db, part
from healthberry.models.channels import Channel
from healthberry.models.conversations import Message
from healthberry.models.organisations import Member
from healthberry.models.owned import now

LONDON = ZoneInfo("Europe/London")
HOW = (
    ("phone", "On the phone"),
    ("card", "On a card"),
    ("face", "Face to face"),
    ("letter", "In a letter"),
    ("other", "In another way"),
)
# The answers to the Friends and Family Test, and what each is worth of five; "Don't know" is no rating.
RATINGS = (("5", "Very good"), ("4", "Good"), ("3", "Neither good nor poor"), ("2", "Poor"), ("1", "Very poor"))
RATING_NAME = "Overall experience"
LONGEST = 20_000
_UNDO = timedelta(days=1)
_OLDEST = timedelta(days=3660)
_NOON = time(12, 0)
_KEY = re.compile(r"[0-9a-f-]{32,36}")


@dataclass(frozen=True)
class Written:
    """What was written down last, and whether it can still be taken back."""

    conversation_id: UUID
    can_undo: bool


def channel_for(member: Member, channel_id: UUID, *, lock: bool = False) -> Channel:
    """Return the channel that is written on. Raises: NotFound, also for kinds that are not typed in; NotAllowed."""
    channel = channels.find(member.organisation_id, channel_id, lock=lock)
    if not channels.capabilities_of(channel.kind).enters:
        raise NotFound
    require(member, "handle")
    return channel


def kinds() -> list[str]:
    """Return the kinds of channels that are typed in, in order."""
    return [connector.kind for connector in part("connectors") if connector.capabilities.enters]


def first_channel(member: Member) -> Channel | None:
    """Return the first linked channel that is typed in, None where there is none."""
    require(member, "handle")
    linked = channels.channels_of(member)
    return next((one for one in linked if channels.capabilities_of(one.kind).enters), None)


def sites_of(member: Member) -> list[tuple[str, str]]:
    """Return code and name of the organisation's sites that the member sees, as the register has them, by name."""
    limits = places.of(member)
    facts = discovery.facts_of(member.organisation_id)
    codes = {one for one in facts.site_codes if limits is None or one in limits.sites}
    named = register.names(db.session(), codes)
    return sorted(named.items(), key=lambda pair: pair[1].casefold())


def write_down(member: Member, channel_id: UUID, given: Mapping[str, str]) -> UUID:
    """Store what was said as a conversation of its own; return its id. The same `key` again is the same one.

    `given`: said, how, day (YYYY-MM-DD, today where it is blank), who, site, ward, rating, key.

    Raises: NotFound; NotAllowed; Conflict while the channel is off; Invalid with the field to mend.
    """
    channel = channel_for(member, channel_id, lock=True)
    if channel.state != "active":
        raise Conflict("This channel is switched off. Switch it on before you write down feedback.")
    item = _item(given, sites_of(member))
    _refuse_elsewhere(member, channel, item)
    known = _message(channel, item.remote_id)
    if known is not None:
        return known.conversation_id
    stored = ingest.store_page(channel, [item], backfill=False)
    if not stored.new:
        raise Invalid("Our database refuses these words. Take out unusual characters", "said")
    (conversation_id,) = stored.new
    channel.items_loaded += 1
    channel.last_success_at = now()
    events.record(
        member.organisation_id, "written_down", conversation_id=conversation_id, channel_id=channel.id, member=member
    )
    return conversation_id


def _refuse_elsewhere(member: Member, channel: Channel, item: InboundItem) -> None:
    """Nobody writes down what they, and perhaps nobody of their team, will not find again."""
    limits = places.of(member)
    if limits and not places.is_within(limits, channel.id, item.service_code or "", item.service_name or ""):
        raise Invalid("Choose a site or ward that your team looks after", "site" if limits.sites else "ward")


def written(member: Member, channel: Channel, conversation_id: UUID) -> Written | None:
    """Return what is known of a conversation that was written down on this channel, None for any other."""
    try:
        conversations.find(member, conversation_id)
    except NotFound:
        return None
    message = _first(channel, conversation_id)
    if message is None or message.withdrawn_at is not None:
        return None
    return Written(conversation_id, _fresh(message))


def take_back(member: Member, channel_id: UUID, conversation_id: UUID) -> None:
    """Forget the words of what was written down by mistake, within a day; again: nothing happens.

    Raises: NotFound, NotAllowed, Conflict after a day.
    """
    channel = channel_for(member, channel_id, lock=True)
    conversations.find(member, conversation_id)
    message = _first(channel, conversation_id)
    if message is None:
        raise NotFound
    if message.withdrawn_at is None and not _fresh(message):
        raise Conflict("This was written down more than a day ago, so it stays.")
    ingest.store_page(channel, [withdrawn(message.remote_id)], backfill=False)
    audit.did(member, "written_down_taken_back", "conversation", conversation_id)


def _fresh(message: Message) -> bool:
    return now() - message.received_at < _UNDO


def _message(channel: Channel, remote_id: str) -> Message | None:
    here = (Message.organisation_id == channel.organisation_id, Message.channel_id == channel.id)
    return db.session.scalar(select(Message).where(*here, Message.remote_id == remote_id))


def _first(channel: Channel, conversation_id: UUID) -> Message | None:
    here = (Message.organisation_id == channel.organisation_id, Message.channel_id == channel.id)
    inbound = select(Message).where(*here, Message.conversation_id == conversation_id, Message.direction == "inbound")
    return db.session.scalar(inbound.order_by(Message.posted_at, Message.id).limit(1))


def _item(given: Mapping[str, str], sites: Sequence[tuple[str, str]]) -> InboundItem:
    key = given.get("key", "")
    if not _KEY.fullmatch(key):
        raise Invalid("This page is too old. Open it again.", "")
    name, ratings = f"entered-{key}", _ratings(given.get("rating", ""))
    site, ward = _site(given.get("site", ""), sites), line(given.get("ward", ""), 100)
    return InboundItem(
        remote_id=name,
        thread_id=name,
        direction="inbound",
        author=Author(None, line(given.get("who", ""), 100) or "Anonymous"),
        text=_said(given.get("said", "")),
        posted_at=_moment(given.get("day", "")),
        ratings=ratings,
        # "RXX01 Ward 3" is named by the register: the site, and what stands behind its code.
        service_code=f"{site} {ward}".strip() if site else None,
        service_name=None if site else ward or None,
        author_role=_how(given.get("how", "")),
        source={"entered": True},
    )


def _said(given: str) -> str:
    words = clean(given, LONGEST + 1)
    if not words:
        raise Invalid("Write down what was said", "said")
    if len(words) > LONGEST:
        raise Invalid(f"Shorten what was said to {LONGEST:,} characters", "said")
    return words


def _how(given: str) -> str:
    if given not in dict(HOW):
        raise Invalid("Choose how it was said", "how")
    return dict(HOW)[given]


def _ratings(given: str) -> tuple[Rating, ...]:
    if not given:
        return ()
    if given not in dict(RATINGS):
        raise Invalid("Choose one of the ratings, or none", "rating")
    return (Rating(RATING_NAME, int(given), 5),)


def _site(given: str, sites: Sequence[tuple[str, str]]) -> str:
    if given and given not in dict(sites):
        raise Invalid("Choose one of your sites, or none", "site")
    return given


def _moment(given: str) -> datetime:
    """Return now for today, else noon of that day in London."""
    at = now()
    today = at.astimezone(LONDON).date()
    try:
        day = date.fromisoformat(given) if given else today
    except ValueError:
        raise Invalid("Enter the day as a date", "day") from None
    if day > today:
        raise Invalid("Enter today or an earlier day", "day")
    if day < today - _OLDEST:
        raise Invalid("Enter a day within the last ten years", "day")
    return at if day == today else datetime.combine(day, _NOON, LONDON)
