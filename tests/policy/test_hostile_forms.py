"""Every field of every form, hostile one at a time: done, or refused in words that people can read.

`FORMS` is the one list: each form as somebody would send it, who meant well. A field that the application reads and
that is not in it fails a test of its own.
"""

import re
import uuid
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import product
from typing import Any, ClassVar
from urllib.parse import urlencode

import pyotp
import pytest
from flask import Flask, Request
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.formparser import FormDataParser
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
from tests.signup.conftest import providers
from tests.world import World

__all__ = ["kinds", "providers"]

HOSTILE = {
    "empty": "",
    "emoji": "👩🏽‍⚕️🚑" * 50,
    "right to left": "\u202eمرحبا بكم\u202c שלום",
    "NUL": "before\x00after",
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "quotes": "'\"`; DROP TABLE messages; -- %s {{ 7*7 }} ${7*7}",
    "line breaks": "one\r\nBcc: everybody@example.org\r\n\r\ntwo",
    "numbers": "99999999999999999999999999999999",
    "malformed UTF-8": b"\xff\xfe\xc3\x28",
    "lone surrogate": b"\xed\xa0\x80",
    "a megabyte": "x" * 1_000_000,
}


@dataclass(frozen=True)
class Form:
    """One form, filled in as it should be, and how it is then answered. "<…>" stands for what `Desk` knows."""

    endpoint: str
    fields: dict[str, str]
    answers: tuple[int, ...] = (200, 303)


