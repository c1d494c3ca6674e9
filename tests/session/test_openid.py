"""Signing in with an organisation's own accounts, at an issuer over real HTTP: honest and hostile."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest
from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import inspect, select, update
from werkzeug.test import TestResponse

from healthberry.connectors.openid import Issuers
from healthberry.core import operator, scope
from healthberry.core.vault import Vault
from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.models.audit import AuditEntry
from healthberry.models.openid import LinkedIdentity, SignInIssuer
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from healthberry.models.sign_in import MemberSession, SecondStep
from tests.session.issuer import CLIENT, SECRET, Claims, Issuer, a_key, answering, signed_by_hand
from tests.signup.newcomer import Newcomer
from tests.world import World, session_name

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
    ward.issuer.person = {**ROBIN, "sub": "kit-2", "email": f"kit@{DOMAIN}"}
    assert ward.signs_in(app.test_client()).headers["Location"] == "/inbox"
    assert [email for email, _, _ in ward.members()] == [f"kit@{DOMAIN}", f"robin@{DOMAIN}"], "another account"
    # A sign-in elsewhere is no fresh proof here.
    assert client.post("/settings/sign-in/app").headers["Location"] == "/confirm"


def _wrong(**claims: Any) -> Any:
    return lambda given: {**given, **claims}


def _without(name: str) -> Any:
    return lambda given: {key: value for key, value in given.items() if key != name}


def _none(issuer: Issuer, claims: Claims) -> str:
    return signed_by_hand({"alg": "none", "kid": issuer.kid}, claims)


def _public_as_secret(issuer: Issuer, claims: Claims) -> str:
    return signed_by_hand({"alg": "HS256", "kid": issuer.kid}, claims, issuer.public_pem())


def _stranger(issuer: Issuer, claims: Claims) -> str:
    return replace(issuer, key=a_key(), sign=None, spoil=lambda given: {**given, **claims}).token("")


# What is wrong, the reason that the audit log has to tell, and what the issuer does.
HOSTILE: dict[str, dict[str, Any]] = {
    "wrong nonce": {"why": "another nonce", "spoil": _wrong(nonce="x")},
    "no nonce": {"why": "MissingRequiredClaimError", "spoil": _without("nonce")},
    "other issuer": {"why": "InvalidIssuerError", "spoil": _wrong(iss="https://other.example")},
    "other audience": {"why": "InvalidAudienceError", "spoil": _wrong(aud="somebody")},
    "several audiences and no party": {
        "why": "it was made for somebody else",
        "spoil": _wrong(aud=[CLIENT, "somebody"]),
    },
    "other party": {"why": "it was made for somebody else", "spoil": _wrong(azp="somebody")},
    "expired": {"why": "ExpiredSignatureError", "spoil": _wrong(exp=int(time.time()) - 120)},
    "no end": {"why": "MissingRequiredClaimError", "spoil": _without("exp")},
    "made long ago": {"why": "made too long ago", "spoil": _wrong(iat=int(time.time()) - 7200)},
    "made in the future": {"why": "ImmatureSignatureError", "spoil": _wrong(iat=int(time.time()) + 7200)},
    "made at no time": {"why": "InvalidIssuedAtError", "spoil": _wrong(iat=float("inf"))},
    "no subject": {"why": "no subject", "spoil": _wrong(sub="")},
    "alg none": {"why": "an algorithm that is not taken", "sign": _none},
    "HS256 with the public key": {"why": "an algorithm that is not taken", "sign": _public_as_secret},
    "another's signature": {"why": "InvalidSignatureError", "sign": _stranger},
    "no token at all": {"why": "DecodeError", "sign": lambda issuer, claims: "x.y"},
    "unverified e-mail": {"why": "no verified address", "person": {**ROBIN, "email_verified": False}},
    "verified in words": {"why": "no verified address", "person": {**ROBIN, "email_verified": "true"}},
    "no e-mail": {"why": "no verified address", "person": {**ROBIN, "email": None}},
    "foreign domain": {"why": "another domain", "person": {**ROBIN, "email": "robin@oak.nhs.uk"}},
    "domain below": {"why": "another domain", "person": {**ROBIN, "email": f"robin@x.{DOMAIN}"}},
    "domain in front": {"why": "another domain", "person": {**ROBIN, "email": f"robin@{DOMAIN}.evil.example"}},
    "two addresses": {"why": "no verified address", "person": {**ROBIN, "email": f"robin@evil.example,robin@{DOMAIN}"}},
}


def test_what_does_not_prove_who_somebody_is_lets_nobody_in_and_is_answered_alike(
    client: FlaskClient, app: Flask, ward: Ward
) -> None:
    answers, wrong = set(), []
    for name, hostile in HOSTILE.items():
        ward.issuer.mend()
        ward.issuer.person = dict(ROBIN)
        for one in hostile.keys() - {"why"}:
            setattr(ward.issuer, one, hostile[one])
        browser = app.test_client()
        answer = ward.signs_in(browser)
        answers.add(re.sub(r'nonce="[^"]+"|value="[^"]+"|content="[^"]+"', "", answer.text))
        if answer.status_code != 403 or is_in(browser):
            wrong.append(name)

    assert wrong == []
    assert len(answers) == 1
    assert REFUSED in answers.pop()
    assert ward.members() == []
    assert ward.rows(LinkedIdentity) == []
    assert dict(zip(HOSTILE, ward.why(), strict=True)) == {name: hostile["why"] for name, hostile in HOSTILE.items()}


def test_a_state_counts_once_in_the_browser_that_began_alone(client: FlaskClient, app: Flask, ward: Ward) -> None:
    path = comes_back(ward.begins(client))
    stranger = app.test_client()
    ward.begins(stranger)  # has begun one of their own
    assert stranger.get(path).status_code == 403
    kept = client.get_cookie("healthberry-account")
    assert kept
    assert client.get(path).status_code == 303
    client.post("/signout")
    client.set_cookie("healthberry-account", kept.value)

    assert client.get(path).status_code == 403, "the state was used already"
    assert not is_in(client)
    for spoiled in ("/signin/organisation/callback", f"{path}x"):
        ward.begins(client)
        assert client.get(spoiled).status_code == 403
    for more in ("&iss=https://other.example", "&error=access_denied"):
        assert client.get(comes_back(ward.begins(client)) + more).status_code == 403
    assert ward.why() == ["another issuer's answer", "the issuer refused, or somebody cancelled"]
    forged = app.test_client()
    forged.set_cookie("healthberry-account", "x")
    assert forged.get(path).status_code == 403
    assert not is_in(stranger)


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
    issuer.spoil = _wrong(aud="x")
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
