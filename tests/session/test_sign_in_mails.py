"""Whoever's way of signing in is changed is told by e-mail, from where and what to do, and never a secret."""

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from healthberry.connectors.openid_issuers import Identity
from healthberry.core import events, openid_joining, operator, passkeys, recovery_codes, scope
from healthberry.extensions import db
from healthberry.local.letters import Letter
from healthberry.local.mailbox import Mailbox
from healthberry.models.audit import AuditEntry
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import new_id, now
from healthberry.models.sign_in import Passkey
from tests.mail.outgoing import outbox_of, send_all
from tests.session.stepping import set_up
from tests.world import World

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
ISSUER = "https://login.cedar.example/tenant"


@pytest.fixture
def ada(world: World) -> Member:
    """Somebody with the mailbox alone."""
    return world.member(world.organisation(name="Cedar Surgery"), name="Ada Day", email="ada@cedar.nhs.uk")


@pytest.fixture
def desk(client: FlaskClient, world: World, ada: Member) -> FlaskClient:
    """Her browser."""
    client.environ_base.update({"HTTP_USER_AGENT": FIREFOX, "REMOTE_ADDR": "192.0.2.77"})
    world.signed_in(client, ada)
    db.session.expunge(ada)
    scope.leave()
    return client


def _told(mailbox: Mailbox, organisation_id: object) -> list[Letter]:
    """Send what waits, and return all that came, the oldest first."""
    scope.enter(organisation_id)  # type: ignore[arg-type]
    send_all(organisation_id)  # type: ignore[arg-type]
    return mailbox.messages()[::-1]


def test_setting_up_an_app_and_removing_it_is_told_with_when_and_from_where(
    desk: FlaskClient, ada: Member, mailbox: Mailbox
) -> None:
    secret, codes = set_up(desk)

    (mail,) = _told(mailbox, ada.organisation_id)
    assert (mail.to, mail.subject) == (["ada@cedar.nhs.uk"], "How you sign in to HealthBerry was changed")
    for words in ("An authenticator app was set up", "Firefox on Windows", "192.0.2.0/24", "If it was not you"):
        assert words in mail.text
        assert words in mail.html
    assert f"{now():%Y}" in mail.text
    assert "192.0.2.77" not in mail.text, "roughly where, as in the audit log"
    assert "/settings/sign-in" in mail.text
    for words in (secret, pyotp.TOTP(secret).at(now()), *codes):
        assert words not in mail.text + mail.html

    scope.leave()
    assert desk.post("/settings/sign-in/recovery-codes").status_code == 200
    assert desk.post("/settings/sign-in/app/remove").status_code == 303
    later = _told(mailbox, ada.organisation_id)[1:]
    assert [words for one in later for words in ("codes were made", "app was removed") if words in one.text] == [
        "codes were made",
        "app was removed",
    ]


def test_passkeys_accounts_elsewhere_and_a_used_recovery_code_are_told_once_each(
    context: Flask, world: World, ada: Member, mailbox: Mailbox
) -> None:
    key = Passkey(organisation_id=ada.organisation_id, id=new_id(), member_id=ada.id, name="Work phone")
    key.credential_id, key.public_key = b"credential", b"public"
    db.session.add(key)
    (code, *_) = recovery_codes.make(ada)
    identity = Identity(ISSUER, "subject-of-ada", "", "Ada", mfa=False)
    for _ in range(2):
        openid_joining.link(ada, identity)
    assert recovery_codes.use(ada, code)
    (account,) = openid_joining.linked(ada)
    assert db.session.scalars(select(AuditEntry.action).filter_by(action="identity_linked")).all() == [
        "identity_linked"
    ], "again: nothing changes"
    openid_joining.unlink(ada, account.id)
    passkeys.remove(ada, key.id)
    db.session.commit()

    told = [one.text for one in _told(mailbox, ada.organisation_id)]

    lines = [text.splitlines()[0] for text in told]
    assert [line.split()[0:3] for line in lines] == [
        ["An", "account", "of"],
        ["A", "recovery", "code"],
        ["An", "account", "of"],
        ["A", "passkey", "was"],
    ]
    assert ISSUER in told[0]
    assert "Called:  Work phone" in told[3]
    assert "subject-of-ada" not in "".join(told)
    assert code not in "".join(told)


def test_whoever_is_freed_by_somebody_else_is_told_by_whom_and_not_from_where(
    desk: FlaskClient, world: World, ada: Member, mailbox: Mailbox
) -> None:
    scope.enter(ada.organisation_id)
    lost = world.member(
        db.session.get_one(Organisation, ada.organisation_id),
        name="Lo Lost",
        email="lost@cedar.nhs.uk",
        role="responder",
    )
    lost_id = lost.id
    scope.leave()
    assert desk.post(f"/people/{lost_id}/second-step").status_code == 303
    operator.reset_second_step("lost@cedar.nhs.uk", str(ada.organisation_id))
    events.commit()

    by_colleague, by_operator = _told(mailbox, ada.organisation_id)

    assert by_colleague.to == by_operator.to == ["lost@cedar.nhs.uk"]
    assert "Ada Day, an administrator" in by_colleague.text
    assert "192.0.2" not in by_colleague.text
    assert "whoever runs this HealthBerry" in by_operator.text


def test_nothing_is_told_that_did_not_happen_and_nobody_who_left(context: Flask, ada: Member, mailbox: Mailbox) -> None:
    org = ada.organisation_id
    openid_joining.link(ada, Identity(ISSUER, "one", "", "Ada", mfa=False))
    events.forget()
    scope.enter(org)
    assert outbox_of(org) == [], "it stands or falls with the change"
    ada = db.session.get_one(Member, (org, ada.id))
    openid_joining.link(ada, Identity(ISSUER, "one", "", "Ada", mfa=False))
    ada.left_at = now()
    db.session.commit()

    assert _told(mailbox, org) == []
    assert [one.state for one in outbox_of(org)] == ["skipped"]
