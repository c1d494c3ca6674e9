"""What a team can be limited to: the sites and services that are written about or registered, and the channels."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from healthberry.core import channels, discovery, register
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member
from healthberry.models.teams import Team

_MOST = 500


@dataclass(frozen=True)
class Offered:
    """What can be chosen: sites and services as pairs of value and name, by name."""

    sites: Sequence[tuple[str, str]]
    services: Sequence[tuple[str, str]]
    channels: Sequence[Channel]

    def chosen(self, sites: Sequence[str], services: Sequence[str], ids: Sequence[str]) -> tuple[list[str], ...]:
        """Return what of these is offered, without the rest."""
        linked = {str(one.id) for one in self.channels}
        offered = (dict(self.sites), dict(self.services), linked)
        wanted = zip((sites, services, ids), offered, strict=True)
        return tuple(sorted({one for one in some if one in known}) for some, known in wanted)


def offered(member: Member, team: Team | None = None) -> Offered:
    """Return what can be chosen; what `team` has already stays on offer. Raises: NotAllowed."""
    require(member, "manage")
    written = _written(member.organisation_id)
    facts = discovery.facts_of(member.organisation_id)
    codes = {code.split(" ")[0] for code, _ in written if code} | set(facts.site_codes)
    codes |= set(team.sites) if team else set()
    names = {code: name for code, name in written if code and " " not in code and name}
    sites = {code: names.get(code, code) for code in codes} | dict(register.names(db.session(), codes))
    services = {code or name: name or code for code, name in written if " " in code or not code}
    services |= {one: one for one in team.services if one not in services} if team else {}
    linked = [*channels.channels_of(member), *channels.unlinked_of(member)]
    return Offered(_by_name(sites), _by_name(services), linked)


def _written(organisation_id: UUID) -> list[tuple[str, str]]:
    """Return the codes and names that feedback is about; one of them may be "", never both."""
    code, name = func.coalesce(Conversation.service_code, ""), func.coalesce(Conversation.service_name, "")
    statement = select(code, func.max(name)).where(
        Conversation.organisation_id == organisation_id, func.concat(code, name) != ""
    )
    # Where there is a code, its name may be written in several ways: one place all the same.
    by_place = statement.group_by(code, func.coalesce(func.nullif(code, ""), name)).limit(_MOST)
    return [(one, called) for one, called in db.session.execute(by_place)]


def _by_name(named: dict[str, str]) -> list[tuple[str, str]]:
    return sorted(named.items(), key=lambda pair: (pair[1].casefold(), pair[0]))
