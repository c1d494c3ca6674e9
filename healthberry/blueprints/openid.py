"""Signing in with an account that one's organisation has already, at its own issuer of OpenID Connect."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from healthberry.blueprints import codes, entering, guard, leading, openid_kept, openid_settings, openid_steps
from healthberry.connectors.openid_issuers import Identity
from healthberry.connectors.openid_tokens import NotBelieved
from healthberry.core import events, openid, openid_joining, scope
from healthberry.core.errors import Conflict, NotFound
from healthberry.core.openid import Setup
from healthberry.core.openid_joining import Out, ProveFirst

blueprint = Blueprint("openid", __name__)

_NOTHING = "This was started too long ago, or by somebody else. Sign in with your organisation's account again."


@blueprint.post("/signin/organisation")
@guard.public
def begin() -> Response:
    """Lead to the sign-in of an organisation."""
    try:
        organisation_id = UUID(request.form.get("organisation", ""))
    except ValueError as error:
        raise NotFound from error
    scope.enter(organisation_id)
    setup = openid.setup_of(organisation_id)
    if setup is None or not setup.on:
        raise NotFound
    try:
        return openid_steps.lead_out(setup, openid_steps.SIGN_IN, wanted=leading.local_path(request.form.get("next")))
    except NotBelieved as error:
        return openid_steps.refuse(organisation_id, str(error))


@blueprint.get("/signin/organisation/callback")
@guard.public
def answer() -> ResponseReturnValue:
    """Take the issuer's answer. The issuer sends the browser here, so this GET may change something: only what this
    very browser began by POST within ten minutes, once, and proven by the state that it was given.
    """
    begun = openid_kept.begun(request.args.get("state", ""))
    if begun is None:
        return openid_steps.refuse(None, "")
    if begun["purpose"] == openid_steps.TEST:
        return openid_settings.tested(begun)
    organisation_id = UUID(begun["organisation"])
    try:
        setup, identity = openid_steps.brought_back(begun)
        response = _enter(setup, identity, leading.local_path(begun["next"]))
    except NotBelieved as error:
        return openid_steps.refuse(organisation_id, str(error))
    except Out as out:
        return openid_steps.refuse(organisation_id, out.why)
    return response


@blueprint.get("/signin/organisation/link")
@guard.signed_in
@guard.needs("own")
def show_link() -> ResponseReturnValue:
    """Ask a member who has just proved their mailbox whether the account that they brought is theirs."""
    unlinked = _unlinked()
    if unlinked is None:
        return redirect(url_for("inbox.index"), 303)
    return render_template("signin/link.html", unlinked=unlinked)


@blueprint.post("/signin/organisation/link")
@guard.signed_in
@guard.needs("own")
@guard.proven(guard.RECENTLY)
def link() -> Response:
    """Link the account that this browser brought to the member who is signed in here."""
    unlinked, member = _unlinked(), guard.member()
    setup = openid.setup_of(member.organisation_id)
    if unlinked is None or setup is None or not setup.on or setup.client.issuer != unlinked["issuer"]:
        raise Conflict(_NOTHING)
    openid_joining.link(member, Identity(unlinked["issuer"], unlinked["subject"], "", "", mfa=False))
    events.commit()
    response = redirect(leading.local_path(unlinked["next"]) or url_for("inbox.index"), 303)
    openid_kept.forget(response)
    return response


@blueprint.post("/settings/sign-in/accounts/<uuid:identity_id>/remove")
@guard.signed_in
@guard.needs("own")
@guard.proven(guard.RECENTLY)
def unlink(identity_id: UUID) -> Response:
    """Let an account sign its member in no more."""
    openid_joining.unlink(guard.member(), identity_id)
    events.commit()
    return redirect(url_for("own_sign_in.index", done="removed"), 303)


def _enter(setup: Setup, identity: Identity, wanted: str | None) -> Response:
    """Sign in whoever this is, or have them prove their mailbox. Commits. Raises: Out."""
    try:
        member = openid_joining.member_of(setup, identity)
    except ProveFirst as first:
        ids = {"organisation": str(first.member.organisation_id), "member": str(first.member.id)}
        response = codes.send_code("account", first.member.email, ":".join(ids.values()), wanted=url_for(".show_link"))
        account = {"issuer": identity.issuer, "subject": identity.subject, "next": wanted or ""}
        openid_kept.keep(response, openid_kept.UNLINKED, ids | account)
        return response
    response = entering.enter_known(member, wanted, step_done=setup.counts_as_step and identity.mfa)
    openid_kept.forget(response)
    return response


def _unlinked() -> Mapping[str, Any] | None:
    found, member = openid_kept.kept(openid_kept.UNLINKED), guard.member()
    mine = (str(member.organisation_id), str(member.id))
    return found if found and (found["organisation"], found["member"]) == mine else None
