"""Whatever is sent to any route is answered in words, never with a 500."""

import uuid
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from healthberry.core import data_requests, erasing, restricting
from healthberry.core.data_requests import Asked
from healthberry.extensions import db
from healthberry.models.replies import Reply
from tests.policy.forms import FORMS
from tests.policy.test_hostile_forms import HOSTILE
from tests.world import World

# What the pages read from their addresses, and forms (test_hostile_forms.py) from what is sent to them.
QUERY = (
    "q",
    "month",
    "organisation",
    "kind",
    "town",
    "ods",
    "next",
    "done",
    "status",
    "channel",
    "assigned",
    "unread",
    "service",
    "after",
    "view",
    "conversation",
    "state",
    "code",
    "error",
    "months",
    "who",
    "again",
    "item",
    "reference",
)
FIELDS = sorted({*QUERY, *(name for form in FORMS for name in form.fields)})
ADDRESSED = {name: value for name, value in HOSTILE.items() if len(value) < 1000}
MALFORMED = {"malformed UTF-8": b"\xff\xfe\xc3\x28", "lone surrogate": b"\xed\xa0\x80"}


def _rules(app: Flask) -> list[tuple[Rule, str]]:
    return [
        (rule, method)
        for rule in sorted(app.url_map.iter_rules(), key=str)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        if rule.endpoint not in _ENDING
    ]


# A stream answers for as long as it is read, and signing out would end the test for the others.
_ENDING = {"stream.follow", "static", "health.show", "session.sign_out", "settings.sign_out_everywhere"}


@pytest.fixture
def mine(app: Flask, client: FlaskClient) -> dict[str, object]:
    """Rows of the signed-in member's own organisation, by the name that routes give their ids."""
    world = World()
    with app.app_context():
        organisation = world.organisation()
        member, colleague = world.member(organisation), world.member(organisation)
        channel = world.channel(organisation)
        (conversation_id,) = world.arrives(channel, world.item("<b>bold</b> \u202e" + "long " * 3000, title="<i>"))
        reply = Reply(
            organisation_id=organisation.id,
            conversation_id=conversation_id,
            target_id=db.session.scalar(db.text("SELECT id FROM messages")),
            member_id=member.id,
            member_name=member.name,
            mode="api",
            key="k",
            text="Hello",
            state="failed",
        )
        db.session.add(reply)
        restriction = restricting.restrict(member, conversation_id, None, "<b>")
        who = erasing.writers(member, conversation_id)[0].id
        erasure = erasing.begin(member, conversation_id, who, reference="<b>", answers=False, notes=False)
        db.session.commit()
        world.signed_in(client, member)
        ids: dict[str, object] = {
            "conversation_id": conversation_id,
            "channel_id": channel.id,
            "reply_id": reply.id,
            "rule_id": uuid.uuid4(),
            "import_id": world.uploaded(channel, member).id,
            "attachment_id": uuid.uuid4(),
            "erasure_id": erasure.id,
            "restriction_id": restriction.id,
            "hold_id": uuid.uuid4(),
            "grant_id": uuid.uuid4(),
            "session_id": uuid.uuid4(),
            "passkey_id": uuid.uuid4(),
            "organisation_id": organisation.id,
            "request_id": data_requests.write_down(member, Asked("copy", "<b>", "<i>"), None).id,
            "message_id": uuid.uuid4(),
            "disclosure_id": uuid.uuid4(),
            "team_id": uuid.uuid4(),
            "provider_id": uuid.uuid4(),
            "identity_id": uuid.uuid4(),
        }
        db.session.commit()
        return {**ids, "other_id": colleague.id, "code_id": uuid.uuid4(), "kind": "x", "token": "t", "key": "k"}


@pytest.mark.parametrize(
    ("name", "htmx"), [*((name, False) for name in ADDRESSED), ("HTML", True), ("NUL", True), ("malformed UTF-8", True)]
)
def test_no_part_of_an_address_breaks_a_page(
    app: Flask, client: FlaskClient, mine: dict[str, object], name: str, htmx: bool
) -> None:
    broken = {}
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/inbox"} if htmx else {}
    for rule, method in _rules(app):
        if method != "GET":
            continue
        with app.test_request_context():
            _, path = rule.build(mine, append_unknown=False) or (None, "")
        answer = client.get(f"{path}?{urlencode(dict.fromkeys(QUERY, ADDRESSED[name]))}", headers=headers)
        if answer.status_code >= 500 or "<script>alert" in answer.text:
            broken[str(rule)] = answer.status_code

    assert broken == {}


@pytest.mark.parametrize("value", MALFORMED.values(), ids=MALFORMED.keys())
def test_bytes_that_are_no_text_break_nothing(
    app: Flask, client: FlaskClient, mine: dict[str, object], value: bytes
) -> None:
    body = b"&".join(name.encode() + b"=" + value for name in FIELDS)
    broken = {}
    for rule, method in _rules(app):
        with app.test_request_context():
            _, path = rule.build(mine, append_unknown=False) or (None, "")
        query = "?" + "&".join(f"{name}=%FF%FE%C3%28%ED%A0%80" for name in FIELDS)
        form: dict[str, Any] = (
            {"data": body, "content_type": "application/x-www-form-urlencoded"} if method != "GET" else {}
        )
        answer = client.open(path + query, method=method, **(form if method != "GET" else {}))
        if answer.status_code >= 500:
            broken[f"{method} {rule}"] = answer.status_code
        answer.close()

    assert broken == {}


@pytest.mark.parametrize(
    "path", ["/r/%00", "/conversations/%FF", "/code/x/y", "/unsubscribe/<script>", "/nowhere/\u202e"]
)
def test_addresses_that_lead_nowhere_say_so(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code in (400, 404)


def test_a_body_beyond_the_limit_is_refused_in_words(client: FlaskClient, mine: dict[str, object]) -> None:
    answer = client.post(f"/conversations/{mine['conversation_id']}/notes", data={"text": "x" * 3_000_000})

    assert answer.status_code == 413
    assert "too" in answer.get_data(as_text=True).lower()
