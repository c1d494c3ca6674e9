"""The calendar of a channel: which days were read, and having a day read again."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from healthberry.blueprints import guard
from healthberry.blueprints.moments import LONDON
from healthberry.core import calendar_days, channels, events, reading, walks
from healthberry.core.calendar_days import Day
from healthberry.core.errors import Invalid, NotFound
from healthberry.models.channels import Channel
from healthberry.models.owned import now

blueprint = Blueprint("coverage", __name__)

MONTHS_SHOWN = 6


@dataclass(frozen=True)
class Month:
    """One month of a calendar: `weeks` of seven places each, None outside the month."""

    first: date
    weeks: list[list[Day | None]]

    def counted(self, state: str) -> int:
        """Return how many days of the month are in this state."""
        return sum(one is not None and one.state == state for week in self.weeks for one in week)

    @property
    def items(self) -> int:
        """Return how many items came in this month."""
        return sum(one.count for week in self.weeks for one in week if one is not None)


@blueprint.get("/channels/<uuid:channel_id>/coverage")
@guard.signed_in
@guard.needs("read")
def show(channel_id: UUID) -> ResponseReturnValue:
    """Show half a year of a channel's days, up to `month`, and one `day` with what can be done about it."""
    channel = _with_calendar(channel_id)
    last = _month(request.args.get("month", ""), channel)
    shown = months(channel, last, MONTHS_SHOWN)
    begins = reading.backfill_since(channel).astimezone(LONDON).date().replace(day=1)
    return render_template(
        "coverage/show.html",
        channel=channel,
        months=shown,
        picked=_picked(channel, request.args.get("day", "")),
        earlier=_before(shown[-1].first) if shown[-1].first > begins else None,
        later=_after(last, MONTHS_SHOWN) if last < _today().replace(day=1) else None,
        gaps=calendar_days.summary(channel)[2],
        walk=walks.of(channel),
        can_read=walks.can(channel) and channels.may_switch(guard.member()),
    )


@blueprint.post("/channels/<uuid:channel_id>/coverage")
@guard.signed_in
@guard.needs("link")
def read_again(channel_id: UUID) -> ResponseReturnValue:
    """Have everything from one day on read again; while that goes on already, nothing more happens."""
    _with_calendar(channel_id)
    day = _date(request.form.get("day", ""))
    if day is None:
        raise Invalid("Choose a day of the calendar.", "day")
    walks.want(guard.member(), channel_id, day)
    events.commit()
    flash(f"Everything from {day.day} {day:%B %Y} on is being read again. What had been missed appears by itself.")
    return redirect(url_for("coverage.show", channel_id=channel_id, month=f"{day:%Y-%m}", day=day.isoformat()), 303)


def months(channel: Channel, last: date, count: int) -> list[Month]:
    """Return so many months, the newest first, from the one that begins on `last` back."""
    firsts = [last]
    while len(firsts) < count:
        firsts.append(_before(firsts[-1]))
    ends = _after(last, 1) - timedelta(days=1)
    known = {one.day: one for one in calendar_days.days(channel, firsts[-1], ends)}
    return [_drawn(first, known) for first in firsts]


def this_month() -> date:
    """Return the first day of London's present month."""
    return _today().replace(day=1)


def _drawn(first: date, known: dict[date, Day]) -> Month:
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    return Month(first, [[known[day] if day.month == first.month else None for day in week] for week in weeks])


def _with_calendar(channel_id: UUID) -> Channel:
    channel = channels.find(guard.member().organisation_id, channel_id)
    if not calendar_days.is_kept(channel):
        raise NotFound
    return channel


def _picked(channel: Channel, text: str) -> Day | None:
    day = _date(text)
    if day is None or day > _today():
        return None
    return calendar_days.days(channel, day, day)[0]


def _month(text: str, channel: Channel) -> date:
    """Return the month that is asked for, within what there can be; the present one for nonsense."""
    wanted = _date(f"{text}-01") or this_month()
    oldest = reading.backfill_since(channel).astimezone(LONDON).date().replace(day=1)
    return max(min(wanted, this_month()), oldest)


def _date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if date(2000, 1, 1) <= found <= date(2200, 1, 1) else None


def _today() -> date:
    return now().astimezone(LONDON).date()


def _before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)


def _after(first: date, count: int) -> date:
    for _ in range(count):
        first = (first + timedelta(days=32)).replace(day=1)
    return first
