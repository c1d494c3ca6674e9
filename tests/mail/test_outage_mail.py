"""The mails about a silent channel: what they say, to whom, and that no words of anybody stand in them."""

from datetime import timedelta

from sqlalchemy import update

from healthberry.core import events, staleness
from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.models.channels import Channel
from healthberry.models.owned import now
from healthberry.models.replies import OutboxMail
from tests.mail.outgoing import send_all
from tests.world import World


def pass_half_a_minute() -> None:
    """Let what was held back be due."""
    db.session.execute(update(OutboxMail).values(next_attempt_at=now() - timedelta(seconds=1)))
    db.session.commit()


def notice(channel: Channel) -> None:
    """Notice what changed, and send what follows."""
    staleness.notice(channel.organisation_id, channel.id)
    events.commit()
    pass_half_a_minute()
    send_all(channel.organisation_id)


def test_administrators_get_one_mail_when_it_begins_and_one_when_it_is_over(world: World, mailbox: Mailbox) -> None:
    organisation = world.organisation(name="Cedar Surgery")
    world.member(organisation, email="priya@cedar.nhs.uk", wants_alerts=False)
    read_at = now() - timedelta(minutes=25, seconds=5)
    channel = world.channel(
        organisation,
        "nhsuk",
        label="NHS.UK reviews\r\nBcc: everybody@example.org",
        trouble="NHS.UK refused the key.",
        last_success_at=read_at,
        watched_from=read_at,
    )

    notice(channel)
    notice(channel)
    (begun,) = mailbox.messages()
    assert begun.headers["Subject"] == "NHS.UK is not read at present"
    assert "priya@cedar.nhs.uk" in begun.to
    assert "Bcc" not in begun.headers
    assert "has not been read since today at" in begun.text or "has not been read since yesterday at" in begun.text
    assert "NHS.UK refused the key." in begun.text
    assert f"http://localhost/channels/{channel.id}" in begun.text
    assert "List-Unsubscribe" not in begun.headers

    channel.last_success_at = now()
    notice(channel)
    notice(channel)
    over = next(one for one in mailbox.messages() if one.headers["Message-ID"] != begun.headers["Message-ID"])
    assert len(mailbox.messages()) == 2
    assert over.headers["Subject"] == "NHS.UK is read again"
    assert "is read again, after 25 minutes." in " ".join(over.text.split())
    assert over.headers["References"] == begun.headers["References"]
