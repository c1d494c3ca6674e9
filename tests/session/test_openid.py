"""Signing in with an organisation's own accounts, at an issuer over real HTTP: who joins, and who stays out."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from healthberry.core import scope
from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.models.audit import AuditEntry
from healthberry.models.openid import LinkedIdentity, SignInIssuer
from healthberry.models.organisations import Member
from healthberry.models.owned import now
from healthberry.models.sign_in import MemberSession, SecondStep
from tests.session.issuer import CLIENT, SECRET, Issuer, a_key
from tests.session.openid_desk import DOMAIN, PAGE, ROBIN, Ward, comes_back, is_in, make, member
from tests.signup.newcomer import Newcomer
from tests.world import World


def test_whoever_has_an_address_at_the_domain_joins_and_is_known_by_the_account_from_then_on(
    client: FlaskClient, app: Flask, ward: Ward
) -> None:
    answer = ward.signs_in(client, "/inbox?unread=1")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/inbox?unread=1")
    assert is_in(client)
    assert ward.members() == [(f"robin@{DOMAIN}", "viewer", 2)]
    (session,) = ward.rows(MemberSession)
    assert (session.proven_at, session.step_elsewhere) == (None, False)
    # Another address now, even a foreign one: it is the account that counts.
    ward.issuer.person |= {"email": "robin@elsewhere.example", "email_verified": False}
    again = app.test_client()
    assert ward.signs_in(again).headers["Location"] == "/inbox"
    assert is_in(again)
    assert len(ward.members()) == 1
    assert {"member_joined", "identity_linked", "signed_in"} <= {one.action for one in ward.rows(AuditEntry)}
    came_in = [one.details for one in ward.rows(AuditEntry) if one.action == "signed_in"]
    assert came_in == [{"by": ["organisation's account"]}] * 2
    ward.issuer.person = {**ROBIN, "sub": "kit-2", "email": f"kit@{DOMAIN}"}
    assert ward.signs_in(app.test_client()).headers["Location"] == "/inbox"
    assert [email for email, _, _ in ward.members()] == [f"kit@{DOMAIN}", f"robin@{DOMAIN}"], "another account"
    # A sign-in elsewhere is no fresh proof here.
    assert client.post("/settings/sign-in/app").headers["Location"] == "/confirm"


def test_what_is_switched_off_meanwhile_lets_nobody_in_and_links_nobody(
    client: FlaskClient, app: Flask, world: World, ward: Ward, mailbox: Mailbox
) -> None:
    member(world, ward)
    newcomer = Newcomer(app, client, mailbox)
    ward.signs_in(client)
    newcomer.type_code(newcomer.code(f"robin@{DOMAIN}"))
    late = app.test_client()
    path = comes_back(ward.begins(late))
    scope.enter(ward.id)
    db.session.execute(update(SignInIssuer).values(on_since=None))
    db.session.commit()
    scope.leave()

    assert late.get(path).status_code == 403
    assert client.post("/signin/organisation/link").status_code == 409
    assert ward.rows(LinkedIdentity) == []


def test_a_domain_is_not_an_organisations_because_its_administrator_has_an_address_there(
    client: FlaskClient, world: World, ward: Ward
) -> None:
    for name, field in (("cedar.nhs.uk", "domains"), ("oak-mail.example", "")):
        one = world.member(world.organisation(), email=f"ada@{name}")
        world.signed_in(client, one)
        given = {"issuer": ward.issuer.issuer, "client_id": CLIENT, "client_secret": SECRET, "role": "viewer"}
        answer = client.post(PAGE, data={**given, "domains": name})
        assert answer.status_code == (422 if field else 303)
        assert ("is not proven" in answer.text) == bool(field)


def test_nobody_is_led_elsewhere_after_signing_in(app: Flask, ward: Ward) -> None:
    for wanted in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        answer = ward.signs_in(app.test_client(), wanted)
        assert answer.headers["Location"] == "/inbox", wanted


def test_a_new_key_is_fetched_once_and_an_old_one_is_kept(app: Flask, ward: Ward) -> None:
    for _ in range(2):
        assert ward.signs_in(app.test_client()).status_code == 303
    assert ward.issuer.calls.count("/a/keys") == 1
    assert ward.issuer.calls.count("/a/.well-known/openid-configuration") == 1
    before = ward.issuer.key
    ward.issuer.key, ward.issuer.kid = a_key(), "second"
    assert ward.signs_in(app.test_client()).status_code == 303
    assert ward.issuer.calls.count("/a/keys") == 2
    ward.issuer.sign = lambda issuer, claims: replace(issuer, kid="third", sign=None, spoil=lambda _: claims).token("")
    assert ward.signs_in(app.test_client()).status_code == 403
    assert ward.issuer.calls.count("/a/keys") == 3
    ward.issuer.key = before


def test_whoever_left_stays_out_by_address_and_by_account(
    client: FlaskClient, app: Flask, world: World, ward: Ward
) -> None:
    ward.signs_in(client)
    scope.enter(ward.id)
    (robin,) = db.session.scalars(select(Member).where(Member.email == f"robin@{DOMAIN}"))
    robin.left_at = now()
    db.session.commit()
    scope.leave()

    assert not is_in(client)
    for account in ({"email": f"new@{DOMAIN}"}, {"sub": "robin-2"}):
        ward.issuer.person = {**ROBIN, **account}
        assert ward.signs_in(app.test_client()).status_code == 403, account
    assert ward.why() == ["left", "left"]
    assert len(ward.members()) == 1


def test_a_member_proves_the_mailbox_once_before_an_account_is_theirs(
    client: FlaskClient, app: Flask, world: World, ward: Ward, mailbox: Mailbox
) -> None:
    member(world, ward, role="responder")
    newcomer = Newcomer(app, client, mailbox)

    answer = ward.signs_in(client, "/people")
    assert answer.headers["Location"] == "/code"
    assert not is_in(client)
    assert ward.rows(LinkedIdentity) == []
    # In another browser the link in the e-mail signs in, and links nothing.
    elsewhere = app.test_client()
    ward.signs_in(app.test_client())
    assert elsewhere.post(newcomer.link(f"robin@{DOMAIN}")).headers["Location"] == "/inbox"
    assert elsewhere.get("/signin/organisation/link").headers["Location"] == "/inbox"
    assert elsewhere.post("/signin/organisation/link").status_code == 409
    assert ward.rows(LinkedIdentity) == []

    assert ward.signs_in(client, "/people").headers["Location"] == "/code"
    world.signed_in(client, ward.administrator)
    assert client.post("/signin/organisation/link").status_code == 409, "somebody else in the same browser"
    assert newcomer.type_code(newcomer.code(f"robin@{DOMAIN}")).headers["Location"] == "/signin/organisation/link"
    assert f"Link it to robin@{DOMAIN}" in client.get("/signin/organisation/link").text
    assert client.post("/signin/organisation/link").headers["Location"] == "/people"
    assert client.post("/signin/organisation/link").status_code == 409, "it counts once"
    assert ward.signs_in(app.test_client()).headers["Location"] == "/inbox"
    assert ward.members() == [(f"robin@{DOMAIN}", "responder", 2)]


def test_the_second_step_is_asked_for_unless_the_issuer_says_that_it_was_and_that_counts(
    client: FlaskClient, app: Flask, world: World, ward: Ward
) -> None:
    ward.signs_in(client)
    scope.enter(ward.id)
    (robin,) = db.session.scalars(select(Member).where(Member.email == f"robin@{DOMAIN}"))
    db.session.add(SecondStep(organisation_id=ward.id, id=robin.id, confirmed_at=now()))
    db.session.commit()
    scope.leave()

    def goes(counts: bool, **claims: Any) -> str:
        scope.enter(ward.id)
        db.session.scalars(select(SignInIssuer)).one().counts_as_step = counts
        db.session.commit()
        scope.leave()
        ward.issuer.person = {**ROBIN, **claims}
        return ward.signs_in(app.test_client()).headers["Location"]

    assert goes(False, amr=["pwd", "mfa"]) == "/signin/second"
    assert goes(True) == "/signin/second"
    assert goes(True, amr="mfa") == "/signin/second"
    assert goes(True, amr=["pwd"], acr="1") == "/signin/second"
    assert goes(True, amr=["pwd", "mfa"]) == "/inbox"
    assert goes(True, acr="https://refeds.org/profile/mfa") == "/inbox"
    assert [one.proven_at for one in ward.rows(MemberSession) if one.step_elsewhere] == [None, None]
    came_in = [one.details["by"] for one in ward.rows(AuditEntry) if one.action == "signed_in"]
    assert came_in[1:] == [["organisation's account", "second step of that account"]] * 2


def test_two_organisations_with_one_issuer_know_their_own_people_alone(
    client: FlaskClient, app: Flask, world: World, ward: Ward, issuer: Issuer
) -> None:
    other = make(app, world, issuer, domains=["oak.nhs.uk"])
    ward.signs_in(client)

    assert other.signs_in(app.test_client()).status_code == 403, "linked to the one, and a stranger to the other"
    swapped = ward.begins(app.test_client())
    browser = app.test_client()
    mine = other.begins(browser)
    theirs = {
        name: parse_qs(urlsplit(comes_back(one)).query)[name][0] for name, one in (("code", swapped), ("state", mine))
    }
    answer = browser.get("/signin/organisation/callback", query_string=theirs)

    assert answer.status_code == 403, "another's code does not fit"
    assert (len(ward.members()), other.members()) == (1, [])
    assert len(other.rows(LinkedIdentity)) == 0
