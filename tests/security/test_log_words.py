"""What goes wrong leaves no word of anybody's in the log: not in an event, not in a field, not in a traceback.

What goes right is looked through in each journey of tests/stories, and what masking knows in tests/test_logs.py.
"""

from collections.abc import Callable, Iterator
from contextvars import Context

import psycopg
import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from rq.job import Job

from healthberry.connectors.base import Access, Author, Page, SentReply
from healthberry.connectors.base import Reply as Outgoing
from healthberry.connectors.errors import Permanent
from healthberry.core import scope
from healthberry.extensions import db
from healthberry.jobs import pushes
from healthberry.jobs import replies as sending
from healthberry.models.channels import Channel
from healthberry.models.conversations import Message
from healthberry.models.organisations import Member
from healthberry.models.owned import now
from healthberry.models.replies import Reply
from healthberry.queues import queue
from tests.mail.conftest import mail_servers, use_mail_server
from tests.mail.outgoing import MailServers, Temper, work
from tests.pushed import Pushed, seal, send, use
from tests.session.conftest import newcomer, providers
from tests.signup.newcomer import Newcomer
from tests.stories.quiet import Heard, listening
from tests.worked import work_on
from tests.world import World

__all__ = ["mail_servers", "newcomer", "providers", "use_mail_server"]

# Words, a name, a handle, a key, an address, a number, a path with a token: none is what a pattern of the mask knows.
TEXT, NAME, HANDLE = "my bleeding would not stop", "Zebedee Quillfeather", "quillfeather"
KEY, NUMBER, STREET = "hush-hush-hush", "07700 900 461", "14 Bramble Row"
MARKS = (TEXT, NAME, HANDLE, KEY, NUMBER, STREET)
ALL = " ".join(MARKS)


@pytest.fixture
def heard() -> Iterator[Heard]:
    """Every line as production writes it; in the end none holds a mark."""
    with listening() as lines:
        yield lines
    assert [line for line in lines.lines if any(mark.lower() in line.lower() for mark in MARKS)] == []


class Breaking(Pushed):
    """Fails in the words of what it was given, when it reads and when it replies."""

    def __init__(self) -> None:
        super().__init__()
        self.trouble: Exception = ValueError(f"cannot read {ALL!r}")
        self.reads = self._read

    def _read(self, body: str) -> Page:
        try:
            raise KeyError(body)
        except KeyError as error:
            raise self.trouble from error

    def reply(self, access: Access, reply: Outgoing) -> SentReply:
        """Fail."""
        raise self.trouble


@pytest.fixture
def breaking(app: Flask) -> Breaking:
    """Such a connector."""
    made = Breaking()
    use(app, made)
    return made


def test_what_was_sent_to_us_and_could_not_be_taken_or_read(
    client: FlaskClient, world: World, breaking: Breaking, heard: Heard
) -> None:
    channel = world.channel(world.organisation(), "pushed", remote_id=HANDLE, sealed_secrets=seal(KEY))
    path, organisation_id, channel_id = f"/hooks/pushed/{channel.id}", str(channel.organisation_id), str(channel.id)
    piece = {"id": HANDLE, "key": "k", "text": ALL}
    scope.leave()

    assert client.post(f"{path}?token={KEY}", data=ALL, headers={"X-Sig": KEY}).status_code == 403
    assert client.post(f"/hooks/{HANDLE}?q={NAME}", data=ALL, headers={"Referer": ALL}).status_code == 404
    for trouble in (ValueError(ALL), Permanent(ALL), LookupError(ALL)):
        breaking.trouble = trouble
        assert send(client, path, [piece], KEY).status_code == 202
        pushes.take(organisation_id, channel_id)

    assert sum("delivery.not_read" in line and "ValueError" in line for line in heard.lines) == 1
    assert sum("hook.refused" in line for line in heard.lines) >= 1


def _answering(world: World, member: Member, channel: Channel) -> Reply:
    """Put an answer on its way."""
    (conversation_id,) = world.arrives(channel, world.item(TEXT, author=Author(HANDLE, HANDLE)))
    target = db.session.scalars(db.select(Message.id)).one()
    made = Reply(
        organisation_id=member.organisation_id,
        conversation_id=conversation_id,
        target_id=target,
        member_id=member.id,
        member_name=member.name,
        mode="api",
        key="k",
        text=ALL,
        state="queued",
        next_attempt_at=now(),
    )
    db.session.add(made)
    db.session.commit()
    return made


def _work(app: Flask, name: str) -> Job:
    """Do what waits on one queue; return the job that failed."""
    work_on(app, name, logging_level="WARNING")
    waiting = queue(name, app.extensions["valkey_jobs"])
    (failed,) = waiting.failed_job_registry.get_job_ids()
    found = waiting.fetch_job(failed)
    assert found is not None
    return found


def test_an_answer_that_could_not_be_sent(app: Flask, world: World, breaking: Breaking, heard: Heard) -> None:
    organisation = world.organisation()
    member = world.member(organisation, name=NAME)
    channel = world.channel(organisation, "pushed", account=HANDLE, sealed_secrets=seal(KEY))
    reply = _answering(world, member, channel)
    ids = str(reply.organisation_id), str(reply.id)
    scope.leave()

    sending.send_reply.nudge(*ids)
    failed = Context().run(_work, app, "replies")

    result = failed.latest_result()
    assert result is not None
    assert "Failed: ValueError" in (result.exc_string or "")
    assert not any(mark in (result.exc_string or "") for mark in MARKS), "nor in Valkey"
    assert any("job.failed" in line and "ValueError" in line for line in heard.lines)


def test_people_who_sign_up_and_in_and_whose_mail_is_refused(
    newcomer: Newcomer, mail_servers: MailServers, use_mail_server: Callable[[str], None], heard: Heard
) -> None:
    email = f"{HANDLE}@quillburyhospitals.nhs.uk"
    newcomer.joins(email, name=NAME)
    newcomer.other_browser().ask(email)
    code = newcomer.code(email)
    wrong = newcomer.other_browser()
    wrong.type_code("000000")
    wrong.client.get(f"/r/{KEY}?q={NAME}")
    wrong.client.post("/signin", data={"email": ALL})
    use_mail_server(mail_servers.start(Temper(rcpt=f"550 5.1.1 <{email}>: {ALL}")))
    newcomer.other_browser().ask(email)
    work(newcomer.app)

    assert heard.lines, "a refused mail is told of"
    assert not any(code in line or code.replace(" ", "") in line for line in heard.lines)


def test_a_page_that_breaks_in_the_words_of_whoever_asked(app: Flask, heard: Heard) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False

    @app.post("/breaks")
    def breaks() -> str:
        raise ValueError(request.form["note"]) from psycopg.errors.CheckViolation(f"Failing row contains ({ALL})")

    answer = app.test_client().post("/breaks", data={"note": ALL})

    assert answer.status_code == 500
    assert not any(mark in answer.text for mark in MARKS)
    (line,) = [one for one in heard.lines if "request.failed" in one]
    assert "ValueError" in line
    assert "CheckViolation" in line
