"""Times for people: relative up to a week, then dates; always with the exact moment beside, Europe/London."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from healthberry.models.owned import now as present

LONDON = ZoneInfo("Europe/London")


def local_day(moment: datetime) -> date:
    """Return the day that a moment falls on in London."""
    return moment.astimezone(LONDON).date()


def exact(moment: datetime) -> str:
    """Return "Monday 3 May 2027, 09:12" in London's time."""
    local = moment.astimezone(LONDON)
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M}"


def clock(moment: datetime, now: datetime | None = None) -> str:
    """Return "14:02" of today, "yesterday at 14:02", "3 May at 14:02" in London's time."""
    local, today = moment.astimezone(LONDON), (now or present()).astimezone(LONDON).date()
    days = (today - local.date()).days
    if days == 0:
        return f"{local:%H:%M}"
    return f"{'yesterday' if days == 1 else f'{local.day} {local:%B}'} at {local:%H:%M}"


def day(moment: datetime) -> str:
    """Return "3 May 2027" in London's time."""
    local = moment.astimezone(LONDON)
    return f"{local.day} {local:%B %Y}"


def dated(moment: str) -> str:
    """Return the same of a moment in ISO 8601; nothing of nothing."""
    return day(datetime.fromisoformat(moment)) if moment else ""


def relative(moment: datetime, now: datetime | None = None) -> str:
    """Return "Now", "4 min", "3 h", "Yesterday", "Sat", "3 May" or "3 May 2025", whichever says enough."""
    now = now or present()
    age = now - moment
    local, today = moment.astimezone(LONDON), now.astimezone(LONDON).date()
    days = (today - local.date()).days
    if age < timedelta(minutes=1):
        return "Now"
    if age < timedelta(hours=1):
        return f"{age.seconds // 60} min"
    if days == 0:
        return f"{age.seconds // 3600} h"
    if days == 1:
        return "Yesterday"
    if days < 7:
        return f"{local:%a}"
    return f"{local.day} {local:%b}" if local.year == today.year else f"{local.day} {local:%b %Y}"


def time_left(until: datetime, now: datetime | None = None) -> str:
    """Return "2 days", "5 hours", "40 minutes" or "less than a minute": what is left, never more than there is."""
    seconds = (until - (now or present())).total_seconds()
    for name, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if (count := int(seconds // size)) >= 1:
            return f"{count} {name}{'s' * (count > 1)}"
    return "less than a minute"


def moment(value: datetime | None) -> Markup:
    """Return a `<time>` that shows the relative time and says the exact one on hover and to screen readers."""
    if value is None:
        return Markup("")
    machine, said = value.astimezone(UTC).isoformat(timespec="seconds"), exact(value)
    # Digits and the names of days and months: nothing in them is to be escaped, and `Markup.format` is slow.
    return Markup(  # noqa: S704
        f'<time datetime="{machine}" title="{said}"><span aria-hidden="true" data-relative>{relative(value)}</span>'
        f'<span class="nhsuk-u-visually-hidden">{said}</span></time>'
    )  # nosec B704
