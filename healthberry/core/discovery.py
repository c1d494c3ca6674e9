"""Looking for an organisation's channels: by what, when again, and what people are told of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update

from healthberry.connectors.base import ProviderFacts
from healthberry.core import events, organisations, register
from healthberry.extensions import db
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now

_FIRST_PAUSE = timedelta(minutes=5)
_LONGEST_PAUSE = timedelta(days=1)
_MOST_REPEATS = 11  # about a week
_BETWEEN_WISHES = timedelta(minutes=1)


def facts_of(organisation_id: UUID) -> ProviderFacts:
    """Return the facts; an organisation that is not in the register has no code and no sites."""
    organisation = db.session.get_one(Organisation, organisation_id)
    sites = register.site_codes(db.session(), organisation.ods_code) if organisation.ods_code else []
    return ProviderFacts(
        ods_code=organisation.ods_code or "",
        name=organisation.name,
        kind=organisation.kind,
        web_domain=organisation.web_domain,
        nation=organisation.nation,
        site_codes=tuple(sites),
    )


def schedule_look(organisation_id: UUID, at: datetime) -> None:
    """Have the channels looked for at that time."""
    db.session.execute(update(Organisation).where(Organisation.id == organisation_id).values(discover_next_at=at))


def end_look(organisation_id: UUID, problems: Sequence[str], *, again: bool = False) -> None:
    """Note that every kind was looked for, and in sentences what could not be found and why.

    With `again`, something failed for the moment: look again, with growing pauses of at most a day, for about a week.
    """
    organisation = db.session.get_one(Organisation, organisation_id, with_for_update={"key_share": True})
    failures = organisation.discover_failures + 1 if again else 0
    organisation.discover_failures = failures
    organisation.discover_next_at = now() + _pause(failures) if 0 < failures <= _MOST_REPEATS else None
    organisation.discovered_at = now()
    organisations.keep(organisation_id, discovery_problems=list(problems))
    events.record(organisation_id, "channels_looked_for")


def want_look(member: Member) -> bool:
    """Have the channels looked for once more, now; return whether that begins.

    It does not while a look is under way, within a minute of the last one, or where nothing is known to look by.
    """
    organisation = db.session.get_one(Organisation, member.organisation_id, with_for_update={"key_share": True})
    just_now = organisation.discovered_at is not None and now() - organisation.discovered_at < _BETWEEN_WISHES
    if is_looking(organisation) or just_now or not can_look(organisation):
        return False
    organisation.discover_next_at, organisation.discover_failures = now(), 0
    events.record(member.organisation_id, "channels_wanted", member=member)
    return True


def is_looking(organisation: Organisation) -> bool:
    """Say whether channels are being looked for: for the first time, or because somebody wanted it.

    A look that repeats one that failed does not count: it is made in the background, and nobody waits for it.
    """
    return organisation.discover_next_at is not None and not organisation.discover_failures


def can_look(organisation: Organisation) -> bool:
    """Say whether anything is known to look by."""
    return bool(organisation.ods_code or organisation.web_domain)


def _pause(failures: int) -> timedelta:
    """5 minutes, 20, 80, 5 hours, 21 hours, then a day."""
    return min(_FIRST_PAUSE * int(4 ** (failures - 1)), _LONGEST_PAUSE)
