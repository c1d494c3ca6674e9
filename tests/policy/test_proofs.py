"""What wants a fresh proof of who asks: one list, compared with the application."""

import uuid
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from healthberry.blueprints.guard import RECENTLY, THIS_WORKING_DAY
from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.owned import now
from healthberry.models.sign_in import MemberSession
from tests.world import World, session_name

# People, channels, what is kept and erased, and how oneself signs in: within a quarter of an hour.
RECENT = {
    "people.approve", "people.refuse", "people.change_role", "people.remove", "people.leave", "people.invite",
    "people.reset_second_step", "people.hand_over", "teams.make", "teams.save", "teams.remove",
    "linking.begin", "linking.choose", "channels.start", "channels.save_settings", "channels.unlink",
    "switch_on", "switch_off", "imports.undo",
    "keeping.shorten", "erasing.erase", "requests.hold", "requests.lift_hold", "requests.lift_restriction",
    "settings.save_organisation", "audit.export",
    "data_requests.save_contact", "data_requests.copy", "data_requests.copy_account", "data_requests.close",
    "data_requests.extend", "data_requests.end_restriction", "disclosures.close",
    "openid.link", "openid.unlink", "openid_settings.save", "openid_settings.test", "openid_settings.switch_on",
    "openid_settings.switch_off",
    "own_sign_in.begin_app", "own_sign_in.show_app", "own_sign_in.confirm_app", "own_sign_in.remove_app",
    "own_sign_in.renew_codes", "own_sign_in.end", "own_sign_in.end_others",
    "passkeys.show", "passkeys.add", "passkeys.remove",
}  # fmt: skip
# Publishing: within a working day.
TODAY = {"reply.publish", "reply.retry"}


def _asked(app: Flask) -> dict[str, timedelta]:
    return {
        endpoint.removeprefix("welcome."): view.needs_proof
        for endpoint, view in app.view_functions.items()
        if hasattr(view, "needs_proof")
    }


def test_these_routes_and_no_others_want_a_fresh_proof(app: Flask) -> None:
    assert _asked(app) == dict.fromkeys(RECENT, RECENTLY) | dict.fromkeys(TODAY, THIS_WORKING_DAY)


@pytest.mark.parametrize("htmx", [False, True], ids=["form", "htmx"])
def test_each_leads_to_the_proof_when_it_is_too_old_and_changes_nothing(app: Flask, world: World, htmx: bool) -> None:
    member = world.member(world.organisation())
    name = session_name(app, member, proven_at=now() - timedelta(hours=13))
    scope.leave()
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = name
    headers = {"HX-Request": "true"} if htmx else {}

    answers = {}
    for rule in app.url_map.iter_rules():
        if not hasattr(app.view_functions[rule.endpoint], "needs_proof"):
            continue
        with app.test_request_context():
            values = {one: "x" if one == "kind" else uuid.uuid4() for one in rule.arguments}
            _, path = rule.build(values, append_unknown=False) or (None, "")
        method = "POST" if "POST" in (rule.methods or ()) else "GET"
        answer = client.open(path, method=method, data={"text": "Hello"}, headers=headers)
        where = answer.headers.get("HX-Redirect" if htmx else "Location")
        answers[rule.endpoint] = (answer.status_code, where)

    assert len(answers) == len(RECENT | TODAY)
    assert set(answers.values()) == {(403 if htmx else 303, "/confirm")}
    scope.enter(member.organisation_id)
    assert db.session.scalars(select(MemberSession.held)).one(), "nothing that was typed is kept"
