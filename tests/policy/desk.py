"""The desk of an administrator at which every form of `forms.FORMS` can be filled in."""

import uuid
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from healthberry.blueprints import challenges
from healthberry.connectors.base import Linkables
from healthberry.core import (
    codes,
    data_requests,
    disclosures,
    erasing,
    guarded,
    invitations,
    operator_step,
    pending_links,
    proving,
    scope,
    second_step,
    teams,
)
from healthberry.core.data_requests import Asked
from healthberry.core.guarding import look, own
from healthberry.extensions import db
from healthberry.mail import links
from healthberry.models.claims import Dispute
from healthberry.models.conversations import Message
from healthberry.models.openid import SignInIssuer
from healthberry.models.owned import new_id, now
from healthberry.settings import Settings
from tests.imagined import Kinds, kinds, page
from tests.policy.forms import ISSUER, Form
from tests.signup.conftest import providers
from tests.world import World, operator_session

__all__ = ["kinds", "providers"]

_RENEW = """
DELETE FROM email_codes;
DELETE FROM second_steps;
DELETE FROM operator_steps;
DELETE FROM operator_sessions;
DELETE FROM recovery_codes;
DELETE FROM replies;
DELETE FROM drafts;
DELETE FROM notes;
DELETE FROM erasures;
DELETE FROM restrictions;
DELETE FROM reading_grants;
DELETE FROM holds;
DELETE FROM disputes;
UPDATE claims SET dispute_id = NULL, refused_at = NULL;
DELETE FROM outbox_mails;
UPDATE organisation_details SET dpo_name = '', dpo_email = '';
UPDATE data_requests SET closed_at = NULL, outcome = '', acknowledged_at = NULL, extended_at = NULL;
UPDATE disclosures SET closed_at = NULL, outcome = '', removal = 'by_hand';
DELETE FROM teams WHERE created_at > (SELECT min(created_at) FROM teams);
UPDATE teams SET name = 'Desk';
UPDATE conversations SET restricted = false;
UPDATE sign_in_issuers SET issuer = 'https://issuer.invalid/a', on_since = now(), tested_at = now();
UPDATE channels SET state = 'active', erase_at = NULL;
UPDATE imports SET state = 'asking';
UPDATE members SET role = 'administrator', level = 2, left_at = NULL, name = 'Priya', limited_to = NULL;
UPDATE conversations SET status = 'open', closed_reason = NULL, snoozed_until = NULL, assignee_id = NULL;
"""

OPERATOR = "ada@host.example"


