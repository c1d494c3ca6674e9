"""Mail servers that refuse, stall, vanish or die: the mail is neither lost nor sent on and on."""

import logging
import smtplib
import socket
import zlib
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from uuid import UUID

import pytest
from flask import Flask
from flask_mail import Mail
from redis import Redis
from sqlalchemy import update

from healthberry.core import failed_work, scope
from healthberry.core.failed_work import Piece
from healthberry.extensions import db
from healthberry.jobs import alerts as jobs
from healthberry.jobs import failures
from healthberry.local.mailbox import Mailbox
from healthberry.mail import send
from healthberry.models.owned import now
from healthberry.models.replies import OutboxMail
from healthberry.setting_values import mail_server
from tests.mail.outgoing import MailServers, Temper, outbox_of, send_all, work
from tests.world import World

UseMailServer = Callable[[str], None]


def arrived(world: World, *members: str) -> UUID:
    """Let one new conversation arrive for these members."""
    organisation = world.organisation()
    for email in members or ("priya@cedar.nhs.uk",):
        world.member(organisation, email=email)
    world.arrives(world.channel(organisation), world.item())
    return organisation.id


def make_due(organisation_id: UUID) -> None:
    """Let the time until the next attempt pass."""
    earlier = now() - timedelta(seconds=1)
    db.session.execute(
        update(OutboxMail).where(OutboxMail.organisation_id == organisation_id).values(next_attempt_at=earlier)
    )
    db.session.commit()


def states(organisation_id: UUID) -> list[tuple[str, str]]:
    return [(mail.state, mail.reason) for mail in outbox_of(organisation_id)]


def test_a_mail_is_sent_once_however_often_its_job_runs(world: World, mailbox: Mailbox) -> None:
    organisation_id = arrived(world)
    send_all(organisation_id)
    send_all(organisation_id)
    assert states(organisation_id) == [("sent", "")]
    assert len(mailbox.messages()) == 1
    (mail,) = outbox_of(organisation_id)
    assert mailbox.messages()[0].headers["Message-ID"] == mail.message_id


def test_one_job_sends_all_that_waits_in_its_organisation_and_nothing_of_others(world: World, mailbox: Mailbox) -> None:
    other = arrived(world, "zoe@other.example")
    organisation_id = arrived(world, *(f"person{number}@cedar.nhs.uk" for number in range(5)))
    jobs.send_mail(str(organisation_id), str(outbox_of(organisation_id)[3].id))
    assert {state for state, _ in states(organisation_id)} == {"sent"}
    assert len(mailbox.messages()) == 5
    scope.enter(other)
    assert states(other) == [("queued", "")]


def test_what_one_job_failed_at_and_another_sent_has_failed_no_more(world: World, mailbox: Mailbox) -> None:
    organisation_id = arrived(world, *(f"person{number}@cedar.nhs.uk" for number in range(2)))
    first, second = (mail.id for mail in outbox_of(organisation_id))
    failures.note(Piece(jobs.send_mail.kind, organisation_id, first), "Killed")
    scope.enter(organisation_id)
    jobs.send_mail(str(organisation_id), str(second))
    assert failed_work.listed() == []


def test_an_address_that_the_server_refuses_fails_for_good_and_stops_nobody_else(
    world: World, mail_servers: MailServers, use_mail_server: UseMailServer
) -> None:
    use_mail_server(mail_servers.start(Temper(rcpt="550 5.1.1 No such user <b>here</b>")))
    organisation_id = arrived(world, "ann@cedar.nhs.uk", "bob@cedar.nhs.uk")
    send_all(organisation_id)
    assert states(organisation_id) == [("failed", "The mail server refused the address (550).")] * 2


@pytest.mark.parametrize(
    ("temper", "state", "reason"),
    [
        (Temper(rcpt="451 4.7.1 Greylisted"), "queued", "The mail server refused the address (451)."),
        (Temper(data="452 4.3.1 Full"), "queued", "The mail server refused the e-mail (452)."),
        (Temper(data="554 5.7.1 Spam"), "failed", "The mail server refused the e-mail (554)."),
    ],
)
def test_a_refusal_for_now_is_tried_again_and_one_for_ever_is_not(
    world: World, mail_servers: MailServers, use_mail_server: UseMailServer, temper: Temper, state: str, reason: str
) -> None:
    use_mail_server(mail_servers.start(temper))
    organisation_id = arrived(world)
    send_all(organisation_id)
    assert states(organisation_id) == [(state, reason)]


