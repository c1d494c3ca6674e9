"""Every route: who may use it, and what it says of another organisation's rows."""

import time
import uuid
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from healthberry.connectors.base import File
from healthberry.core import data_requests, erasing, grants, holds, members, noise, restricting, scope, teams
from healthberry.core.data_requests import Asked
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.openid import LinkedIdentity
from healthberry.models.owned import now
from healthberry.models.replies import Reply
from healthberry.models.rights import Disclosure
from healthberry.models.sign_in import Passkey
from tests.world import World, session_name

# What anybody may open: the way in, what the law wants public, links that carry their own proof, health, and where
# providers send what they sign.
PUBLIC = {
    "static",
    "public.home",
    "public.accessibility",
    "public.privacy",
    "public.cookies",
    "rights.index",
    "rights.show",
    "rights.ask",
    "rights.received",
    "public.help_page",
    "health.show",
    "metrics.show",
    "operator.sign_in",
    "operator.send_code",
    "operator.sign_out",
    "health.web",
    "hooks.of_kind",
    "hooks.of_channel",
    "careconnect.take",
    "signup.index",
    "signup.providers",
    "signup.unlisted",
    "signup.add_unlisted",
    "signup.you",
    "signup.send_code",
    "session.sign_in",
    "session.send_code",
    "session.choose",
    "session.chosen",
    "session.sign_out",
    "openid.begin",
    "openid.answer",
    "passkeys.sign_in",
    "passkeys.second",
    "second_step.show",
    "second_step.check",
    "codes.show",
    "codes.check",
    "codes.again",
    "codes.again_by_link",
    "codes.show_link",
    "codes.check_link",
    "reply_link.show",
    "reply_link.send_code",
    "unsubscribe.show",
    "unsubscribe.change",
    "people.show_invitation",
    "people.accept",
}


# What only the operator of the installation may open, who is a member of nothing.
OPERATOR = {
    "disputes.decide",
    "disputes.index",
    "operator.index",
    "operator.retry",
    "operator.audit",
    "operator_step.show",
    "operator_step.check",
    "operator_step.begin",
    "operator_step.show_app",
    "operator_step.confirm",
}

# No cookie, own proof: RFC 8058's one click; the signature of a provider; a user name and password for a program.
OWN_PROOF = {"unsubscribe.change", "hooks.of_kind", "hooks.of_channel", "careconnect.take"}


@dataclass(frozen=True)
class Theirs:
    """Ids of rows that belong to another organisation, by the name that routes give them."""

    conversation_id: uuid.UUID
    channel_id: uuid.UUID
    reply_id: uuid.UUID
    other_id: uuid.UUID
    rule_id: uuid.UUID
    import_id: uuid.UUID
    attachment_id: uuid.UUID
    erasure_id: uuid.UUID
    restriction_id: uuid.UUID
    hold_id: uuid.UUID
    grant_id: uuid.UUID
    session_id: uuid.UUID
    passkey_id: uuid.UUID
    request_id: uuid.UUID
    message_id: uuid.UUID
    disclosure_id: uuid.UUID
    team_id: uuid.UUID
    provider_id: uuid.UUID
    identity_id: uuid.UUID
    organisation_id: uuid.UUID
    organisation_name: str


@pytest.fixture
def theirs(app: Flask, world: World) -> Theirs:
    """Another organisation with everything in it."""
    organisation = world.organisation()
    member = world.member(organisation)
    channel: Channel = world.channel(organisation)
    (conversation_id,) = world.arrives(channel, world.item(files=(File("a.jpg", "image/jpeg", b"picture"),)))
    target = db.session.scalar(db.text("SELECT id FROM messages"))
    reply = Reply(
        organisation_id=organisation.id,
        conversation_id=conversation_id,
        target_id=target,
        member_id=member.id,
        member_name=member.name,
        mode="api",
        key="k",
        text="Hello",
        state="failed",
        next_attempt_at=now(),
    )
    db.session.add(reply)
    noise.add(member, channel.id, "must_not", ["museum"])
    db.session.commit()
    rule = noise.rules_of(channel)[0]
    uploaded = world.uploaded(channel, member)
    file_id = db.session.scalar(db.text("SELECT id FROM attachments"))
    who = erasing.writers(member, conversation_id)[0].id
    restriction = restricting.restrict(member, conversation_id, None, "Asked.")
    grant = grants.give(member, member.id, conversation_id)
    hold = holds.place(member, channel.id, None, "A claim.")
    holds.lift(member, hold.id)
    erasure = erasing.begin(member, conversation_id, who, reference="IG-7", answers=False, notes=False)
    db.session.commit()
    session_id = uuid.UUID(session_name(app, member).partition(":")[2])
    key = {"credential_id": b"1", "public_key": b"2", "sign_count": 0, "name": "Phone"}
    passkey = Passkey(organisation_id=organisation.id, id=uuid.uuid4(), member_id=member.id, **key)
    db.session.add(passkey)
    team = teams.make(member, teams.Wish("North", channels=[str(channel.id)]))
    db.session.commit()
    asked = data_requests.write_down(member, Asked("copy", "@wren"), None)
    breach = Disclosure(
        organisation_id=organisation.id,
        conversation_id=conversation_id,
        channel_id=channel.id,
        message_id=target,
        member_name=member.name,
        found_at=now(),
        removal="by_hand",
    )
    account = {"member_id": member.id, "issuer": "https://issuer.invalid/a", "subject": "1"}
    identity = LinkedIdentity(organisation_id=organisation.id, id=uuid.uuid4(), **account)
    db.session.add_all([breach, identity])
    db.session.commit()
    beside = (
        *(rule.id, uploaded.id, file_id, erasure.id, restriction.id, hold.id, grant.id),
        *(session_id, passkey.id, asked.id, breach.message_id, breach.id, team.id, organisation.id, identity.id),
        organisation.id,
    )
    ids = (conversation_id, channel.id, reply.id, member.id, *beside)
    return Theirs(*ids, organisation.name)


