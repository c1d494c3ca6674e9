"""Every route of a member, with every role, at both levels, with own ids, foreign ids and ids that do not exist.

What is expected is read from what the routes declare (test_permissions.py) and from core.permissions.
"""

import re
import uuid
from itertools import product

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from healthberry.core import scope
from healthberry.core.permissions import ACTIONS, may
from healthberry.core.roles import ROLES
from tests.policy import test_routes as routes
from tests.world import World

theirs = routes.theirs  # the other organisation, with everything in it

FORM = {"reason": "spam", "text": "Hello", "version": "1", "role": "viewer", "until": "tomorrow", "assignee": ""}
# Says that it is refused only once it has found where the text is to be kept.
_KEEPS_THE_TEXT = {"reply.publish"}
_CHANGING = re.compile(r'nonce="[^"]*"|value="[^"]*"|content="[^"]*"|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}')


def _said(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, _CHANGING.sub("", answer.get_data(as_text=True))


@pytest.mark.parametrize(("role", "level"), list(product(ROLES, (1, 2))))
def test_who_may_not_is_refused_unseen_and_nobody_learns_what_others_have(
    app: Flask, client: FlaskClient, world: World, theirs: routes.Theirs, role: str, level: int
) -> None:
    names = vars(theirs).keys() - {"organisation_name"}
    organisation = world.organisation()
    colleague, member = world.member(organisation), world.member(organisation, role=role, level=level)
    channel = world.channel(organisation)
    (conversation_id,) = world.arrives(channel, world.item())
    world.signed_in(client, member)
    allowed = {action: may(member, action) for action in ACTIONS}
    absent = dict.fromkeys(names, uuid.uuid4())
    own = {**absent, "conversation_id": conversation_id, "channel_id": channel.id, "other_id": colleague.id}
    scope.leave()

    wrong: dict[str, object] = {}
    tried = 0
    for rule, method in routes._rules(app):
        action = getattr(app.view_functions[rule.endpoint], "permission", "")
        if action not in ACTIONS or rule.endpoint == "stream.follow":
            continue

        def ask(values: dict[str, uuid.UUID], rule: Rule = rule, method: str = method) -> tuple[int, str]:
            path = routes._path(app, rule, {**values, "kind": "x"})
            g.pop("refusing", None)  # outlives a request here, where the test holds one context for all
            return _said(client.open(path, method=method, data=FORM if method != "GET" else None))

        route, tried = f"{method} {rule} ({action})", tried + 1
        if not allowed[action] or method == "GET":
            status = ask(own)[0]
            refused = 303 if rule.endpoint == "inbox.index" and allowed["see_providers"] else 403
            if (status == refused) != (not allowed[action]):
                wrong[f"own: {route}"] = status
        if rule.arguments & names:
            foreign, missing = ask(vars(theirs)), ask(absent)
            if foreign != missing:
                wrong[f"foreign: {route}"] = (foreign[0], missing[0])
            keeps = rule.endpoint in _KEEPS_THE_TEXT and allowed["draft"]
            expected = {404 if allowed[action] or keeps else 403}
            if action == "link" and level == 1:
                expected = {403, 404}  # the core asks whether they are alone, and they are not
            if foreign[0] not in expected:
                wrong[f"status: {route}"] = foreign[0]

    assert tried > 100
    assert wrong == {}
