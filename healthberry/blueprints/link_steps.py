"""The steps of linking that wait for a provider, and the pages to which they lead.

The form gave something → go_on → (the provider's sign-in → answered) → the choice, or done.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from healthberry.blueprints import guard, headers, leading
from healthberry.connectors.base import Access, Connector, Field, Linkable
from healthberry.connectors.errors import ConnectorError, NotAuthorised, NotLinked
from healthberry.core import channels, events, link_forms, linking, pending_links
from healthberry.core.link_settings import with_installed
from healthberry.core.offers import Offer
from healthberry.core.pending_links import Begun
from healthberry.mail import links
from healthberry.models.channels import Channel

_NOTHING = "Nothing was found there that can be linked."


def callback(kind: str) -> str:
    """Return the address to which the provider's sign-in leads back."""
    return links.address("linking.show_answer", kind=kind)


def let_lead_to_sign_in(offer: Offer) -> None:
    """Let the form of this page end at the provider, where it is known before anything is filled in."""
    if offer.about.connect != "oauth" or offer.about.fields or not offer.may_link:
        return
    connector = channels.connector_of_kind(offer.kind)
    try:
        address = connector.authorise_url(with_installed(connector, Access({})), "", callback(offer.kind), "")
    except ConnectorError:
        return  # said once somebody wants to go there
    headers.let_forms_lead_to(origin(address))


def prepared(
    connector: Connector, begun: Begun, given: Mapping[str, str], kept: Mapping[str, str] | None = None
) -> Begun:
    """Return the link with what the form gave, above the channel's settings and the secrets in `kept`.

    A channel of a kind without a form is connected again with the settings that it has. Raises: NotLinked, Temporary.
    """
    if begun.channel_id is not None and not connector.capabilities.fields:
        return begun
    access, before = connector.prepare(given, callback(begun.kind)), begun.access
    config, own = {**before.config, **access.config}, {**(kept or {}), **access.secrets}
    return replace(begun, access=replace(access, config=config, secrets=own))


def go_on(connector: Connector, begun: Begun) -> ResponseReturnValue:
    """Lead to the provider where somebody has to sign in there; otherwise link what the form leads to.

    No transaction is open, and none is while the provider is waited for. Raises: ConnectorError, Conflict.
    """
    state, verifier = pending_links.new_state(), secrets.token_urlsafe(64)
    access = with_installed(connector, begun.access)
    try:
        address = connector.authorise_url(access, state, callback(begun.kind), verifier)
    except NotAuthorised:
        if connector.capabilities.connect == "oauth":
            raise
        return _found(replace(begun, found=connector.link(access)))
    pending_links.keep(guard.member(), replace(begun, verifier=verifier), state)
    events.commit()
    if connector.capabilities.fields:
        # Where the form leads was not known when the page's policy was sent: browsers would not follow a redirect.
        return render_template("linking/leave.html", about=connector.capabilities, address=address)
    headers.let_forms_lead_to(origin(address))
    return redirect(address, 303)


def answered(connector: Connector, begun: Begun, answer: Mapping[str, str]) -> ResponseReturnValue:
    """Exchange the provider's answer, and link what it opens. Raises: ConnectorError, Conflict."""
    before = with_installed(connector, begun.access)
    signed_in = connector.authorise(before, answer, callback(begun.kind), begun.verifier)
    own = {**begun.access.secrets, **signed_in.secrets}
    begun = replace(begun, access=replace(begun.access, secrets=own, expires_at=signed_in.expires_at))
    found = connector.link(with_installed(connector, begun.access))
    return _found(replace(begun, found=found), signed_in.account)


def declined(begun: Begun) -> ResponseReturnValue:
    """Go back to where the sign-in was begun: it was cancelled there."""
    if begun.channel_id is None:
        return redirect(url_for("linking.show", kind=begun.kind, done="declined"), 303)
    return redirect(_onward(begun, "declined", begun.channel_id), 303)


def done(begun: Begun, made: Sequence[Channel], chosen: Sequence[Linkable]) -> ResponseReturnValue:
    """Go on after linking; what people need elsewhere is shown this once."""
    shown = {one.listing.remote_id: one.reveal for one in chosen if _is_new(one.reveal, begun)}
    if revealed := [
        (channel, _filled(channel, shown[channel.remote_id])) for channel in made if channel.remote_id in shown
    ]:
        return render_template("linking/reveal.html", revealed=revealed, linked=begun.channel_id is None)
    asked = channels.capabilities_of(begun.kind).poll_seconds is not None
    word = "connected" if begun.channel_id is not None else "linked" if asked else "ready"
    return redirect(_onward(begun, word, made[0].id), 303)


def errors_of(error: link_forms.NotFilledIn | ConnectorError, fields: Sequence[Field]) -> dict[str, str]:
    """Return field -> sentence; "" is the form as a whole."""
    if isinstance(error, link_forms.NotFilledIn):
        return error.errors
    named = error.field if isinstance(error, NotLinked) else ""
    return {named if named in {one.name for one in fields} else "": str(error)}


def origin(address: str) -> str:
    """Return scheme and host of an address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _found(begun: Begun, account: str = "") -> ResponseReturnValue:
    member, found = guard.member(), begun.found.found
    if begun.channel_id is not None:
        channel = linking.connect_again(member, begun, account)
        events.commit()
        return done(begun, [channel], found)
    if not found:
        raise NotLinked(" ".join(begun.found.problems) or _NOTHING)
    if len(found) == 1 and not begun.found.problems:
        made = linking.link(member, begun, found)
        events.commit()
        return done(begun, made, found)
    state = pending_links.new_state()
    pending_links.keep(member, begun, state)
    events.commit()
    return redirect(url_for("linking.choices", kind=begun.kind, state=state), 303)


def hook_of(channel: Channel) -> str:
    """Return the address to which others send what is for this channel."""
    return links.address("hooks.of_channel", kind=channel.kind, channel_id=str(channel.id))


def _is_new(reveal: Sequence[tuple[str, str]], begun: Begun) -> bool:
    """Say whether something is shown this once only: our own address stands on the channel's page as well."""
    made = any("{hook}" not in value and "{home}" not in value for _, value in reveal)
    return made if begun.channel_id is not None else bool(reveal)


def _filled(channel: Channel, reveal: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    home, hook = links.address("public.home"), hook_of(channel)
    return [(label, value.replace("{hook}", hook).replace("{home}", home)) for label, value in reveal]


def _onward(begun: Begun, word: str, channel_id: Any) -> str:
    usual = url_for("welcome.channels", done=word, _anchor=f"channel-{channel_id}")
    return leading.local_path(begun.wanted) or usual
