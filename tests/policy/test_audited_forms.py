"""Whatever a member sends stands in the audit log, unless it is their own business or changes nothing."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.audit import AuditEntry
from tests.policy.desk import Desk, desk, kinds, providers, settings
from tests.policy.forms import FORMS, Form

__all__ = ["desk", "kinds", "providers", "settings"]

# Asking for a code is none; what an operator does stands in the installation's log.
NOT_OF_A_MEMBER = {
    "signup.add_unlisted",
    "signup.send_code",
    "session.send_code",
    "openid.begin",
    "operator.retry",
    "operator.send_code",
    "operator_step.check",
    "operator_step.confirm",
    "people.accept",
    "rights.ask",
}
# One's own draft; a click that only looks ahead; a hint that is not wanted; the list of what was found, not linked yet.
NOT_WORTH_AN_ENTRY = {
    "reply.draft",
    "channels.start",
    "noise.refuse",
    "imports.answer",
    "linking.begin",
}


def _entries(desk: Desk) -> int:
    with desk.app.app_context():
        session: Session = db.session()
        scope.enter(desk.member.organisation_id)
        found = session.scalar(select(func.count()).select_from(AuditEntry)) or 0
        scope.leave()
        return found


def _is_done(form: Form) -> bool:
    if form.fields == {"alerts": "on"}:  # they are on already
        return False
    return set(form.answers) <= {200, 303} and form.endpoint not in NOT_OF_A_MEMBER | NOT_WORTH_AN_ENTRY


def test_what_a_member_sends_leaves_an_entry(desk: Desk) -> None:
    silent = []
    for form in filter(_is_done, FORMS):
        before = _entries(desk)
        desk.send(form, htmx=False)
        if _entries(desk) == before:
            silent.append(f"{form.endpoint} {form.fields}")

    assert "\n".join(silent) == ""
