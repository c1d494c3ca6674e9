"""What can be linked: the kinds of channels that this installation has, and who may link one more of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from healthberry.connectors.base import Capabilities, Connector
from healthberry.core import channels
from healthberry.core.errors import Conflict, Invalid
from healthberry.core.permissions import may, require
from healthberry.extensions import part
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member


@dataclass(frozen=True)
class Offer:
    """A kind of channel that can be linked: `channels` are those linked already, `missing` says what stands in the way.

    `may_link` says whether the member who asked may link one more of them.
    """

    kind: str
    about: Capabilities
    channels: Sequence[Channel]
    missing: str
    may_link: bool


def offers(member: Member) -> list[Offer]:
    """Return every kind that this installation has, in order."""
    linked = channels.channels_of(member)
    return [_offer(member, connector, linked) for connector in part("connectors")]


def offer(member: Member, kind: str) -> Offer:
    """Return one kind. Raises: NotFound for one that this installation does not have."""
    return _offer(member, channels.connector_of_kind(kind), channels.channels_of(member))


def check(member: Member, kind: str) -> Connector:
    """Return the connector of a kind of which `member` may link one more.

    Raises: NotFound; NotAllowed; Conflict where this installation lacks a key, or there can be no second one.
    """
    connector = channels.connector_of_kind(kind)
    require_link(member, connector.capabilities)
    if missing := connector.missing():
        raise Conflict(missing)
    refuse_second(member, kind, connector.capabilities, ())
    return connector


def may_link(member: Member, about: Capabilities) -> bool:
    """Say whether `member` may link channels of this kind.

    Managers may. Whoever proved only a mailbox, and is alone, may where nobody signs in and no secret is handed over.
    """
    return may(member, "manage") or (not _hands_over(about) and channels.may_switch(member))


def require_link(member: Member, about: Capabilities) -> None:
    """Refuse whoever may not link channels of this kind. Raises: NotAllowed."""
    if not may_link(member, about):
        require(member, "manage")


def refuse_second(member: Member, kind: str, about: Capabilities, chosen: Collection[str]) -> None:
    """Refuse a second channel of a kind that there can be only one of; `chosen` are remote ids, linked again or not."""
    if about.several:
        return
    if len(set(chosen)) > 1:
        raise Invalid("Choose one: there can be only one.", "chosen")
    others = [one for one in channels.channels_of(member) if one.kind == kind and one.remote_id not in chosen]
    if others:
        raise Conflict(f"{others[0].label} is linked already, and there can be only one. Unlink it first.")


def _offer(member: Member, connector: Connector, linked: Sequence[Channel]) -> Offer:
    about = connector.capabilities
    own = [channel for channel in linked if channel.kind == connector.kind]
    return Offer(
        connector.kind,
        about,
        own,
        missing=connector.missing(),
        may_link=may_link(member, about) and (about.several or not own),
    )


def _hands_over(about: Capabilities) -> bool:
    return about.connect == "oauth" or any(one.kind == "secret" for one in about.fields)