def _rules(app: Flask) -> list[tuple[Rule, str]]:
    return [
        (rule, method)
        for rule in sorted(app.url_map.iter_rules(), key=str)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def _path(app: Flask, rule: Rule, values: dict[str, object]) -> str:
    with app.test_request_context():
        _, path = rule.build(values, append_unknown=False) or (None, None)
    assert path is not None, f"{rule} has an argument that this test does not know: {rule.arguments}"
    return str(path)


def test_every_route_of_a_member_answers_404_for_another_organisations_ids(
    app: Flask, client: FlaskClient, world: World, theirs: Theirs
) -> None:
    member = world.member(world.organisation())
    world.signed_in(client, member)
    scope.leave()

    answers = {}
    for rule, method in _rules(app):
        if rule.endpoint in PUBLIC or not rule.arguments & set(vars(theirs)):
            continue
        path = _path(app, rule, {**vars(theirs), "kind": "x"})
        data = {
            "reason": "spam",
            "text": "Hello",
            "version": "1",
            "role": "viewer",
            "until": "tomorrow",
            "assignee": "",
        }
        answers[f"{method} {rule}"] = client.open(path, method=method, data=data).status_code

    assert len(answers) >= 18
    assert {route: status for route, status in answers.items() if status != 404} == {}


def test_another_organisations_conversation_can_not_be_followed_on_the_stream(
    client: FlaskClient, world: World, theirs: Theirs
) -> None:
    organisation = world.organisation()
    world.signed_in(client, world.member(organisation))
    (mine,) = world.arrives(world.channel(organisation), world.item())

    statuses = []
    for conversation_id in (theirs.conversation_id, mine):
        answer = client.get(f"/stream?view=conversation&conversation={conversation_id}")
        statuses.append(answer.status_code)
        answer.close()

    assert statuses == [404, 200]


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["form", "htmx"])
def test_a_conversation_can_not_be_given_to_another_organisations_member(
    client: FlaskClient, world: World, theirs: Theirs, headers: dict[str, str]
) -> None:
    organisation = world.organisation()
    world.signed_in(client, world.member(organisation))
    (mine,) = world.arrives(world.channel(organisation), world.item())
    scope.enter(theirs.organisation_id)
    stranger = members.present(theirs.organisation_id, theirs.other_id)
    assert stranger is not None
    name, email = stranger.name, stranger.email

    answer = client.post(f"/conversations/{mine}/assign", data={"assignee": str(theirs.other_id)}, headers=headers)

    assert answer.status_code == 422
    assert "Choose somebody who works here." in answer.text
    assert name not in answer.text
    assert email not in answer.text
    scope.enter(organisation.id)
    found = db.session.get_one(Conversation, (organisation.id, mine), populate_existing=True)
    assert (found.assignee_id, found.version) == (None, 1)


def test_nobody_signs_in_to_another_organisation_by_its_id(client: FlaskClient, world: World, theirs: Theirs) -> None:
    mine = [world.organisation(), world.organisation()]
    for organisation in mine:
        world.member(organisation, email="both@example.org")
    scope.leave()
    with client.session_transaction() as session:
        session["proven"] = {"email": "both@example.org", "at": time.time(), "next": None}

    refused = client.post("/signin/choose", data={"organisation": str(theirs.organisation_id)})

    assert refused.status_code == 404
    assert theirs.organisation_name not in refused.text
    assert client.get("/inbox").status_code == 303
    chosen = client.post("/signin/choose", data={"organisation": str(mine[0].id)})
    assert (chosen.status_code, chosen.headers["Location"]) == (303, "/inbox")


def test_every_other_route_leads_strangers_to_the_sign_in_page(app: Flask, client: FlaskClient, theirs: Theirs) -> None:
    scope.leave()
    open_to_all = []
    for rule, method in _rules(app):
        if rule.endpoint in PUBLIC | OPERATOR:
            continue
        answer = client.open(_path(app, rule, {**vars(theirs), "kind": "x"}), method=method)
        to_sign_in = answer.status_code in (302, 303) and "/signin" in answer.headers["Location"]
        if not to_sign_in and answer.status_code not in (204, 401, 403):
            open_to_all.append(f"{method} {rule}: {answer.status_code}")

    assert open_to_all == []


def test_only_posts_can_change_anything_and_each_wants_a_token(app: Flask, world: World, theirs: Theirs) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    client = app.test_client()
    organisation = world.organisation()
    member = world.member(organisation)
    world.signed_in(client, member)
    (mine,) = world.arrives(world.channel(organisation), world.item())

    unguarded = []
    for rule, method in _rules(app):
        if method == "GET" or rule.endpoint in OWN_PROOF:
            continue
        values = {
            **vars(theirs),
            "conversation_id": mine,
            "kind": "x",
            "token": "t",
            "key": "k",
            "code_id": uuid.uuid4(),
        }
        answer = client.open(_path(app, rule, values), method=method, data={"reason": "spam"})
        if answer.status_code != 400:
            unguarded.append(f"{method} {rule}: {answer.status_code}")

    assert unguarded == []
