"""What a list can be narrowed by: the linked channels, and the sites and services that somebody has written about."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Uuid, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import JSONB

from healthberry.core import channels, places
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member

_MOST_SERVICES = 200

# One step through the index per service: reading every row for its distinct values would take longer with each review.
_SERVICES = text("""
WITH RECURSIVE step AS (
    (SELECT service_code, service_name FROM conversations
      WHERE organisation_id = :organisation_id AND service_code > '' ORDER BY service_code LIMIT 1)
    UNION ALL
    SELECT next.service_code, next.service_name FROM step, LATERAL (
        SELECT service_code, service_name FROM conversations
         WHERE organisation_id = :organisation_id AND service_code > step.service_code
         ORDER BY service_code LIMIT 1) AS next
)
SELECT jsonb_agg(jsonb_build_array(service_code, coalesce(service_name, service_code)))
  FROM (SELECT * FROM step LIMIT :most) AS found
""").columns(services=JSONB)

# Both in one question, for every list asks it.
_BOTH = (
    select(Channel, _SERVICES.scalar_subquery())
    .where(Channel.organisation_id == bindparam("organisation_id", type_=Uuid), Channel.state != "unlinked")
    .order_by(Channel.kind, Channel.created_at)
)


@dataclass(frozen=True)
class Narrowing:
    """The linked channels in the order of their kinds; ODS code and name of the services, by name."""

    linked: Sequence[Channel]
    services: Sequence[tuple[str, str]]


def narrowing(member: Member) -> Narrowing:
    """Return what the member's list can be narrowed by."""
    if places.of(member) is not None:
        return Narrowing(channels.channels_of(member), _within_places(member))
    asked = {"organisation_id": member.organisation_id, "most": _MOST_SERVICES}
    found = db.session.execute(_BOTH, asked).all()
    if not found:  # what was written where nothing is linked any more
        written = db.session.execute(_SERVICES, asked).scalar()
        return Narrowing([], _by_name(written))
    return Narrowing([channel for channel, _ in found], _by_name(found[0][1]))


def _within_places(member: Member) -> Sequence[tuple[str, str]]:
    name = func.max(func.coalesce(Conversation.service_name, Conversation.service_code))
    mine = (Conversation.organisation_id == member.organisation_id, Conversation.service_code > "")
    statement = select(Conversation.service_code, name).where(*mine, *places.seen(member))
    return _by_name(db.session.execute(statement.group_by(Conversation.service_code).limit(_MOST_SERVICES)).all())


def _by_name(written: Iterable[Sequence[Any]] | None) -> Sequence[tuple[str, str]]:
    return sorted(((code, name) for code, name in written or ()), key=lambda pair: pair[1])
