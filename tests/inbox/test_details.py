"""What the details say of the alerts about a conversation."""

import re
from collections.abc import Callable
from html import unescape
from uuid import UUID

import pytest
from sqlalchemy import update

from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member
from healthberry.models.owned import now
from tests.inbox.conftest import Desk
from tests.mail.outgoing import MailServers, Temper, outbox_of, send_all
from tests.world import moments_ago

UseMailServer = Callable[[str], None]


def told(desk: Desk, conversation_id: UUID) -> str:
    """Return the words of the section about alerts."""
    html = desk.get(f"/conversations/{conversation_id}").text
    section = re.search(r"<h2>Alerts by e-mail</h2>(.*?)</section>", html, re.DOTALL)
    assert section
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", section[1])).split())


def arrived(desk: Desk) -> UUID:
    (conversation_id,) = desk.world.arrives(desk.nhsuk, desk.world.item())
    return conversation_id


def send(desk: Desk) -> None:
    """Run the job of every mail."""
    scope.enter(desk.organisation.id)
    send_all(desk.organisation.id)


def test_a_mail_about_many_is_told_of_in_each_of_them_and_in_no_other(desk: Desk) -> None:
    desk.world.member(desk.organisation)
    new = desk.world.arrives(desk.nhsuk, *(desk.world.item() for _ in range(21)))
    alone = arrived(desk)
    assert told(desk, new[0]) == "On its way to 2, in one e-mail with others that came in at once"
    send(desk)
    for one in (new[0], new[-1]):
        assert told(desk, one) == "Sent to 2, in one e-mail with others that came in at once"
    assert told(desk, alone) == "Sent to 2"


def test_a_mail_about_many_is_not_told_of_in_another_organisation(desk: Desk) -> None:
    desk.world.arrives(desk.nhsuk, *(desk.world.item() for _ in range(21)))
    other = desk.world.organisation()
    colleague = desk.world.member(other, wants_alerts=False)
    (theirs,) = desk.world.arrives(desk.world.channel(other), desk.world.item())
    assert told(desk.as_(colleague), theirs) == "Nobody asked to be told."


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "closed", "closed_reason": "spam"}, "It was closed before the e-mail went out."),
        ({"withdrawn": True}, "It was taken down before the e-mail went out."),
    ],
)
def test_what_need_not_go_out_any_more_says_why(desk: Desk, change: dict[str, object], reason: str) -> None:
    conversation_id = arrived(desk)
    db.session.execute(update(Conversation).where(Conversation.id == conversation_id).values(**change))
    db.session.commit()
    send(desk)
    assert told(desk, conversation_id) == f"Not sent to Priya Kaur. {reason}"


def test_who_left_or_turned_alerts_off_is_named_with_the_reason(desk: Desk) -> None:
    quiet, gone = (desk.world.member(desk.organisation, name=name) for name in ("Sam Field", "Kim Vale"))
    conversation_id = arrived(desk)
    quiet.wants_alerts, gone.left_at = False, now()
    db.session.commit()
    send(desk)
    words = told(desk, conversation_id)
    assert "Sent to 1 " in words
    assert "Not sent to Sam Field. They turned these e-mails off." in words
    assert "Not sent to a former colleague. They have left the organisation." in words


def test_a_mail_that_waits_for_another_try_says_why_and_when(
    desk: Desk, mail_servers: MailServers, use_mail_server: UseMailServer
) -> None:
    use_mail_server(mail_servers.start(Temper(rcpt="451 4.7.1 Greylisted")))
    conversation_id = arrived(desk)
    send(desk)
    (mail,) = outbox_of(desk.organisation.id)
    words = told(desk, conversation_id)
    assert words.startswith("Delayed for Priya Kaur. The mail server refused the address (451). Next try: ")
    assert re.search(r"Next try: [A-Z][a-z]{2} \d\d:\d\d\.$", words)
    mail.next_attempt_at = moments_ago(seconds=1)
    db.session.commit()
    assert told(desk, conversation_id).endswith("Next try: in a moment.")


def test_large_teams_are_counted_not_listed(
    desk: Desk, mail_servers: MailServers, use_mail_server: UseMailServer
) -> None:
    use_mail_server(mail_servers.start(Temper(rcpt="550 5.1.1 No such user")))
    for _ in range(4):
        desk.world.member(desk.organisation)
    conversation_id = arrived(desk)
    send(desk)
    assert told(desk, conversation_id) == "Not delivered to 5 people. The mail server refused the address (550)."


def test_where_nobody_was_to_be_told_the_reason_is_true(desk: Desk) -> None:
    channel = desk.world.channel(desk.organisation, "careopinion", remote_id="old", backfill_state="running")
    before = desk.world.item(posted_at=moments_ago(days=30), thread_id="t", remote_id="t")
    desk.world.arrives(channel, before, backfill=True)
    back = desk.world.item("Still no answer.", posted_at=now(), thread_id="t", author=before.author)
    desk.world.arrives(channel, back)
    (returned,) = db.session.scalars(db.select(Conversation.id).where(Conversation.remote_thread_id == "t"))
    assert told(desk, returned) == "It began before the channel was linked, so nobody was alerted."
    db.session.execute(update(Member).values(wants_alerts=False))
    db.session.commit()
    assert told(desk, arrived(desk)) == "Nobody asked to be told."


def test_level_1_is_not_told_who_was_alerted(desk: Desk) -> None:
    conversation_id = arrived(desk)
    send(desk)
    newcomer = desk.as_(desk.world.member(desk.organisation, level=1))
    assert "Alerts by e-mail" not in newcomer.get(f"/conversations/{conversation_id}").text


def test_an_alert_that_goes_out_neither_moves_the_thread_on_nor_raises_it_in_the_list(desk: Desk) -> None:
    older, newer = arrived(desk), arrived(desk)
    before = [desk.conversation(one) for one in (older, newer)]
    version, moments = before[0].version, [one.last_activity_at for one in before]
    send(desk)
    after = [desk.conversation(one) for one in (older, newer)]
    assert [one.last_activity_at for one in after] == moments
    page = f"/conversations/{older}"
    assert "did-" not in desk.get(page).text
    answer = desk.send(f"{page}/reply", shown=page, text="Thank you.", version=str(version))
    assert answer.status_code != 409
    assert "Something new came in" not in answer.text
