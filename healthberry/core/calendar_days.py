"""The calendar of one channel: day by day, whether all of it was read, a part, or nothing, and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy import Date, cast, func, select

from healthberry.core import coverage, reading, walks
from healthberry.core.channels import capabilities_of
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Message
from healthberry.models.coverage import Stretch
from healthberry.models.owned import now

State = Literal["complete", "partly", "missing", "later"]
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Day:
    """One day of London's: `state` says how much of it was read, `count` how many items of it are here, `reason` why
    not all; `later` is a day that is still to come."""

    day: date
    state: State
    count: int = 0
    reason: str = ""


def is_kept(channel: Channel) -> bool:
    """Say whether there is a calendar: of channels that are asked. What is sent to us can't be counted by days."""
    return bool(capabilities_of(channel.kind).poll_seconds)


def days(channel: Channel, first: date, last: date, *, clock: datetime | None = None) -> list[Day]:
    """Return the days from `first` to `last`, in order. Changes nothing."""
    at = clock or now()
    known = coverage.stretches(channel)
    counts = _counts(channel, walks.begin_of(first), walks.begin_of(last + timedelta(days=1)))
    wanted = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [_day(channel, known, one, counts.get(one, 0), at) for one in wanted]


def summary(channel: Channel) -> tuple[datetime | None, datetime | None, Sequence[Stretch]]:
    """Return from when to when everything has been read without a gap, up to the newest; and the gaps before it."""
    return channel.read_from, channel.read_to, [one for one in coverage.stretches(channel) if one.state == "gap"]


def _day(channel: Channel, known: Sequence[Stretch], day: date, count: int, at: datetime) -> Day:
    begins, ends = walks.begin_of(day), walks.begin_of(day + timedelta(days=1))
    if begins > at:
        return Day(day, "later", count)
    part = _part_read(_read_spans(channel, known), (begins, ends))
    if part >= ends - begins:
        return Day(day, "complete", count)
    if part and ends > at and channel.read_to and channel.read_to >= at - timedelta(hours=1):
        return Day(day, "partly", count, "The day is not over.")
    reason = _why(channel, known, begins, ends)
    loading = channel.backfill_state != "done" and ends <= channel.created_at
    return Day(day, "partly" if part or (loading and count) else "missing", count, reason)


def _read_spans(channel: Channel, known: Sequence[Stretch]) -> list[Span]:
    spans = [(one.from_at, one.to_at) for one in known if one.state == "read"]
    if channel.read_from and channel.read_to:
        spans.append((channel.read_from, channel.read_to))
    return spans


def _part_read(spans: Iterable[Span], day: Span) -> timedelta:
    """How much of a day lies within the spans, which may overlap."""
    read, reached = timedelta(), day[0]
    for span in sorted(spans):
        begins, ends = max(span[0], reached), min(span[1], day[1])
        if begins < ends:
            read, reached = read + (ends - begins), ends
    return read


def _why(channel: Channel, known: Sequence[Stretch], begins: datetime, ends: datetime) -> str:
    gap = next((one for one in known if one.state == "gap" and one.from_at < ends and begins < one.to_at), None)
    if gap is not None:
        return gap.reason
    if channel.read_to is not None and ends > channel.read_to:
        return _why_not_now(channel)
    if ends <= channel.created_at and channel.backfill_state != "done":
        return "Its history is still being loaded."
    about = capabilities_of(channel.kind)
    if ends <= reading.backfill_since(channel):
        return "We do not go back so far."
    if not about.backfills:
        return "What was there before the channel was linked is not loaded."
    return f"{about.place} served no more: {about.backfill_depth}." if about.backfill_depth else "Not read yet."


def _why_not_now(channel: Channel) -> str:
    if channel.state == "off":
        return "The channel is switched off."
    if channel.state == "unlinked":
        return "The channel is no longer linked."
    return channel.trouble or "It has not been read since."


def _counts(channel: Channel, begins: datetime, ends: datetime) -> dict[date, int]:
    """How many were posted on each day of London's; what a provider dates ahead counts when we got it."""
    posted = func.least(Message.posted_at, Message.received_at)
    day = cast(func.timezone("Europe/London", posted), Date)
    found = select(day, func.count()).where(
        Message.organisation_id == channel.organisation_id,
        Message.channel_id == channel.id,
        Message.direction == "inbound",
        Message.withdrawn_at.is_(None),
        Message.posted_at >= begins,
        posted < ends,
    )
    return dict(db.session.execute(found.group_by(day)).all())
