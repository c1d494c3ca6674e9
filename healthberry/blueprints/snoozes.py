"""When a conversation that is put away comes back: a few times by name, or one that was typed in; London's clock."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta

from healthberry.blueprints.moments import LONDON
from healthberry.core.errors import Invalid

_MORNING = time(8)
_FURTHEST = timedelta(days=366)


def choices(now: datetime | None = None) -> list[tuple[str, str]]:
    """Return the times that can be chosen by name, each with its words: ("tomorrow", "Tomorrow, Tue 08:00")."""
    local = (now or datetime.now(UTC)).astimezone(LONDON)
    return [(name, f"{words}, {until(when(local), local)}") for name, (words, when) in _NAMED.items()]


def until(moment: datetime | None, now: datetime | None = None) -> str:
    """Return "Tue 08:00" within a week, "3 May 08:00" after it; "" for None."""
    if moment is None:
        return ""
    local = moment.astimezone(LONDON)
    days = (local.date() - (now or datetime.now(UTC)).astimezone(LONDON).date()).days
    return f"{local:%a %H:%M}" if 0 <= days < 7 else f"{local.day} {local:%b %H:%M}"


def chosen(form: Mapping[str, str], now: datetime | None = None) -> datetime:
    """Return the moment that the form asks for, by name (`until`) or typed in (`at`). Raises: Invalid."""
    now = now or datetime.now(UTC)
    named = _NAMED.get(form.get("until", ""))
    if named is not None:
        return named[1](now.astimezone(LONDON)).astimezone(UTC)
    try:
        typed = datetime.fromisoformat(form.get("at", "")).replace(tzinfo=LONDON).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid("Choose a day and a time.", "at") from error
    if typed - now > _FURTHEST:
        raise Invalid("Choose a time within a year.", "at")
    return typed


def _in_hours(hours: int) -> Callable[[datetime], datetime]:
    return lambda local: (local + timedelta(hours=hours)).replace(second=0, microsecond=0)


def _in_days(days: int) -> Callable[[datetime], datetime]:
    return lambda local: datetime.combine(local.date() + timedelta(days=days), _MORNING, LONDON)


def _on_monday(local: datetime) -> datetime:
    return _in_days(7 - local.weekday())(local)


_NAMED: Mapping[str, tuple[str, Callable[[datetime], datetime]]] = {
    "later": ("Later today", _in_hours(3)),
    "tomorrow": ("Tomorrow", _in_days(1)),
    "monday": ("Next Monday", _on_monday),
    "week": ("In a week", _in_days(7)),
}
