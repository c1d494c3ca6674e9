"""What was found for an organisation: its channels, as they fill; shown after signing up and behind "Channels"."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from healthberry.blueprints import guard
from healthberry.blueprints.render import wants_part
from healthberry.core import channels as linked
from healthberry.core import discovery, events, members, organisations
from healthberry.models.channels import Channel

blueprint = Blueprint("welcome", __name__)


@blueprint.get("/welcome")
@guard.signed_in
@guard.needs("read")
def index() -> ResponseReturnValue:
    """Show what was found, right after signing up."""
    return _page("welcome/index.html")


@blueprint.get("/channels")
@guard.signed_in
@guard.needs("read")
def channels() -> ResponseReturnValue:
    """Show the channels at any later time."""
    return _page("welcome/channels.html")


@blueprint.get("/channels/found")
@guard.signed_in
@guard.needs("read")
def found() -> ResponseReturnValue:
    """Return the list of cards alone: asked again and again for the few seconds until something was found."""
    return _page("welcome/_found.html")


@blueprint.post("/channels/look")
@guard.signed_in
@guard.needs("read")
def look() -> ResponseReturnValue:
    """Look for the channels once more; within a minute of the last time: nothing happens."""
    discovery.want_look(guard.member())
    events.commit()
    return redirect(url_for("welcome.channels"), 303)


@blueprint.post("/channels/<uuid:channel_id>/on", defaults={"on": True}, endpoint="switch_on")
@blueprint.post("/channels/<uuid:channel_id>/off", defaults={"on": False}, endpoint="switch_off")
@guard.signed_in
@guard.needs("link")
@guard.proven(guard.RECENTLY)
def switch(channel_id: UUID, on: bool) -> ResponseReturnValue:
    """Switch a channel on or off; again: it stays so."""
    channel = linked.switch(guard.member(), channel_id, on)
    events.commit()
    if wants_part():
        return render_channel_card(channel)
    return redirect(url_for("welcome.channels", _anchor=f"channel-{channel_id}"), 303)


def render_channel_card(channel: Channel) -> str:
    """Return the card of a channel as the member of this request sees it."""
    member = guard.member()
    return render_template(
        "welcome/_channel.html", channel=channel, member=member, may_switch=linked.may_switch(member)
    )


def _page(template: str) -> str:
    member = guard.member()
    organisation = members.organisation_of(member)
    return render_template(
        template,
        member=member,
        organisation=organisation,
        problems=organisations.details_of(member.organisation_id).discovery_problems,
        channels=linked.channels_of(member),
        unlinked=linked.unlinked_of(member),
        may_switch=linked.may_switch(member),
        looking=discovery.is_looking(organisation),
        can_look=discovery.can_look(organisation),
        number=events.last_number(member.organisation_id),
        next_step=members.next_step(member),
    )
