"""What belongs to one channel: its page, reading it now, connecting it again, its settings, unlinking it.

And the pieces that it sent and nobody could read.
"""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from healthberry.blueprints import coverage, guard, headers, leading, link_steps
from healthberry.connectors.base import Access
from healthberry.connectors.errors import ConnectorError
from healthberry.core import (
    calendar_days,
    channels,
    events,
    link_forms,
    link_settings,
    paid_reads,
    quarantine,
    reading,
    reconciling,
    unlinking,
    unread,
)
from healthberry.core.errors import Conflict
from healthberry.core.pending_links import Begun
from healthberry.core.permissions import may, require
from healthberry.models.channels import Channel

blueprint = Blueprint("channels", __name__)


@blueprint.get("/channels/<uuid:channel_id>")
@guard.signed_in
@guard.needs("read")
def show(channel_id: UUID) -> ResponseReturnValue:
    """Show how the channel is doing, what it is, and what can be done with it."""
    member = guard.member()
    channel = channels.find(member.organisation_id, channel_id)
    return render_template(
        "channels/show.html",
        channel=channel,
        member=member,
        may_switch=channels.may_switch(member),
        missing=channels.connector_of(channel).missing(),
        budget=paid_reads.in_words(channel.kind),
        settings=link_settings.in_words(channel) if may(member, "manage") else [],
        hook=link_steps.hook_of(channel) if _is_sent_to(channel) else "",
        number=events.last_number(member.organisation_id),
        **_what_was_read(channel),
    )


def _what_was_read(channel: Channel) -> dict[str, Any]:
    kept = calendar_days.is_kept(channel)
    return {
        "months": coverage.months(channel, coverage.this_month(), 2) if kept else [],
        "gaps": calendar_days.summary(channel)[2],
        "compared": reconciling.standing(channel),
        "picked": None,
    }


@blueprint.post("/channels/<uuid:channel_id>/read")
@guard.signed_in
@guard.needs("link")
def read(channel_id: UUID) -> ResponseReturnValue:
    """Read the channel now; within seconds of the last time: nothing happens."""
    reading.want_poll(guard.member(), channel_id)
    events.commit()
    return redirect(url_for("channels.show", channel_id=channel_id, done="read"), 303)


@blueprint.get("/channels/<uuid:channel_id>/connect")
@guard.signed_in
@guard.needs("manage")
def explain(channel_id: UUID) -> ResponseReturnValue:
    """Say what signing in at the provider allows, with the button that leads there."""
    channel = _mine(channel_id)
    about = channels.capabilities_of(channel.kind)
    if about.fields and about.connect != "oauth":
        return redirect(url_for("channels.settings", channel_id=channel_id), 303)
    if not about.fields:
        headers.let_forms_lead_to(link_steps.origin(_sign_in_address(channel)))
    wanted = leading.local_path(request.args.get("next"))
    return render_template("welcome/connect.html", channel=channel, wanted=wanted)


@blueprint.post("/channels/<uuid:channel_id>/connect")
@guard.signed_in
@guard.needs("manage")
@guard.proven(guard.RECENTLY)
def start(channel_id: UUID) -> ResponseReturnValue:
    """Connect the channel again with what it was linked with: lead to the sign-in, where its kind has one."""
    channel = _mine(channel_id)
    connector = channels.connector_of(channel)
    wanted = leading.local_path(request.form.get("next")) or ""
    begun = Begun(channel.kind, Access(dict(channel.config)), channel_id=channel.id, wanted=wanted)
    try:
        given = link_forms.checked(
            connector.capabilities.fields, link_settings.fields_of(channel), link_settings.kept_secrets(channel)
        )
        events.commit()
        return link_steps.go_on(connector, link_steps.prepared(connector, begun, given))
    except link_forms.NotFilledIn:
        return redirect(url_for("channels.settings", channel_id=channel_id), 303)
    except ConnectorError as error:
        events.forget()
        page = render_template("welcome/connect.html", channel=_mine(channel_id), wanted=wanted, trouble=str(error))
        return page, 409


