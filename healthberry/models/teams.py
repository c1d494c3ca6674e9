"""Teams: people who see only what is about some sites, services and channels."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from healthberry.extensions import Base
from healthberry.models.owned import Moment, OrganisationOwned, ShortText, now, owned_key


class Team(Base, OrganisationOwned):
    """A team and its places: whoever is in one sees what is about these alone (core.places).

    `sites` are ODS codes, each with all that is in it; `services` codes of services in a site ("RXX01 outpatients"), or
    names where no code is known; `channels` are seen whole. `unplaced`: also what says of no place that it is about it.
    """

    __tablename__ = "teams"
    __table_args__ = (UniqueConstraint("organisation_id", "name"),)

    name: Mapped[ShortText]
    sites: Mapped[list[str]] = mapped_column(ARRAY(String), default=list)
    services: Mapped[list[str]] = mapped_column(ARRAY(String), default=list)
    channels: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list)
    unplaced: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Moment] = mapped_column(default=now)


class TeamMember(Base):
    """Who is in a team; also who left the organisation, should they come back."""

    __tablename__ = "team_members"
    __table_args__ = (
        owned_key("team_id", "teams"),
        owned_key("member_id", "members"),
        Index("ix_team_members_member", "organisation_id", "member_id"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    team_id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(primary_key=True)