@dataclass
class Desk:
    """A signed-in administrator, and a row for each form to work on."""

    app: Flask
    world: World
    known: dict[str, str] = field(default_factory=dict)
    ids: dict[str, Any] = field(default_factory=dict)
    routes: dict[str, tuple[str, str]] = field(default_factory=dict)

    def send(self, form: Form, *, htmx: bool, **hostile: str | bytes) -> TestResponse:
        """Send a form, with what is `hostile` in it, from a fresh browser, every row being as at the start."""
        self.renew(form)
        path, method = self.routes[form.endpoint]
        fields = {name: self.known.get(value, value) for name, value in form.fields.items()} | hostile
        shown = f"http://localhost/conversations/{self.ids['conversation_id']}"
        headers = {"HX-Request": "true", "HX-Current-URL": shown} if htmx else {}
        kind = "application/x-www-form-urlencoded"
        return self.browser().open(path, method=method, data=urlencode(fields), content_type=kind, headers=headers)

    def browser(self) -> FlaskClient:
        """Return one that is signed in, waits for its code, and may choose an organisation."""
        client = self.world.signed_in(self.app.test_client(), self.member)
        with client.session_transaction() as session:
            session["code"] = self.known.get("code_id")
            session["proving_code"] = self.known.get("proof_id")
            session["proven"] = {"email": self.member.email, "at": now().timestamp(), "next": None}
            ids = [str(one) for one in (self.member.organisation_id, self.member.id, self.member.session_key)]
            session["half"] = {"ids": ids, "at": now().timestamp(), "next": "/inbox"}
            session["operator"] = operator_session(self.app, OPERATOR)
        return client  # type: ignore[no-any-return]

    def fill(self) -> None:
        """Make the rows."""
        self.app.extensions["settings"] = replace(self.app.extensions["settings"], operators=(OPERATOR,))
        organisation = self.world.organisation()
        self.member = self.world.member(organisation, email=f"priya@{organisation.web_domain}")
        db.session.add(_issuer(self.app, organisation.id))
        colleague = self.world.member(organisation, email="ada@cedar.example")
        sealed = self.app.extensions["vault"].seal({"access_token": "token", "account_id": "9"})
        channel = self.world.channel(organisation, "x", account="@cedar", sealed_secrets=sealed)
        (conversation_id,) = self.world.arrives(channel, self.world.item("Where do I park?"))
        writer = erasing.writers(self.member, conversation_id)[0]
        asked = data_requests.write_down(self.member, Asked("complain", writer.screen_name, "x", colleague.email), None)
        complex_one = data_requests.write_down(self.member, Asked("copy", "Nobody"), None)
        first = self.world.item()
        told = (self.world.item(thread_id=first.thread_id, direction="outbound") for _ in range(2))
        (answered,) = self.world.arrives(channel, first, *told)
        ours, other = db.session.scalars(select(Message.id).where(Message.direction == "outbound"))
        breach = disclosures.report(self.member, answered, other, ["name"], None)
        unsubscribe = links.unsubscribe_link(links.UnsubscribeLink(organisation.id, self.member.id))
        tokens = {
            "people.accept": invitations.invite(self.member, "new@example.nhs.uk", "responder"),
            "unsubscribe.change": unsubscribe.rpartition("/")[2],
        }
        self.ids = {
            "conversation_id": conversation_id,
            "channel_id": channel.id,
            "other_id": colleague.id,
            "reply_id": uuid.uuid4(),
            "rule_id": uuid.uuid4(),
            "import_id": self.world.uploaded(channel, self.member).id,
            "attachment_id": uuid.uuid4(),
            "erasure_id": uuid.uuid4(),
            "restriction_id": uuid.uuid4(),
            "hold_id": uuid.uuid4(),
            "grant_id": uuid.uuid4(),
            "session_id": uuid.uuid4(),
            "passkey_id": uuid.uuid4(),
            "organisation_id": organisation.id,
            "request_id": asked.id,
            "message_id": ours,
            "disclosure_id": breach.id,
            "team_id": teams.make(self.member, teams.Wish("Desk", channels=[str(channel.id)])).id,
            "provider_id": uuid.uuid4(),
            "identity_id": uuid.uuid4(),
            "code_id": uuid.uuid4(),
            "key": "k",
            "kind": "form",
        }
        formed = self.world.channel(organisation, "form", remote_id="news")
        self.routes = _routes(self.app, self.ids, tokens)
        self.routes["disclosures.report"] = f"/conversations/{answered}/messages/{ours}/breach", "POST"
        self.routes["data_requests.extend"] = f"/settings/requests/{complex_one.id}/extend", "POST"
        self.routes["channels.save_settings"] = f"/channels/{formed.id}/settings", "POST"
        paper = self.world.channel(organisation, "paper", remote_id="paper")
        self.routes["writing_down.save"] = f"/channels/{paper.id}/enter", "POST"
        files = self.world.channel(organisation, "fft", remote_id="fft")
        self.routes["imports.upload"] = f"/channels/{files.id}/imports", "POST"
        self.known = {
            "<organisation>": str(organisation.id),
            "<colleague>": str(colleague.id),
            "<writer>": str(writer.id),
            "<match>": f"{conversation_id}:{writer.id}",
            "<earlier>": (now() - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M"),
            "<channel>": str(channel.id),
            "<team>": str(self.ids["team_id"]),
            "<tomorrow>": (now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"),
            "<mark>": guarded.mark("Ring Mrs Lee", look("Ring Mrs Lee", own())),
            "<yesterday>": (now() - timedelta(days=1)).date().isoformat(),
        }
        db.session.refresh(self.member)
        db.session.expunge(self.member)

    def renew(self, form: Form) -> None:
        """Undo what the form before changed; send a code where this one is about it."""
        with self.app.app_context():
            scope.enter(self.member.organisation_id)
            db.session.execute(db.text(_RENEW))
            if form.endpoint == "codes.check":
                issued = codes.ask("signin", self.member.email, "", "127.0.0.1")
                self.known["<code>"], self.known["code_id"] = issued.code, str(issued.id)
            if form.endpoint == "proving.check_code":
                whose = proving.subject_of(self.member)
                proof = codes.ask(proving.ADDRESS_CODE, self.member.email, whose, "127.0.0.1")
                self.known["<proof>"], self.known["proof_id"] = proof.code, str(proof.id)
            if form.endpoint == "disputes.decide":
                self.known["<dispute>"] = self._dispute()
            if form.endpoint == "disclosures.close":
                db.session.execute(db.text("UPDATE disclosures SET removal = 'done'"))
            if "<digits>" in form.fields.values():
                self.known["<digits>"] = self._set_up_app(form.endpoint)
            if "<challenge>" in form.fields.values():
                self.known["<challenge>"] = challenges.new()[1]
            if form.endpoint == "linking.choose":
                self.known["<state>"] = pending_links.new_state()
                begun = pending_links.Begun("form", found=Linkables([page(1), page(2)]))
                pending_links.keep(self.member, begun, self.known["<state>"])
            db.session.commit()

    def _dispute(self) -> str:
        """Open a dispute without anybody in it, and return its id."""
        whose = {"organisation_id": self.member.organisation_id, "why": "unproven", "parties": []}
        dispute = Dispute(id=new_id(), **whose)
        db.session.add(dispute)
        db.session.flush()
        return str(dispute.id)

    def _set_up_app(self, endpoint: str) -> str:
        """Set up an authenticator app anew, as far as this form wants it; return the digits that it shows."""
        if endpoint.startswith("operator"):
            operator_step.begin(OPERATOR)
            secret = operator_step.begun_secret(OPERATOR) or ""
        else:
            second_step.begin_app(self.member)
            secret = second_step.begun_secret(self.member) or ""
        if not endpoint.endswith(("confirm_app", "step.confirm")):
            for table in ("second_steps", "operator_steps"):
                db.session.execute(db.text(f"UPDATE {table} SET confirmed_at = now()"))  # noqa: S608
        return pyotp.TOTP(secret).at(now())


def _issuer(app: Flask, organisation_id: uuid.UUID) -> SignInIssuer:
    """Return an issuer that is switched on, and that nobody can reach."""
    sealed = app.extensions["vault"].seal({"secret": "secret"})
    values = {"issuer": ISSUER["issuer"], "client_id": "client", "domains": ["cedar.example"], "sealed": sealed}
    return SignInIssuer(organisation_id=organisation_id, **values, tested_at=now(), on_since=now())


def _routes(app: Flask, ids: dict[str, Any], tokens: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Return path and method of every route that takes a form, by endpoint."""
    routes = {}
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}:
            values = {**ids, "token": tokens.get(rule.endpoint, "t")}
            with app.test_request_context():
                routes[rule.endpoint] = str((rule.build(values, append_unknown=False) or ("", ""))[1]), method
    return routes


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """An installation that may publish on X."""
    return replace(settings, x_client_id="client", x_client_secret="secret")


@pytest.fixture
def desk(app: Flask, providers: None, kinds: Kinds) -> Desk:
    """The signed-in administrator."""
    made = Desk(app, World())
    with app.app_context():
        made.fill()
    return made
