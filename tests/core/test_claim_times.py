"""What is due about claims as time passes: reminders, the end of a proof after a year, and mailboxes that are gone."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask

from healthberry.core import claim_mails, claim_times, claims, events, members, operator, outbox, scope, sweep
from healthberry.extensions import db
from healthberry.jobs import alerts as jobs
from healthberry.local.mailbox import Mailbox
from healthberry.models.audit import AuditEntry
from healthberry.models.claims import Claim
from healthberry.models.organisations import Member
from healthberry.models.owned import now
from tests.mail.conftest import mail_servers, use_mail_server
from tests.mail.outgoing import MailServers, Temper, outbox_of, send_all
from tests.world import World

__all__ = ["mail_servers", "use_mail_server"]


@pytest.fixture
def member(world: World) -> Member:
    """An administrator whose proof has just begun."""
    one = world.member(world.organisation(name="Cedar Surgery"), level=1, email="priya@cedar.nhs.uk")
    members.trust(one, "dns")
    events.commit()
    return one


def claim_of(member: Member) -> Claim:
    return claims.of_member(member)


def at(member: Member, days_before: float) -> datetime:
    """Return the moment so many days before the proof ends."""
    due_at = claim_of(member).due_at
    assert due_at is not None
    return due_at - timedelta(days=days_before)


def kinds(member: Member) -> list[str]:
    return [mail.kind for mail in outbox_of(member.organisation_id)]


def attend(member: Member, clock: datetime) -> None:
    claim_times.attend(member.organisation_id, member.id, clock=clock)
    events.commit()


def test_a_proof_is_reminded_of_a_month_and_a_week_before_its_end_and_then_it_is_over(
    member: Member, mailbox: Mailbox
) -> None:
    assert claim_of(member).next_at == at(member, 30)
    attend(member, at(member, 31))
    assert kinds(member) == []

    for days, mails in ((30, 1), (29.9, 1), (7, 2), (1, 2)):
        attend(member, at(member, days))
        assert kinds(member) == [claim_mails.PROVE_AGAIN] * mails
    assert claim_of(member).next_at == at(member, 0)
    assert member.level == 2
    send_all(member.organisation_id)
    assert {letter.subject[:9] for letter in mailbox.messages()} == {"Prove by "}
    assert "http://localhost/people/prove" in mailbox.messages()[0].text

    attend(member, at(member, 0))

    assert (member.level, member.role) == (1, "administrator")
    assert (claim_of(member).lapsed, claim_of(member).next_at) == ("year", None)
    send_all(member.organisation_id)
    assert mailbox.messages()[0].subject == "You can no longer publish for Cedar Surgery"
    assert "lapsed" in {entry.action.removeprefix("member_") for entry in db.session.query(AuditEntry)}

    members.trust(member, "file")
    assert (member.level, member.role, claim_of(member).lapsed) == (2, "administrator", "")
    assert at(member, 364) > now()


def test_who_proves_it_again_in_time_is_reminded_next_year(member: Member, mailbox: Mailbox) -> None:
    claim_of(member).due_at = now() + timedelta(days=20)
    attend(member, now())
    members.trust(member, "domain")
    events.commit()
    send_all(member.organisation_id)

    assert mailbox.messages() == []
    assert [mail.state for mail in outbox_of(member.organisation_id)] == ["skipped"]
    assert claim_of(member).next_at == at(member, 30)


def test_a_colleague_is_approved_for_another_year_in_the_last_month_and_not_by_themselves(
    world: World, member: Member
) -> None:
    other = world.member(members.organisation_of(member), level=1, role="responder")
    members.approve(member, other.id)
    first = claim_of(other).due_at
    members.approve(member, other.id)
    assert claim_of(other).due_at == first

    for one in (other, member):
        claim_of(one).due_at = now() + timedelta(days=29)
        members.approve(member, one.id)

    assert at(other, 364) > now()
    assert at(member, 364) < now()


def test_an_only_administrator_without_a_domain_asks_to_be_checked_before_the_year_is_over(world: World) -> None:
    organisation = world.organisation(web_domain=None)
    only = world.member(organisation, level=1, email="pat@nhs.net")
    operator.verify("pat@nhs.net", organisation.ods_code or "")
    assert (members.asks(only), members.ask_check(only)) == ("", False)
    claim_of(only).due_at = now() + timedelta(days=20)

    assert (members.asks(only), members.ask_check(only)) == ("operator", True)
    events.commit()
    scope.leave()
    assert [line for line in operator.waiting() if "pat@nhs.net" in line]
    operator.verify("pat@nhs.net", organisation.ods_code or "")
    events.commit()

    scope.leave()
    assert operator.waiting() == []
    scope.enter(organisation.id)
    (only,) = members.administrators(organisation.id)
    assert at(only, 364) > now()


def test_the_sweep_finds_what_is_due_and_nothing_else(member: Member) -> None:
    ours = [one for one in sweep.due_work() if one.kind == "claim"]
    assert ours == []
    claim_of(member).next_at = now() - timedelta(seconds=1)
    db.session.commit()
    scope.leave()

    found = [(one.organisation_id, one.id) for one in sweep.due_work() if one.kind == "claim"]

    assert found == [(str(member.organisation_id), str(member.id))]


def test_a_mailbox_that_is_refused_for_a_day_is_gone_and_one_that_answers_again_is_not(
    world: World, member: Member, mail_servers: MailServers, use_mail_server: Callable[[str], None], context: Flask
) -> None:
    def mail_arrives() -> None:
        world.arrives(world.channel(members.organisation_of(member), remote_id=f"{now()}"), world.item())
        send_all(member.organisation_id)

    def refused_since(**ago: float) -> None:
        claim_of(member).mailbox_refused_at = now() - timedelta(**ago)
        db.session.commit()

    use_mail_server(mail_servers.start(Temper(rcpt="550 5.1.1 No such mailbox")))
    mail_arrives()
    assert claim_of(member).mailbox_refused_at is not None
    use_mail_server(mail_servers.start(Temper()))
    mail_arrives()
    assert claim_of(member).mailbox_refused_at is None
    use_mail_server(mail_servers.start(Temper(rcpt="554 5.7.1 Relay access denied")))
    mail_arrives()
    assert claim_of(member).mailbox_refused_at is None, "that is about the server, not the mailbox"
    use_mail_server(mail_servers.start(Temper(rcpt="550 5.1.1 No such mailbox")))
    refused_since(hours=23)
    mail_arrives()
    assert member.level == 2

    refused_since(hours=25)
    mail_arrives()

    assert (member.level, claim_of(member).lapsed) == (1, "mailbox")


def test_a_contact_mailbox_that_refuses_says_nothing_of_the_member(
    member: Member, mail_servers: MailServers, use_mail_server: Callable[[str], None]
) -> None:
    use_mail_server(mail_servers.start(Temper(rcpt="550 5.1.1 No such mailbox")))
    claim_mails.queue(claim_mails.CLAIM, member.organisation_id, [member.id], f"{member.id}:1")
    db.session.execute(
        db.text(
            "INSERT INTO published_mailboxes (organisation_id, address, page, looked_at)"
            " SELECT organisation_id, 'pals@cedar.nhs.uk', 'cedar.nhs.uk', now() FROM claims"
        )
    )
    events.commit()
    (mail,) = outbox_of(member.organisation_id)
    jobs.send_mail(str(member.organisation_id), str(mail.id))

    assert outbox_of(member.organisation_id)[0].state == "failed"
    assert claim_of(member).mailbox_refused_at is None
    assert outbox.claim_next(member.organisation_id) is None