@blueprint.get("/channels/<uuid:channel_id>/settings")
@guard.signed_in
@guard.needs("manage")
def settings(channel_id: UUID) -> ResponseReturnValue:
    """Show the form that the channel was linked with, filled in; secrets are never shown."""
    channel = _mine(channel_id)
    return _settings(channel, link_settings.fields_of(channel))


@blueprint.post("/channels/<uuid:channel_id>/settings")
@guard.signed_in
@guard.needs("manage")
@guard.proven(guard.RECENTLY)
def save_settings(channel_id: UUID) -> ResponseReturnValue:
    """Try other settings, and keep them when they lead to the channel; a secret left blank stays as it is."""
    channel = _mine(channel_id)
    connector, fields = channels.connector_of(channel), channels.capabilities_of(channel.kind).fields
    kept = link_settings.kept_secrets(channel)
    if channel.state == "unlinked":
        raise Conflict("This channel was unlinked. Link it again, and then change its settings.")
    try:
        given = link_forms.checked(fields, request.form, kept)
        events.commit()
        back = url_for("channels.show", channel_id=channel_id, done="connected")
        begun = Begun(channel.kind, Access(dict(channel.config)), channel_id=channel_id, wanted=back)
        return link_steps.go_on(connector, link_steps.prepared(connector, begun, given, kept))
    except (link_forms.NotFilledIn, ConnectorError) as error:
        events.forget()
        errors = link_steps.errors_of(error, fields)
        return _settings(_mine(channel_id), link_forms.tidied(fields, request.form), errors), 422


@blueprint.get("/channels/<uuid:channel_id>/unlink")
@guard.signed_in
@guard.needs("manage")
def ask_unlink(channel_id: UUID) -> ResponseReturnValue:
    """Ask whether what the channel brought is kept or erased."""
    return render_template("welcome/unlink.html", channel=_mine(channel_id), errors={})


@blueprint.post("/channels/<uuid:channel_id>/unlink")
@guard.signed_in
@guard.needs("manage")
@guard.proven(guard.RECENTLY)
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
@guard.needs("read")
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


@blueprint.post("/channels/<uuid:channel_id>/quarantined")
@guard.signed_in
@guard.needs("manage")
def handle_quarantined(channel_id: UUID) -> ResponseReturnValue:
    """Note that people have dealt with what could not be read; again: nothing changes."""
    unread.handle(guard.member(), channel_id)
    events.commit()
    flash("Noted: you have dealt with them. They stay here.")
    return redirect(url_for("channels.show_quarantined", channel_id=channel_id), 303)


@blueprint.post("/channels/<uuid:channel_id>/quarantined/again")
@guard.signed_in
@guard.needs("manage")
def read_quarantined_again(channel_id: UUID) -> ResponseReturnValue:
    """Try once more to read what could not be read."""
    unread.want(guard.member(), channel_id)
    events.commit()
    flash("They are being tried again. What can be read appears in the inbox, and goes from here.")
    return redirect(url_for("channels.show_quarantined", channel_id=channel_id), 303)


def _mine(channel_id: UUID) -> Channel:
    member = guard.member()
    require(member, "manage")
    return channels.find(member.organisation_id, channel_id)


def _is_sent_to(channel: Channel) -> bool:
    about = channels.capabilities_of(channel.kind)
    return about.push and about.connect != "oauth" and may(guard.member(), "manage")


def _sign_in_address(channel: Channel) -> str:
    try:
        access = channels.access_of(channel)
        return channels.connector_of(channel).authorise_url(access, "", link_steps.callback(channel.kind), "")
    except ConnectorError as error:
        raise Conflict(str(error)) from error


def _settings(channel: Channel, values: dict[str, str], errors: dict[str, str] | None = None) -> str:
    about = channels.capabilities_of(channel.kind)
    if not about.fields:
        raise Conflict("There is nothing to set for this channel.")
    kept = link_settings.kept_secrets(channel)
    return render_template(
        "channels/settings.html", channel=channel, about=about, values=values, kept=kept.keys(), errors=errors or {}
    )