def test_an_unreachable_server_keeps_the_mail_until_it_is_back(
    world: World, mailbox: Mailbox, use_mail_server: UseMailServer
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        use_mail_server(f"smtp://127.0.0.1:{taken.getsockname()[1]}")
        organisation_id = arrived(world)
        send_all(organisation_id)
    assert states(organisation_id) == [("queued", "The mail server can't be reached.")]
    (mail,) = outbox_of(organisation_id)
    assert 25 < (mail.next_attempt_at - now()).total_seconds() <= 30
    use_mail_server(mailbox.mail_url)
    send_all(organisation_id)
    assert mailbox.messages() == []  # not due yet
    make_due(organisation_id)
    send_all(organisation_id)
    assert states(organisation_id) == [("sent", "")]
    assert len(mailbox.messages()) == 1


def test_a_server_that_dies_after_the_last_byte_gets_the_same_mail_again_under_the_same_id(
    world: World, mail_servers: MailServers, use_mail_server: UseMailServer
) -> None:
    temper = Temper(hangs_up_after_data=True)
    use_mail_server(mail_servers.start(temper))
    organisation_id = arrived(world)
    send_all(organisation_id)
    assert states(organisation_id) == [("queued", "The connection to the mail server broke.")]
    temper.hangs_up_after_data = False
    make_due(organisation_id)
    send_all(organisation_id)
    assert states(organisation_id) == [("sent", "")]
    first, second = temper.received
    assert first["Message-ID"] == second["Message-ID"]


def _state(url: str) -> object:
    """Return what Flask-Mail keeps of one mail server."""
    app = Flask(__name__)
    app.config.update(send.mail_config(mail_server(url)))
    return Mail().init_app(app)


def test_a_server_that_never_answers_is_left_after_the_time_out() -> None:
    message = EmailMessage()
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        state = _state(f"smtp://127.0.0.1:{silent.getsockname()[1]}")
        with send.Courier(state, "localhost", timeout_seconds=0.2) as courier, pytest.raises(send.NotSent) as caught:
            courier.send(message)
    assert caught.value.reason == "The mail server can't be reached."
    assert not caught.value.for_good


class TooLate(Exception):
    """What a time limit raises, wherever the job is."""


def test_a_time_limit_in_the_middle_of_a_mail_leaves_no_answer_for_the_next(
    world: World, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = EmailMessage(), EmailMessage()
    for message, name in ((first, "ann"), (second, "zoe")):
        message["From"], message["To"] = "hb@example.org", f"{name}@cedar.nhs.uk"

    def cut(smtp: smtplib.SMTP, mail: object) -> None:
        smtp.putcmd("data")
        smtp.getreply()
        smtp.send(b"Subject: the first\r\n\r\n.\r\n")
        raise TooLate

    with send.courier() as courier:
        with monkeypatch.context() as patched:
            patched.setattr(smtplib.SMTP, "data", cut)
            with pytest.raises(TooLate):
                courier.send(first)
        courier.send(second)

    assert sorted(address for letter in mailbox.messages() for address in letter.to) == [
        "ann@cedar.nhs.uk",
        "zoe@cedar.nhs.uk",
    ]


def test_a_server_without_encryption_gets_nothing_where_encryption_is_asked_for(mail_servers: MailServers) -> None:
    temper = Temper()
    state = _state(mail_servers.start(temper).replace("smtp://", "smtp+starttls://ann:secret@"))
    with send.Courier(state, "localhost") as courier, pytest.raises(send.NotSent, match="does not let us in"):
        courier.send(EmailMessage())
    assert temper.received == []


def test_an_address_in_another_script_fails_alone(
    world: World, mail_servers: MailServers, use_mail_server: UseMailServer
) -> None:
    temper = Temper()
    use_mail_server(mail_servers.start(temper))
    organisation_id = arrived(world, "zoë@cedar.nhs.uk", "bob@cedar.nhs.uk")
    send_all(organisation_id)
    assert sorted(states(organisation_id)) == [
        ("failed", "Their e-mail address can't be written to."),
        ("sent", ""),
    ]
    assert len(temper.received) == 1


@pytest.mark.parametrize("email", ["", "nobody", "a b@c.example", "a@b\r\nBcc: c@d.example", "<a@b>@c@d", "x@[y"])
def test_an_address_that_is_none_fails_and_is_explained(world: World, mailbox: Mailbox, email: str) -> None:
    organisation_id = arrived(world, email)
    send_all(organisation_id)
    assert states(organisation_id) == [("failed", "Their e-mail address can't be written to.")]
    assert mailbox.messages() == []


def test_no_database_connection_is_held_while_the_mail_server_is_waited_for(
    world: World, mail_servers: MailServers, use_mail_server: UseMailServer
) -> None:
    seen: list[int] = []

    class Looking(Temper):
        async def handle_DATA(self, *arguments: object) -> str:  # noqa: N802
            seen.append(pool.checkedout())  # type: ignore[attr-defined]
            return "250 OK"

    pool = db.engine.pool
    use_mail_server(mail_servers.start(Looking()))
    send_all(arrived(world))
    assert seen == [0]


def test_a_posted_letter_stands_in_the_queue_sealed_and_arrives(app: Flask, mailbox: Mailbox) -> None:
    context = {
        "inviter": "Priya",
        "organisation": "Cedar",
        "invitation_url": "http://localhost/i/492817",
        "valid_days": 7,
    }
    with app.app_context():
        send.post("bob@cedar.nhs.uk", "invitation", context)
    stored = everything_in(app.extensions["valkey"])
    assert b"send_sealed" in stored
    assert b"492817" not in stored
    assert b"bob@cedar" not in stored
    work(app)
    letter = mailbox.wait_for(lambda letter: letter.to == ["bob@cedar.nhs.uk"])
    assert "492817" in letter.text
    assert "List-Unsubscribe" not in letter.headers


def test_a_letter_that_waited_too_long_is_dropped(app: Flask, mailbox: Mailbox) -> None:
    with app.app_context():
        send.post("bob@cedar.nhs.uk", "invitation", {}, useful_seconds=0)
    work(app)
    assert mailbox.messages() == []


def test_a_letter_goes_out_at_once_where_the_queue_cannot_be_reached(app: Flask, mailbox: Mailbox) -> None:
    app.extensions["valkey"] = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=1)
    context = {"inviter": "Priya", "organisation": "Cedar", "invitation_url": "http://localhost/i/1", "valid_days": 7}
    with app.app_context():
        send.post("bob@cedar.nhs.uk", "invitation", context)
    assert mailbox.messages()[0].to == ["bob@cedar.nhs.uk"]


def test_where_queue_and_mail_server_are_both_gone_the_page_still_answers(
    app: Flask, use_mail_server: UseMailServer, caplog: pytest.LogCaptureFixture
) -> None:
    app.extensions["valkey"] = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=1)
    use_mail_server("smtp://127.0.0.1:1")
    context = {"inviter": "Priya", "organisation": "Cedar", "invitation_url": "http://localhost/i/1", "valid_days": 7}
    with app.app_context(), caplog.at_level(logging.WARNING):
        send.post("bob@cedar.nhs.uk", "invitation", context)
    assert "mail.not_sent" in caplog.text
    assert "bob@" not in caplog.text


def everything_in(valkey: Redis) -> bytes:
    """Return all that the jobs in the queue hold, as it is stored but unpacked."""
    jobs_stored = [valkey.hgetall(key) for key in valkey.scan_iter("rq:job:*", _type="HASH")]
    fields: list[tuple[bytes, bytes]] = [pair for job in jobs_stored for pair in job.items()]  # type: ignore[misc]
    return b" ".join(zlib.decompress(value) if name == b"data" else value for name, value in fields)
