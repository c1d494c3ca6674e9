"""What a team does not see reaches its people by no way: asked of the code, and of every route."""

import ast
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import healthberry
from healthberry.connectors.base import Author, File
from healthberry.core import conversations, drafts, replies, scope, teams
from healthberry.core.permissions import ACTIONS, may
from healthberry.extensions import db
from healthberry.models.attachments import Attachment
from tests.policy import test_routes as routes
from tests.policy.test_reach import FORM
from tests.world import World

LEAVE = ("stream.follow", "people.leave", "settings.sign_out_everywhere")  # asked otherwise, or they sign out
CORE = Path(healthberry.__file__).parent / "core"
# What holds, or points at, the words of one conversation.
TABLES = {"Conversation", "Message", "Note", "Draft", "Reply", "Attachment", "Unread", "SearchText", "CopyPrint"}
NAMED = re.compile(r"\b(conversations|messages|notes|drafts|replies|attachments|unread|search_texts|copy_prints)\b")
# Each of these asks core.places, or leads to administrators alone, who see everything.
GATES = {"places", "find", "readable", "narrowed", "found", "whole", "manage"}
# What needs none, and why.
EXEMPT = {
    "data_matches._rows": "for administrators, who see every place, and are asked for before",
    "subject_copies._messages": "for administrators, who see every place, and are asked for before",
    "drafts.find": "one's own, and only asked of a conversation that was found",
    "drafts.drop": "one's own, thrown away",
    "keeping.would_go": "a count for administrators, who are asked for before",
    "restricting.settle": "marks what a restriction is about; returns nothing",
}


def _functions() -> Iterator[tuple[str, ast.FunctionDef, set[str]]]:
    """Return every function of the core that is given a member and touches such a table, and what it names."""
    for file in sorted(CORE.rglob("*.py")):
        tree = ast.parse(file.read_text())
        written = {
            one.targets[0].id
            for one in tree.body
            if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name) and NAMED.search(ast.unparse(one))
        }
        for one in ast.walk(tree):
            if isinstance(one, ast.FunctionDef) and "member" in {given.arg for given in one.args.args}:
                names = {node.id for part in one.body for node in ast.walk(part) if isinstance(node, ast.Name)}
                if names & (TABLES | written):
                    more = {n.attr for n in ast.walk(one) if isinstance(n, ast.Attribute)}
                    texts = {str(n.value) for n in ast.walk(one) if isinstance(n, ast.Constant)}
                    yield f"{file.stem}.{one.name}", one, names | more | texts


def test_every_function_that_reads_for_a_member_asks_what_they_see() -> None:
    asked = {name: bool(named & GATES) for name, _, named in _functions()}

    assert len(asked) >= 25
    assert {name for name, gated in asked.items() if not gated} - EXEMPT.keys() == set()
    assert EXEMPT.keys() - asked.keys() == set(), "no longer there"


@pytest.mark.parametrize("role", ["approver", "viewer"])
def test_no_route_shows_a_member_a_word_of_what_their_team_does_not_see(
    app: Flask, client: FlaskClient, world: World, role: str
) -> None:
    organisation = world.organisation()
    admin, member = world.member(organisation), world.member(organisation, role="approver", name="Limited")
    channel = world.channel(organisation, "bluesky")
    file = File("zebra.jpg", "image/jpeg", b"zebra")
    zebra = world.item(
        "A zebra beside a lion", title="Zebra", author=Author("z", "Zebra"), service_code="SOU01", files=(file,)
    )
    (near,) = world.arrives(channel, world.item("A story", service_code="NOR01", service_name="North"))
    (far,) = world.arrives(channel, zebra)
    conversations.add_note(member, far, "The zebra again")
    reply = replies.queue_reply(member, far, "We are sorry for the zebra.", 1)
    reply.state = "failed"
    drafts.put(organisation.id, member.id, far, "Dear zebra", 1)
    file_id = db.session.scalar(db.select(Attachment.id))
    ids = {"conversation_id": far, "channel_id": channel.id, "reply_id": reply.id, "attachment_id": file_id}
    db.session.commit()
    world.signed_in(client, member)
    shown = _walk(app, client, ids, {"GET"})
    assert len([route for route, (_, said) in shown.items() if said]) >= 5, "before, they find the words"

    scope.enter(organisation.id)
    teams.make(admin, teams.Wish("North", sites=["NOR01"], people={member.id}))
    member.role = role
    db.session.commit()
    hidden = _walk(app, client, ids, {"GET", "POST"})

    assert {route: status for route, (status, said) in hidden.items() if said} == {}
    allowed = {action for action in ACTIONS if may(member, action)}
    wrong = {
        route: status
        for route, (status, _) in hidden.items()
        if route.partition(" ")[2].partition(" ")[2] in {f"({one})" for one in allowed}
        and re.search("conversation_id|reply_id|attachment_id", route)
        and status != 404
    }
    assert wrong == {}
    for name in ("refusing", "_login_user"):
        g.pop(name, None)
    scope.leave()
    assert client.get(f"/conversations/{near}").status_code == 200


def _walk(
    app: Flask, client: FlaskClient, ids: dict[str, uuid.UUID | None], methods: set[str]
) -> dict[str, tuple[int, bool]]:
    """Ask every route of a member; return its status, and whether it says anything of the zebra."""

    def ask(path: str, method: str = "GET") -> TestResponse:
        for name in ("refusing", "_login_user"):  # outlive a request here, where the test holds one context for all
            g.pop(name, None)
        scope.leave()
        return client.open(path, method=method, data=FORM if method != "GET" else None)

    found = {}
    for rule, method in routes._rules(app):
        action = getattr(app.view_functions[rule.endpoint], "permission", "")
        if action not in ACTIONS or method not in methods or rule.endpoint in LEAVE:
            continue
        values = {**{one: uuid.uuid4() for one in rule.arguments}, "kind": "x", **ids}
        path = routes._path(app, rule, {one: values[one] for one in rule.arguments})
        query = "?status=all" if method == "GET" else ""
        answer = ask(path + query, method)
        said = re.search(r"(?i)zebra", answer.get_data(as_text=True)) is not None
        found[f"{method} {rule} ({action})"] = (answer.status_code, said)
    for query in ("q=lion", "q=lion&status=all", "status=all&unread=1", "status=all&assigned=me"):
        answer = ask(f"/inbox?{query}")
        said = re.search(r"(?i)zebra", answer.get_data(as_text=True)) is not None
        found[f"GET /inbox?{query} (read)"] = (answer.status_code, said)
    answer = ask(f"/stream?view=conversation&conversation={ids['conversation_id']}")
    found["GET /stream?view=conversation_id (read)"] = (answer.status_code, False)
    answer.close()
    return found
