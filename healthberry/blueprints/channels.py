"""What belongs to one channel: unlinking it, signing in at its provider so that replies can be published there (OAuth
2.0 with PKCE), and the pieces that it sent and nobody could read.
"""

import secrets
import time
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from healthberry.blueprints import guard, headers
from healthberry.connectors.errors import ConnectorError
from healthberry.core import channels, events, quarantine, unlinking
from healthberry.core.errors import Conflict, NotAllowed
from healthberry.core.permissions import may, require
from healthberry.mail import links
from healthberry.models.channels import Channel

blueprint = Blueprint("channels", __name__)

_STARTED = "connecting"
_MINUTES = 15
_STALE = "This sign-in was started too long ago, or in another browser. Start again from the channel."


@blueprint.get("/channels/<uuid:channel_id>/connect")
@guard.signed_in
def explain(channel_id: UUID) -> ResponseReturnValue:
    """Say what signing in at the provider allows, with the button that leads there."""
    channel = _mine(channel_id)
    headers.let_forms_lead_to(_origin(_authorise_url(channel, "", "")))
    wanted = guard.local_path(request.args.get("next"))
    return render_template("welcome/connect.html", channel=channel, wanted=wanted)


@blueprint.post("/channels/<uuid:channel_id>/connect")
@guard.signed_in
def start(channel_id: UUID) -> ResponseReturnValue:
    """Send the browser to the provider; state and verifier wait in the session."""
    channel = _mine(channel_id)
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    session[_STARTED] = {
        "state": state,
        "verifier": verifier,
        "channel": str(channel.id),
        "member": str(guard.member().id),
        "next": guard.local_path(request.form.get("next")),
        "at": time.time(),
    }
    address = _authorise_url(channel, state, verifier)
    headers.let_forms_lead_to(_origin(address))
    return redirect(address, 303)


@blueprint.get("/channels/<kind>/callback")
@guard.signed_in
def show_answer(kind: str) -> ResponseReturnValue:
    """Take the provider's answer. The provider sends the browser here, so this GET may change something: only what
    this very browser began by POST within minutes, once, and proven by the state that it was given.
    """
    begun = _begun(request.args.get("state", ""))
    channel = _mine(UUID(begun["channel"]))
    if channel.kind != kind:
        raise Conflict(_STALE)
    if "error" in request.args:
        return _connected(channel, begun, "declined")
    connector, access, channel_id = channels.connector_of(channel), channels.access_of(channel), channel.id
    events.commit()  # no connection to the database is held while the provider is waited for
    try:
        authorisation = connector.authorise(access, request.args.to_dict(), _callback(kind), begun["verifier"])
        channels.connect(guard.member(), channel_id, authorisation)
    except (ConnectorError, Conflict) as error:
        events.forget()
        channel = _mine(channel_id)
        return render_template("welcome/connect.html", channel=channel, wanted=begun["next"], trouble=str(error)), 409
    events.commit()
    return _connected(channel, begun, "connected")


@blueprint.get("/channels/<uuid:channel_id>/unlink")
@guard.signed_in
def ask_unlink(channel_id: UUID) -> ResponseReturnValue:
    """Ask whether what the channel brought is kept or erased."""
    return render_template("welcome/unlink.html", channel=_mine(channel_id), errors={})


@blueprint.post("/channels/<uuid:channel_id>/unlink")
@guard.signed_in
def unlink(channel_id: UUID) -> ResponseReturnValue:
    """Unlink the channel; again: it stays so. Without a choice, the question is asked again."""
    keep = request.form.get("keep", "")
    if keep not in ("kept", "erased"):
        errors = {"keep": "Choose whether the feedback that is here stays."}
        return render_template("welcome/unlink.html", channel=_mine(channel_id), errors=errors), 422
    unlinking.unlink(guard.member(), channel_id, erase=keep == "erased")
    events.commit()
    return redirect(url_for("welcome.channels", done="unlinked" if keep == "kept" else "erasing"), 303)


@blueprint.get("/channels/<uuid:channel_id>/quarantined")
@guard.signed_in
def show_quarantined(channel_id: UUID) -> ResponseReturnValue:
    """Show what this channel sent that could not be read, with the reason; the pieces themselves to who manages it."""
    channel, pieces = quarantine.listed(guard.member(), channel_id)
    return render_template(
        "welcome/quarantined.html",
        channel=channel,
        pieces=pieces,
        shown=quarantine.SHOWN,
        sees_raw=may(guard.member(), "manage"),
    )


def _mine(channel_id: UUID) -> Channel:
    member = guard.member()
    require(member, "manage")
    return channels.find(member.organisation_id, channel_id)


def _begun(state: str) -> dict[str, Any]:
    begun: dict[str, Any] = session.pop(_STARTED, None) or {}
    fresh = time.time() - begun.get("at", 0) < _MINUTES * 60
    if not fresh or not secrets.compare_digest(begun["state"].encode(), state.encode()):
        raise Conflict(_STALE)
    if begun["member"] != str(guard.member().id):
        raise NotAllowed(_STALE)
    return begun


def _connected(channel: Channel, begun: dict[str, Any], done: str) -> Response:
    wanted = guard.local_path(begun["next"])
    return redirect(wanted or url_for("welcome.channels", done=done, _anchor=f"channel-{channel.id}"), 303)


def _authorise_url(channel: Channel, state: str, verifier: str) -> str:
    try:
        connector, access = channels.connector_of(channel), channels.access_of(channel)
        return connector.authorise_url(access, state, _callback(channel.kind), verifier)
    except ConnectorError as error:
        raise Conflict(str(error)) from error


def _callback(kind: str) -> str:
    return links.address("channels.show_answer", kind=kind)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
