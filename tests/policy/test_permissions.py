"""What every route needs: declared on its view, enforced before the view runs, and listed here once more.

    python -m pytest -s tests/policy/test_permissions.py

prints the table.
"""

import sys
from collections import defaultdict

from flask import Flask

from healthberry.blueprints.guard import OPERATOR, OWN_PROOF, PUBLIC
from healthberry.core.permissions import ACTIONS
from tests.policy import test_routes as listed

# By permission, as `declared` finds them: moving a route is a decision that shows in a review.
TABLE = {
    "draft": """
        reply.draft
    """,
    "handle": """
        concerns.mark concerns.show conversation.aside conversation.assign conversation.close
        conversation.notes conversation.reopen conversation.snooze conversation.wait copies.choose
        copies.join copies.part disclosures.ask disclosures.removed disclosures.report disclosures.show
        noise.add noise.ask_block noise.block noise.refuse noise.remove noise.show writing_down.save
        writing_down.show writing_down.start writing_down.undo
    """,
    "link": """
        channels.read coverage.read_again linking.begin linking.choices linking.choose linking.show_answer
        welcome.switch_off welcome.switch_on
    """,
    "manage": """
        audit.export audit.index channels.ask_unlink channels.explain channels.handle_quarantined
        channels.read_quarantined_again channels.save_settings channels.settings channels.start channels.unlink
        concerns.end concerns.give concerns.give_all concerns.lift data_requests.acknowledge data_requests.close
        data_requests.copy data_requests.copy_account data_requests.end_restriction data_requests.extend
        data_requests.index
        data_requests.restrict data_requests.save_contact data_requests.show
        data_requests.write_down disclosures.close documents.download documents.index
        documents.show erasing.as_html erasing.as_text erasing.ask erasing.erase erasing.show imports.answer
        imports.ask_undo imports.change imports.drop imports.index imports.show imports.start imports.undo
        imports.upload keeping.index keeping.shorten keeping.show openid_settings.index openid_settings.save
        openid_settings.switch_off openid_settings.switch_on openid_settings.test people.approve
        people.change_role people.hand_over people.invite people.refuse people.remove people.reset_second_step
        requests.hold requests.lift_hold requests.lift_restriction requests.restrict requests.show
        settings.save_organisation teams.make teams.new teams.remove teams.save teams.show
    """,
    "operator": """
        disputes.decide disputes.index
        operator.audit operator.index operator.retry operator_step.begin operator_step.check
        operator_step.confirm operator_step.show operator_step.show_app
    """,
    "own": """
        confirm.check confirm.go_on confirm.index confirm.mail openid.link openid.show_link openid.unlink
        own_sign_in.begin_app own_sign_in.confirm_app
        own_sign_in.end own_sign_in.end_others own_sign_in.index own_sign_in.remove_app
        own_sign_in.renew_codes own_sign_in.show_app passkeys.add passkeys.confirm passkeys.remove
        passkeys.show people.ask people.ask_leave people.leave proving.ask_address proving.ask_mailbox
        proving.check_code proving.index proving.look_at_domain proving.look_at_website
        proving.object_to_refusal settings.index settings.save
        settings.sign_out_everywhere
    """,
    "own proof": """
        careconnect.take hooks.of_channel hooks.of_kind metrics.show unsubscribe.change
    """,
    "public": """
        codes.again codes.again_by_link codes.check codes.check_link codes.show codes.show_link health.show health.web
        openid.answer openid.begin
        operator.send_code operator.sign_in operator.sign_out passkeys.second passkeys.sign_in people.accept
        people.show_invitation public.accessibility public.cookies public.help_page public.home
        public.privacy reply_link.send_code reply_link.show rights.ask rights.index rights.received
        rights.show second_step.check second_step.show session.choose session.chosen session.send_code
        session.sign_in session.sign_out signup.add_unlisted signup.index signup.providers signup.send_code
        signup.unlisted signup.you unsubscribe.show
    """,
    "publish": """
        reply.confirm reply.copied reply.publish reply.retry reply.take_back
    """,
    "read": """
        attachments.show channels.show channels.show_quarantined conversation.read conversation.show
        conversation.unread coverage.show inbox.index linking.index linking.show reply.composer
        stream.follow welcome.channels welcome.found welcome.index welcome.look
    """,
    "see_colleagues": """
        people.index
    """,
    "see_providers": """
        providers.index providers.show
    """,
}

# Looks for itself, inside the door that lets in one at a time: the decorators would open a connection before it.
_BY_ITSELF = {"stream.follow"}


def declared(app: Flask) -> dict[str, set[str]]:
    """Return the endpoints by the permission that their views declare; "" for none."""
    found = defaultdict(set)
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            found[getattr(app.view_functions[rule.endpoint], "permission", "")].add(rule.endpoint)
    return dict(found)


def test_every_route_declares_its_permission(app: Flask) -> None:
    found = declared(app)
    for permission, endpoints in sorted(found.items()):
        sys.stdout.write("\n    ".join([f"\n{permission or 'UNDECLARED'}:", *sorted(endpoints)]))

    assert found.get("", set()) == set()
    assert found.keys() - {PUBLIC, OWN_PROOF, OPERATOR} <= ACTIONS
    assert found == {permission: set(endpoints.split()) for permission, endpoints in TABLE.items()}


def test_what_needs_a_member_is_asked_before_the_view_runs(app: Flask) -> None:
    lax = []
    for permission, endpoints in declared(app).items():
        for endpoint in endpoints - _BY_ITSELF if permission in ACTIONS else ():
            view = app.view_functions[endpoint]
            if not (hasattr(view, "needs_sign_in") and hasattr(view, "is_asked_first")):
                lax.append(endpoint)

    assert lax == []


def test_what_is_declared_open_is_what_is_listed_as_open(app: Flask) -> None:
    found = declared(app)

    assert found[PUBLIC] | found[OWN_PROOF] == listed.PUBLIC - {"static"}
    assert found[OPERATOR] == listed.OPERATOR
