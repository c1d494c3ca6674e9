"""How an organisation sets up its own accounts, and what becomes of them later."""

import re

from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from healthberry.core import operator, scope
from healthberry.core.vault import Vault
from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.models.audit import AuditEntry
from healthberry.models.openid import LinkedIdentity, SignInIssuer
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from tests.session.issuer import CLIENT, SECRET, Issuer
from tests.session.openid_desk import (
    DOMAIN,
    PAGE,
    ROBIN,
    Ward,
    comes_back,
    is_in,
    leads_to,
    make,
    member,
)
from tests.world import World, session_name


def test_an_administrator_fills_it_in_tests_it_and_switches_it_on(
    client: FlaskClient, app: Flask, world: World, issuer: Issuer
) -> None:
    organisation = world.organisation(web_domain=f"www.{DOMAIN}")
    administrator = world.member(organisation, email=f"ada@{DOMAIN}")
    world.signed_in(client, administrator)
    ward = Ward(app, issuer, organisation.id, administrator)
    given = {"issuer": issuer.issuer, "client_id": CLIENT, "client_secret": SECRET, "domains": DOMAIN, "role": "viewer"}
    scope.leave()

    for field, value in (
        ("issuer", "http://evil.example"),
        ("issuer", "https://login.microsoftonline.com/common/v2.0"),
        ("issuer", "https://login.microsoftonline.com/organizations/v2.0"),
        ("issuer", "https://169.254.169.254:8080/"),
        ("client_secret", ""),
        ("domains", "nhs.net"),
        ("domains", "oak.nhs.uk"),
        ("domains", ""),
        ("role", "administrator"),
    ):
        refused = client.post(PAGE, data={**given, field: value})
        assert refused.status_code == 422, (field, value)
        assert f'href="#{field}"' in refused.text, (field, value)
    assert client.post(PAGE, data=given).status_code == 303
    assert SECRET.encode() not in ward.rows(SignInIssuer)[0].sealed
    assert SECRET not in client.get(PAGE).text
    assert client.post(f"{PAGE}/on").status_code == 409, "not before it was tested"
    assert client.post("/signin/organisation", data={"organisation": str(ward.id)}).status_code == 404

    def test() -> TestResponse:
        return client.get(comes_back(leads_to(client.post(f"{PAGE}/test"))))

    issuer.person = {"sub": "ada", "email": f"ada@{DOMAIN}"}
    assert "does not vouch" in test().text
    issuer.spoil = lambda claims: {**claims, "aud": "x"}
    assert test().status_code == 422
    issuer.spoil = lambda claims: claims
    assert client.post(f"{PAGE}/on").status_code == 409
    issuer.person["email_verified"] = True
    path = comes_back(leads_to(client.post(f"{PAGE}/test")))
    world.signed_in(client, world.member(db.session.get_one(Organisation, ward.id)))
    scope.leave()
    assert client.get(path).status_code == 403, "somebody else in the same browser"
    world.signed_in(client, administrator)
    path = comes_back(leads_to(client.post(f"{PAGE}/test")))
    assert app.test_client().get(path).status_code == 403, "another browser"
    assert client.get(path).headers["Location"] == f"{PAGE}?done=tested"
    assert client.post(f"{PAGE}/on").headers["Location"] == f"{PAGE}?done=on"
    assert ward.signs_in(app.test_client()).headers["Location"] == "/inbox", "linked by the test"

    assert client.post(PAGE, data={**given, "client_secret": "", "role": "responder"}).status_code == 303
    assert ward.rows(SignInIssuer)[0].on_since is not None, "what does not decide who somebody is leaves it on"
    assert client.post(PAGE, data={**given, "client_id": "another"}).status_code == 303
    assert ward.rows(SignInIssuer)[0].on_since is None
    assert client.post("/signin/organisation", data={"organisation": str(ward.id)}).status_code == 404
    said = {one.action for one in ward.rows(AuditEntry)}
    assert {"issuer_changed", "issuer_tested", "issuer_switched_on"} <= said


