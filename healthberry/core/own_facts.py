"""What an organisation's documents for information governance are filled with: as it is now, changing nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from healthberry.core import commissioning, keeping, members, organisations, public_pages
from healthberry.core.keeping import Limit
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.keeping import Erasure, Hold, Restriction
from healthberry.models.organisations import Member, Organisation, OrganisationDetails
from healthberry.models.rights import DataRequest, Disclosure


@dataclass(frozen=True)
class OwnFacts:
    """`people` counts members by role; `commissioners` are shown figures and published words.

    `limits` are how long words are kept, by kind of channel. `requests` counts what people asked, `breaches` the
    replies that contained personal data.
    """

    organisation: Organisation
    details: OrganisationDetails
    channels: Sequence[Channel]
    limits: Sequence[Limit]
    people: Mapping[str, int]
    commissioners: Sequence[str]
    requests: Mapping[str, int]
    breaches: int
    erasures: int
    restrictions: int
    holds: int
    public_since: datetime | None  # when the public page was switched on
    public_kinds: Sequence[str]  # the kinds of channels that it shows

    @property
    def kinds(self) -> Sequence[str]:
        """Return the kinds of the channels, each once."""
        return sorted({one.kind for one in self.channels})

    @property
    def dpo(self) -> str:
        """Return the data protection contact on one line; "" where none is named."""
        return ", ".join(one for one in (self.details.dpo_name, self.details.dpo_email) if one)


def of(member: Member) -> OwnFacts:
    """Return the facts. Raises: NotAllowed."""
    require(member, "manage")
    org = member.organisation_id
    mine = select(Channel).where(Channel.organisation_id == org, Channel.state != "unlinked")
    linked = db.session.scalars(mine.order_by(Channel.kind, Channel.label)).all()
    page = public_pages.find(org)
    asked = select(DataRequest.kind).where(DataRequest.organisation_id == org)
    return OwnFacts(
        organisation=members.organisation_of(member),
        details=organisations.details_of(org),
        channels=linked,
        limits=keeping.limits(member),
        people=Counter(one.role for one in members.everybody(member)),
        commissioners=commissioning.commissioners(member),
        requests=Counter(db.session.scalars(asked)),
        breaches=_count(member, Disclosure),
        erasures=_count(member, Erasure),
        restrictions=_count(member, Restriction),
        holds=_count(member, Hold),
        public_since=page.on_since if page else None,
        public_kinds=sorted({one.kind for one in linked if page and str(one.id) in page.channels}),
    )


def _count(member: Member, model: type[Disclosure | Erasure | Restriction | Hold]) -> int:
    counted = select(func.count(model.id)).where(model.organisation_id == member.organisation_id)
    return db.session.scalar(counted) or 0
