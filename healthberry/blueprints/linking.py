"""Linking channels: what can be linked, the form or the sign-in of its kind, and the choice among several.

Each step ends its transaction before a provider is waited for (link_steps.py).
"""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from healthberry.blueprints import guard, link_steps
from healthberry.connectors.base import Linkable
from healthberry.connectors.errors import ConnectorError
from healthberry.core import channels, events, link_forms, linking, offers, pending_links
from healthberry.core.errors import Conflict, Invalid
from healthberry.core.offers import Offer
from healthberry.core.pending_links import Begun

blueprint = Blueprint("linking", __name__)

_GROUPS = (
    ("reviews", "Reviews"),
    ("social", "Social media"),
    ("own", "What people tell you directly"),
    ("other", "Everything else"),
)


@blueprint.get("/channels/add")
@guard.signed_in
@guard.needs("read")
def index() -> ResponseReturnValue:
    """Show every kind of channel, with what it reads and whether it is linked."""
    kinds = offers.offers(guard.member())
    groups = [(words, [one for one in kinds if one.about.group == group]) for group, words in _GROUPS]
    return render_template("linking/index.html", groups=[(words, some) for words, some in groups if some])


@blueprint.get("/channels/add/<kind>")
@guard.signed_in
@guard.needs("read")
def show(kind: str) -> ResponseReturnValue:
    """Say what linking this kind means, with its form or the button that leads to its sign-in."""
    offer = offers.offer(guard.member(), kind)
    link_steps.let_lead_to_sign_in(offer)
    return _form(offer, {one.name: one.default for one in offer.about.fields})


@blueprint.post("/channels/add/<kind>")
@guard.signed_in
@guard.needs("link")
@guard.proven(guard.RECENTLY)
def begin(kind: str) -> ResponseReturnValue:
    """Take the form: link what it leads to, or lead to the sign-in."""
    member = guard.member()
    connector = offers.check(member, kind)
    fields = connector.capabilities.fields
    try:
        given = link_forms.checked(fields, request.form)
        events.commit()
        return link_steps.go_on(connector, link_steps.prepared(connector, Begun(kind), given))
    except (link_forms.NotFilledIn, ConnectorError) as error:
        events.forget()
        offer = offers.offer(guard.member(), kind)
        return _form(offer, link_forms.tidied(fields, request.form), link_steps.errors_of(error, fields)), 422


@blueprint.get("/channels/<kind>/callback")
@guard.signed_in
@guard.needs("link")
def show_answer(kind: str) -> ResponseReturnValue:
    """Take the provider's answer. The provider sends the browser here, so this GET may change something: only what
    this very member began by POST within the hour, once, and proven by the state that they were given.
    """
    begun = pending_links.take(guard.member(), kind, request.args.get("state", ""))
    connector = channels.connector_of_kind(kind)
    events.commit()  # no connection to the database is held while the provider is waited for
    if "error" in request.args:
        return link_steps.declined(begun)
    try:
        return link_steps.answered(connector, begun, request.args.to_dict())
    except (ConnectorError, Conflict) as error:
        events.forget()
        return _failed(begun, str(error)), 409


@blueprint.get("/channels/add/<kind>/choose")
@guard.signed_in
@guard.needs("link")
def choices(kind: str) -> ResponseReturnValue:
    """Show what the sign-in or the form opens, to choose from."""
    state = request.args.get("state", "")
    return _choice(pending_links.look_up(guard.member(), kind, state), state)


@blueprint.post("/channels/add/<kind>/choose")
@guard.signed_in
@guard.needs("link")
@guard.proven(guard.RECENTLY)
def choose(kind: str) -> ResponseReturnValue:
    """Link what was chosen; without a choice, ask again."""
    member, state = guard.member(), request.form.get("state", "")
    begun = pending_links.take(member, kind, state)
    chosen = _chosen(begun, request.form.getlist("chosen"))
    try:
        made = linking.link(member, begun, chosen)
    except Invalid as error:
        events.forget()  # the link that was begun waits on
        return _choice(begun, state, {error.field: error.reason}), 422
    events.commit()
    return link_steps.done(begun, made, chosen)


def _chosen(begun: Begun, remote_ids: Sequence[str]) -> list[Linkable]:
    return [one for one in begun.found.found if one.listing.remote_id in remote_ids]


def _form(offer: Offer, values: dict[str, str], errors: dict[str, str] | None = None, trouble: str = "") -> str:
    return render_template("linking/show.html", offer=offer, values=values, errors=errors or {}, trouble=trouble)


def _choice(begun: Begun, state: str, errors: dict[str, str] | None = None) -> str:
    offer = offers.offer(guard.member(), begun.kind)
    linked = {channel.remote_id for channel in offer.channels}
    return render_template(
        "linking/choose.html", offer=offer, found=begun.found, state=state, linked=linked, errors=errors or {}
    )


def _failed(begun: Begun, trouble: str) -> str:
    member = guard.member()
    if begun.channel_id is not None:
        channel = channels.find(member.organisation_id, begun.channel_id)
        return render_template("welcome/connect.html", channel=channel, wanted=begun.wanted, trouble=trouble)
    offer = offers.offer(member, begun.kind)
    values = link_forms.tidied(offer.about.fields, _texts(begun.access.config))
    return _form(offer, values, trouble=trouble)


def _texts(config: Any) -> dict[str, str]:
    return {name: value for name, value in dict(config).items() if isinstance(value, str)}