def test_the_page_for_signing_in_offers_it_for_a_domain_whoever_types(
    client: FlaskClient, world: World, ward: Ward, mailbox: Mailbox
) -> None:
    member(world, ward)
    shown = {name: client.post("/signin", data={"email": f"{name}@{DOMAIN}"}) for name in ("robin", "nobody")}

    assert "Continue with Cedar Surgery" in shown["robin"].text
    assert str(ward.id) in shown["robin"].text
    assert {
        re.sub(r"robin|nobody|nonce=\S+|value=\S+|content=\S+", "", one.text) for one in shown.values()
    }.__len__() == 1
    assert mailbox.messages() == []
    by_code = client.post("/signin", data={"email": f"robin@{DOMAIN}", "way": "code"})
    assert by_code.headers["Location"] == "/code"
    assert client.post("/signin", data={"email": "robin@elsewhere.example"}).headers["Location"] == "/code"


def test_a_shared_domain_lets_nobody_join_and_a_domain_that_proves_nothing_any_more_neither(
    app: Flask, world: World, issuer: Issuer
) -> None:
    shared = make(app, world, issuer, domains=["nhs.net", "oak.nhs.uk"])
    for email in ("robin@nhs.net", "robin@oak.nhs.uk"):
        issuer.person = {**ROBIN, "email": email}
        assert shared.signs_in(app.test_client()).status_code == 403

    assert shared.why() == ["the domain proves nothing"] * 2
    assert shared.members() == []


def test_nobody_joins_while_nobody_is_trusted_to_act_for_the_organisation(app: Flask, world: World, ward: Ward) -> None:
    scope.enter(ward.id)
    db.session.execute(update(Member).values(level=1))
    db.session.commit()
    scope.leave()

    assert ward.signs_in(app.test_client()).status_code == 403
    assert ward.why() == ["nobody is its administrator"]


def test_a_linked_account_is_shown_to_its_owner_and_signs_nobody_in_once_it_is_removed(
    client: FlaskClient, app: Flask, world: World, ward: Ward
) -> None:
    ward.signs_in(client)
    scope.enter(ward.id)
    (robin,) = db.session.scalars(select(Member).where(Member.email == f"robin@{DOMAIN}"))
    world.signed_in(client, robin)
    scope.leave()

    assert ward.issuer.issuer in client.get("/settings/sign-in").text
    (identity,) = ward.rows(LinkedIdentity)
    assert client.post(f"/settings/sign-in/accounts/{identity.id}/remove").status_code == 303
    assert ward.issuer.issuer not in client.get("/settings/sign-in").text
    assert ward.signs_in(app.test_client()).headers["Location"] == "/code", "it has to be proven anew"


def test_the_clients_secret_is_sealed_anew_with_the_newest_key(app: Flask, ward: Ward) -> None:
    newest = Fernet.generate_key().decode()
    app.extensions["vault"] = Vault([newest, *app.extensions["settings"].channel_keys])
    operator.rotate_secrets()
    db.session.commit()

    assert Vault([newest]).open(ward.rows(SignInIssuer)[0].sealed) == {"secret": SECRET}


def test_a_session_by_a_second_step_elsewhere_is_not_made_to_set_one_up(app: Flask, world: World, ward: Ward) -> None:
    overdue = world.member(db.session.get_one(Organisation, ward.id), role_since=now().replace(year=2020))
    browsers = {}
    for step_elsewhere in (True, False):
        browsers[step_elsewhere] = app.test_client()
        name = session_name(app, overdue, step_elsewhere=step_elsewhere)
        with browsers[step_elsewhere].session_transaction() as session:
            session["_user_id"] = name
    scope.leave()

    assert (is_in(browsers[True]), is_in(browsers[False])) == (True, False)
