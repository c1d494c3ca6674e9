"""An organisation whose people sign in at an issuer, which answers over real HTTP, and how they do it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any
from uuid import UUID

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import inspect, select
from werkzeug.test import TestResponse

from healthberry.connectors.openid import Issuers
from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.audit import AuditEntry
from healthberry.models.openid import SignInIssuer
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from tests.session.issuer import CLIENT, SECRET, Claims, Issuer, answering
from tests.world import World

DOMAIN = "cedar.nhs.uk"
ROBIN: Claims = {"sub": "robin-1", "email": f"Robin@{DOMAIN}", "email_verified": True, "name": "Robin Lee"}
REFUSED = "We could not sign you in with this account."
PAGE = "/settings/organisation-sign-in"


@pytest.fixture(scope="module")
def served() -> Iterator[Issuer]:
    """One issuer for all tests of this file."""
    with answering() as found:
        yield found


@pytest.fixture
def issuer(served: Issuer, app: Flask) -> Issuer:
    """The issuer, honest; Robin sits before the browser."""
    served.mend()
    served.person = dict(ROBIN)
    app.extensions["openid"] = Issuers(allowed=served.url)
    return served


@dataclass
class Ward:
    """An organisation whose accounts are at the issuer, and how somebody signs in there."""

    app: Flask
    issuer: Issuer
    id: UUID
    administrator: Member

    def begins(self, client: FlaskClient, wanted: str = "") -> str:
        """Press "Continue with …", and return the address at the issuer."""
        return leads_to(client.post("/signin/organisation", data={"organisation": str(self.id), "next": wanted}))

    def signs_in(self, client: FlaskClient, wanted: str = "") -> TestResponse:
        """Go to the issuer, and come back from it."""
        return client.get(comes_back(self.begins(client, wanted)))

    def members(self) -> list[tuple[str, str, int]]:
        """Return who belongs to it, beside the administrator."""
        with self.app.app_context():
            scope.enter(self.id)
            rows = db.session.scalars(select(Member).where(Member.organisation_id == self.id).order_by(Member.email))
            return [(one.email, one.role, one.level) for one in rows if one.id != self.administrator.id]

    def rows(self, table: type[Any]) -> list[Any]:
        """Return its rows of a table, in the order of their keys: the database promises none by itself."""
        with self.app.app_context():
            scope.enter(self.id)
            return list(db.session.scalars(select(table).order_by(*inspect(table).primary_key)))

    def why(self) -> list[str]:
        """Return the reasons in the audit log."""
        told = [one.details.get("why") for one in self.rows(AuditEntry) if one.action == "sign_in_refused"]
        return [str(one) for one in told]


def leads_to(answer: TestResponse) -> str:
    """Return where the page on the way leads, by itself and by its link."""
    assert answer.status_code == 200, answer.text
    found = re.search(r'<a href="(http://127\.0\.0\.1[^"]+)"', answer.text)
    assert found
    assert answer.headers["Refresh"] == f"0; url={unescape(found[1])}"
    return unescape(found[1])


def comes_back(address: str) -> str:
    """Sign in at the issuer, and return the path that it sends the browser to."""
    location = httpx.get(address).headers["location"]
    assert location.startswith("http://localhost/signin/organisation/callback?")
    return str(location).removeprefix("http://localhost")


def is_in(client: FlaskClient) -> bool:
    """Say whether somebody is signed in on this browser."""
    return client.get("/settings").status_code == 200


def make(app: Flask, world: World, issuer: Issuer, **fields: Any) -> Ward:
    """Make an organisation with its issuer switched on."""
    organisation: Organisation = world.organisation(web_domain=f"www.{DOMAIN}")
    administrator = world.member(organisation)
    values = {"issuer": issuer.issuer, "client_id": CLIENT, "domains": [DOMAIN], "tested_at": now(), "on_since": now()}
    sealed = app.extensions["vault"].seal({"secret": SECRET})
    db.session.add(SignInIssuer(organisation_id=organisation.id, sealed=sealed, **{**values, **fields}))
    db.session.commit()
    db.session.refresh(administrator)
    db.session.expunge(administrator)
    scope.leave()
    return Ward(app, issuer, organisation.id, administrator)


@pytest.fixture
def ward(app: Flask, world: World, issuer: Issuer) -> Ward:
    """An organisation that signs its people in at the issuer."""
    return make(app, world, issuer)


def member(world: World, ward: Ward, **fields: Any) -> Member:
    """Make Robin a member already."""
    found = world.member(db.session.get_one(Organisation, ward.id), email=f"robin@{DOMAIN}", **fields)
    db.session.refresh(found)
    db.session.expunge(found)
    scope.leave()
    return found
