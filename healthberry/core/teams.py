"""Teams: an administrator makes them, says what they look after, and puts people in. What that means: core.places.

What a member's teams let them see is written with the member whenever a team changes, in the same transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from healthberry.core import audit, events, members, roles, team_places
from healthberry.core.errors import Conflict, Invalid, NotFound
from healthberry.core.permissions import require
from healthberry.core.places import Places
from healthberry.extensions import db
from healthberry.models.organisations import Member
from healthberry.models.owned import new_id
from healthberry.models.teams import Team, TeamMember

LONGEST_NAME = 100
MOST = 200


@dataclass(frozen=True)
class Wish:
    """What a team is to be: its name, its places (values of team_places.Offered), and the ids of its people."""

    name: str
    sites: Sequence[str] = ()
    services: Sequence[str] = ()
    channels: Sequence[str] = ()
    unplaced: bool = False
    people: Collection[UUID] = ()


def listed(member: Member) -> Sequence[Team]:
    """Return the organisation's teams by name. Raises: NotAllowed."""
    require(member, "see_colleagues")
    mine = select(Team).where(Team.organisation_id == member.organisation_id)
    return db.session.scalars(mine.order_by(Team.name)).all()


def people(member: Member) -> Mapping[UUID, Collection[UUID]]:
    """Return the ids of the people in each team, also of those who left. Raises: NotAllowed."""
    require(member, "see_colleagues")
    return _people(member.organisation_id)


def find(member: Member, team_id: UUID) -> Team:
    """Return a team to who may change it. Raises: NotFound, NotAllowed."""
    require(member, "manage")
    found = db.session.get(Team, (member.organisation_id, team_id))
    if found is None:
        raise NotFound
    return found


def make(member: Member, wish: Wish) -> Team:
    """Make a team. Raises: NotAllowed; Invalid (name, places)."""
    require(member, "manage")
    _hold(member)
    if len(listed(member)) >= MOST:
        raise Invalid(f"An organisation can have up to {MOST} teams.", "name")
    team = Team(organisation_id=member.organisation_id, id=new_id(), name="")
    _fill(member, team, wish)
    db.session.add(team)
    db.session.flush()
    _settle(member, team, wish.people, "team_made")
    return team


def change(member: Member, team_id: UUID, wish: Wish) -> Team:
    """Let a team be what is wished; the same again changes nothing. Raises: NotFound, NotAllowed, Invalid."""
    require(member, "manage")
    _hold(member)
    team = find(member, team_id)
    _fill(member, team, wish)
    _settle(member, team, wish.people, "team_changed")
    return team


def remove(member: Member, team_id: UUID) -> None:
    """Remove a team that nobody is in: taking it away would show its people everything at once.

    Raises: NotFound, NotAllowed, Conflict.
    """
    require(member, "manage")
    _hold(member)
    team = find(member, team_id)
    if _present(member) & set(_people(member.organisation_id).get(team_id, ())):
        raise Conflict("Take everybody out of this team first. Without it they would see everything.")
    name = team.name
    db.session.delete(team)
    db.session.flush()
    audit.did(member, "team_removed", "team", team_id, name=name)


def join(inviter: Member, joined: Member, team_id: UUID) -> None:
    """Put somebody who was invited into a team, besides those that they are in. Raises: NotFound, NotAllowed."""
    require(inviter, "manage")
    _hold(inviter)
    team = find(inviter, team_id)
    _settle(inviter, team, {*_people(inviter.organisation_id).get(team_id, ()), joined.id}, "team_changed")


def _hold(member: Member) -> None:
    """Let nobody else change a team meanwhile: what somebody sees is made of all teams that they are in."""
    roles.hold_administrators(member)
    db.session.scalars(
        select(Team)
        .where(Team.organisation_id == member.organisation_id)
        .order_by(Team.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()


def _fill(member: Member, team: Team, wish: Wish) -> None:
    name = " ".join(wish.name.replace("\x00", "").split())
    if not name:
        raise Invalid("Give the team a name", "name")
    if len(name) > LONGEST_NAME:
        raise Invalid(f"Give the team a name of up to {LONGEST_NAME} characters", "name")
    if any(one.name.casefold() == name.casefold() and one.id != team.id for one in listed(member)):
        raise Invalid("There is a team of this name already", "name")
    known = team_places.offered(member, team if team.name else None)
    sites, services, channels = known.chosen(wish.sites, wish.services, wish.channels)
    if not (sites or services or channels or wish.unplaced):
        raise Invalid("Choose at least one place that the team looks after", "places")
    team.name, team.unplaced = name, wish.unplaced
    team.sites, team.services, team.channels = sites, services, [UUID(one) for one in channels]


def _settle(member: Member, team: Team, wished: Collection[UUID], action: str) -> None:
    """Put in who is wished and take out who is not, of those who are present; write with each what they see now."""
    before = set(_people(member.organisation_id).get(team.id, ()))
    present = _present(member)
    joined, left = (set(wished) & present) - before, (before & present) - set(wished)
    here = (TeamMember.organisation_id == member.organisation_id, TeamMember.team_id == team.id)
    db.session.execute(delete(TeamMember).where(*here, TeamMember.member_id.in_(left)))
    rows = [{"organisation_id": member.organisation_id, "team_id": team.id, "member_id": one} for one in sorted(joined)]
    if rows:
        db.session.execute(insert(TeamMember).values(rows).on_conflict_do_nothing())
    db.session.flush()
    facts = {"sites": team.sites, "services": team.services, "channels": team.channels, "unplaced": team.unplaced}
    audit.did(member, action, "team", team.id, name=team.name, **facts, joined=sorted(joined), left=sorted(left))
    _limit(member, before | joined)


def _limit(member: Member, ids: Collection[UUID]) -> None:
    """Write with these members what their teams let them see: all that one of them sees, everything without a team."""
    org = member.organisation_id
    of_team = (Team.organisation_id == TeamMember.organisation_id) & (Team.id == TeamMember.team_id)
    rows = select(TeamMember.member_id, Team).join(Team, of_team).where(TeamMember.organisation_id == org)
    theirs: dict[UUID, list[Team]] = {}
    for member_id, team in db.session.execute(rows.where(TeamMember.member_id.in_(ids))):
        theirs.setdefault(member_id, []).append(team)
    found = select(Member).where(Member.organisation_id == org, Member.id.in_(ids)).order_by(Member.id)
    for one in db.session.scalars(found.with_for_update(key_share=True)).all():
        wanted = _together(theirs[one.id]).to_json() if one.id in theirs else None
        if _as_kept(one.limited_to) != _as_kept(wanted):
            one.limited_to = wanted
            events.record(org, "member_limited", subject_id=one.id, member=member, everything=wanted is None)


def _together(teams: Sequence[Team]) -> Places:
    some = [[one for team in teams for one in getattr(team, name)] for name in ("sites", "services", "channels")]
    return Places.of(some[0], some[1], some[2], unplaced=any(team.unplaced for team in teams))


def _as_kept(limits: dict[str, object] | None) -> Places | None:
    return None if limits is None else Places.of(**limits)  # type: ignore[arg-type]


def _present(member: Member) -> set[UUID]:
    return {one.id for one in members.everybody(member)}


def _people(organisation_id: UUID) -> dict[UUID, set[UUID]]:
    rows = select(TeamMember.team_id, TeamMember.member_id).where(TeamMember.organisation_id == organisation_id)
    found: dict[UUID, set[UUID]] = {}
    for team_id, member_id in db.session.execute(rows):
        found.setdefault(team_id, set()).add(member_id)
    return found