_PERSON = {"name": "Priya Kaur", "email": "priya@example.nhs.uk"}
_TYPED = {"organisation": "Elm Surgery", "kind": "gp_practice", "town": "Leeds"}
_LINKING = {"address": "news.example", "password": "secret", "words": "ward", "days": "3", "how": "all"}
_PASSKEY = {"credential": '{"id": "AA", "rawId": "AA", "response": {}}', "challenge": "<challenge>"}
_ISSUER = {
    "issuer": "https://issuer.invalid/a",
    "client_id": "client",
    "client_secret": "secret",
    "domains": "cedar.example",
    "role": "viewer",
    "counts_as_step": "on",
}
_MOMENT = "2027-05-03T08:00:00+00:00"
_WRITTEN = {
    "said": "Nobody told me where to park.",
    "how": "phone",
    "day": "",
    "who": "Mrs Lee",
    "site": "",
    "ward": "Ward 3",
    "rating": "2",
    "key": "0190d2f0-0000-7000-8000-000000000001",
}
_ASKED = {"kind": "complain", "about": "@wren", "words": "They shared it.", "contact": "wren@people.example"}
_TEAM = {
    "name": "North",
    "sites": "NOR01",
    "services": "Ward 3",
    "channels": "<channel>",
    "unplaced": "on",
    "people": "<colleague>",
}
FORMS = (
    Form("signup.add_unlisted", _TYPED),
    Form("signup.send_code", {"ods": "ZT1", **_PERSON}),
    Form("signup.send_code", {**_TYPED, **_PERSON}),
    Form("session.send_code", {"email": "priya@example.nhs.uk", "next": "/inbox", "way": "code"}),
    # No issuer answers here, and none may: a refusal.
    Form("openid.begin", {"organisation": "<organisation>", "next": "/inbox"}, answers=(403,)),
    Form("openid_settings.save", _ISSUER),
    Form("operator.retry", {"work": "all"}),
    Form("operator.send_code", {"email": "ada@host.example"}),
    Form("operator_step.check", {"step": "<digits>"}),
    Form("operator_step.confirm", {"digits": "<digits>"}),
    Form("session.chosen", {"organisation": "<organisation>"}),
    Form("codes.check", {"code": "<code>"}),
    Form("people.accept", {"name": "Priya Kaur"}),
    Form("people.invite", {"email": "priya@example.nhs.uk", "role": "responder", "team": "<team>"}),
    Form("teams.make", _TEAM),
    Form("teams.save", {**_TEAM, "name": "South"}),
    Form("people.change_role", {"role": "viewer"}),
    Form("proving.check_code", {"code": "<proof>"}),
    Form(
        "disputes.decide",
        {"organisation": "<organisation>", "dispute": "<dispute>", "winner": "nobody", "reason": "We rang them."},
    ),
    Form("channels.start", {"next": "/inbox"}),
    Form("conversation.assign", {"assignee": "<colleague>"}),
    Form("conversation.close", {"reason": "spam"}),
    Form("conversation.snooze", {"until": "tomorrow"}),
    Form("conversation.snooze", {"until": "", "at": "<tomorrow>"}),
    Form("conversation.notes", {"note": "Ask the ward."}),
    Form("reply.draft", {"text": "Thank you", "version": "1", "way": ""}),
    Form("reply.publish", {"text": "Thank you", "version": "1", "way": "", "seen": _MOMENT}),
    # The moment is read only where the thread has moved on.
    Form("reply.publish", {"text": "Thank you", "version": "0", "seen": _MOMENT}, answers=(409,)),
    Form("settings.save", {"name": "Priya Kaur", "wants_alerts": "on"}),
    Form(
        "reply.publish", {"text": "Ring Mrs Lee", "version": "1", "let_stand": "<mark>", "let_stand_reason": "Agreed"}
    ),
    Form(
        "settings.save_organisation",
        {"alert_excerpts": "on", "contacts": "0113 496 0100\npals@example.nhs.uk", "second_step": ""},
    ),
    Form("second_step.check", {"step": "<digits>", "remember": "on"}),
    Form("confirm.check", {"step": "<digits>"}),
    Form("passkeys.sign_in", {**_PASSKEY, "next": "/inbox"}, answers=(422,)),  # no browser signed it
    Form("passkeys.second", _PASSKEY),
    Form("passkeys.confirm", _PASSKEY),
    Form("passkeys.add", {**_PASSKEY, "name": "Work phone"}, answers=(422,)),
    Form("own_sign_in.confirm_app", {"digits": "<digits>"}),
    Form("keeping.shorten", {"months": "12"}),
    Form("audit.export", {"who": "Priya", "what": "noted", "about": "", "first": "2027-05-03", "last": "2027-05-04"}),
    Form(
        "erasing.erase",
        {"who": "<writer>", "confirm": "on", "reference": "IG-7", "reason": "", "answers": "", "notes": ""},
    ),
    Form("concerns.mark", {"concern": "crisis"}),
    Form("concerns.give", {"reader": "<colleague>"}),
    Form("requests.restrict", {"who": "<writer>", "reason": "Asked."}),
    Form("requests.hold", {"what": "conversation", "why": "A claim."}),
    Form("rights.ask", {**_ASKED, "key": "1"}),
    Form("data_requests.write_down", {**_ASKED, "received": "<yesterday>"}),
    Form("data_requests.save_contact", {"dpo_name": "Ada Day", "dpo_email": "dpo@example.nhs.uk"}),
    Form("data_requests.restrict", {"who": "<match>"}),
    Form("data_requests.copy", {"who": "<match>", "reason": "Identity checked", "notes": "on"}),
    Form("data_requests.copy_account", {"colleague": "<colleague>", "account_reason": "Identity checked"}),
    Form("data_requests.extend", {"extension": "It is a lot.", "told": "on"}),
    Form("data_requests.close", {"outcome": "answered", "answer": "Here it is.", "tell": "on"}),
    Form("disclosures.report", {"what": "name", "found": "<earlier>"}),
    Form("disclosures.removed", {"sure": "on"}),
    Form("disclosures.close", {"outcome": "reported", "ico_reference": "IC-1", "reason": ""}),
    Form("unsubscribe.change", {"alerts": "on"}),
    Form("unsubscribe.change", {"List-Unsubscribe": "One-Click"}),
    Form("coverage.read_again", {"day": "<yesterday>"}),
    Form("channels.unlink", {"keep": "kept"}),
    Form("writing_down.save", _WRITTEN),
    Form("imports.upload", {"file": "may.csv"}, answers=(422,)),  # a name alone is no file
    Form("imports.answer", {"column_date": "0"}),
    Form("copies.join", {"other": "<conversation>"}, answers=(422,)),
    Form("noise.add", {"kind": "must_not", "words": "museum"}),
    Form("noise.refuse", {"phrase": "museum"}),
    Form("linking.begin", _LINKING),
    Form("channels.save_settings", _LINKING),
    Form("linking.choose", {"state": "<state>", "chosen": "page-1"}),
)

