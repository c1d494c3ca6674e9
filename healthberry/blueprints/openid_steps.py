"""The way to an organisation's issuer and back.

No connection to the database is held while the issuer is waited for.
"""

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from healthberry.blueprints import openid_kept
from healthberry.connectors.openid import Started
from healthberry.connectors.openid_issuers import Identity
from healthberry.connectors.openid_tokens import NotBelieved
from healthberry.core import audit, events, openid, scope
from healthberry.core.openid import Setup
from healthberry.extensions import part
from healthberry.mail import links

SIGN_IN, TEST = "signin", "test"


def lead_out(setup: Setup, purpose: str, *, wanted: str | None = None, member_id: UUID | None = None) -> Response:
    """Lead the browser to the issuer; it keeps what it has to bring back. Commits. Raises: NotBelieved.

    By a page that goes on by itself: browsers let a form lead nowhere but here, however often others redirect.
    """
    started = Started(*(secrets.token_urlsafe(32) for _ in range(3)))
    events.commit()
    page = part("openid").page(setup.client, started, _back())
    response = make_response(render_template("signin/going_on.html", page=page, host=urlsplit(page).netloc))
    response.headers["Refresh"] = f"0; url={page}"
    kept = {"state": started.state, "nonce": started.nonce, "verifier": started.verifier, "purpose": purpose}
    kept |= {"organisation": str(setup.organisation_id), "issuer": setup.client.issuer, "next": wanted or ""}
    openid_kept.keep(response, openid_kept.BEGUN, {**kept, "member": str(member_id or "")})
    return response


def brought_back(begun: Mapping[str, Any]) -> tuple[Setup, Identity]:
    """Return whom the issuer's answer in this request is about; leaves their organisation entered.

    Ends the transaction. Raises: NotBelieved.
    """
    organisation_id = UUID(begun["organisation"])
    scope.enter(organisation_id)
    setup = openid.setup_of(organisation_id)
    events.commit()
    if setup is None or setup.client.issuer != begun["issuer"] or not (setup.on or begun["purpose"] == TEST):
        raise NotBelieved("switched off or changed meanwhile")
    started = Started(begun["state"], begun["nonce"], begun["verifier"])
    return setup, part("openid").identity(setup.client, started, request.args.to_dict(), _back())


def refuse(organisation_id: UUID | None, why: str) -> Response:
    """Say that this did not work, in the same words whoever it was; the log alone says why. Commits."""
    if organisation_id is not None:
        scope.enter(organisation_id)
        audit.nobody_did(organisation_id, "sign_in_refused", purpose="account", why=why)
        events.commit()
    response = make_response(render_template("signin/refused.html"), 403)
    openid_kept.forget(response)
    return response


def _back() -> str:
    return links.address("openid.answer")