_RENEW = """
DELETE FROM email_codes;
DELETE FROM second_steps;
DELETE FROM operator_steps;
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

# Where a refusal stands on a page or in a part of one.
_REFUSAL = re.compile(
    r'<[^>]+(?:class="lead"|nhsuk-error-summary__list|class="composer__error"|id="notice-text"|id="saved"|id="news"|id="found-title")[^>]*>'
)
_MARKUP = re.compile(r"<svg.*?</svg>|<[^>]+>", re.DOTALL)


def refusal(html: str) -> str:
    """Return the sentence that says why, "" for none."""
    found = _REFUSAL.search(html)
    words = _MARKUP.sub(" ", html[found.end() : found.end() + 2000]).split() if found else []
    return " ".join(words[:12]) if len(words) >= 3 else ""


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
            session["operator"] = {"email": OPERATOR, "at": now().timestamp(), "step": True}
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
    values = {"issuer": _ISSUER["issuer"], "client_id": "client", "domains": ["cedar.example"], "sealed": sealed}
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


@pytest.mark.parametrize("htmx", [False, True], ids=["form", "htmx"])
def test_every_form_is_taken_when_it_is_filled_in_well(desk: Desk, htmx: bool) -> None:
    refused = {}
    for form in FORMS:
        answer = desk.send(form, htmx=htmx)
        if answer.status_code not in form.answers:
            refused[f"{form.endpoint} {form.fields}"] = (answer.status_code, refusal(answer.text))

    assert refused == {}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE.keys())
def test_one_hostile_field_is_taken_or_refused_in_words(desk: Desk, value: str | bytes) -> None:
    broken: dict[str, object] = {}
    for form in FORMS:
        for name, htmx in product(form.fields, (False, True)):
            answer = desk.send(form, htmx=htmx, **{name: value})
            wordless = answer.status_code >= 400 and not refusal(answer.text)
            if answer.status_code >= 500 or wordless or b"<script>alert" in answer.data:
                broken[f"{form.endpoint}, {name}{', htmx' if htmx else ''}"] = answer.status_code

    assert broken == {}


class _Noted(ImmutableMultiDict):  # type: ignore[type-arg]
    """A form that notes which fields are asked of it."""

    asked: ClassVar[set[str]] = set()

    def get(self, key: str, *rest: Any, **more: Any) -> Any:
        self.asked.add(key)
        return super().get(key, *rest, **more)

    def getlist(self, key: str, *rest: Any, **more: Any) -> Any:
        self.asked.add(key)
        return super().getlist(key, *rest, **more)

    def __getitem__(self, key: str) -> Any:
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)


class _Noting(Request):
    def make_form_data_parser(self) -> FormDataParser:
        parser = super().make_form_data_parser()
        parser.cls = _Noted
        return parser


def test_every_field_that_is_read_stands_in_the_list(desk: Desk) -> None:
    desk.app.request_class = _Noting
    listed: dict[str, set[str]] = {}
    for form in FORMS:
        listed.setdefault(form.endpoint, set()).update(form.fields)
    read: dict[str, set[str]] = {}
    for form in (*FORMS, *(Form(endpoint, {"x": "y"}) for endpoint in desk.routes if endpoint not in listed)):
        _Noted.asked.clear()
        desk.send(form, htmx=False)
        read[form.endpoint] = read.get(form.endpoint, set()) | _Noted.asked

    assert len(read) >= 28
    assert {endpoint: names for endpoint, names in read.items() if names} == listed
