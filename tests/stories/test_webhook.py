"""A survey tool is linked from the pages, sends what patients enter, and is answered: once, whatever happens."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape

from flask import Flask
from flask.testing import FlaskClient

from healthberry.local.mailbox import Mailbox
from tests.sandbox_server import Sandbox
from tests.stories.days import what_shows
from tests.stories.loop import ANSWER, open_link, publish

PLACE = "ward-tablets"


@dataclass
class Survey:
    """The survey tool, and what HealthBerry showed of it."""

    sandbox: Sandbox
    hook: str
    secret: str

    def says(self, text: str, **fields: object) -> str:
        """Enter something as a patient."""
        return self.sandbox.post("webhook", text, handle=PLACE, **fields)

    def statuses(self) -> list[int | None]:
        """Return what HealthBerry answered, newest first."""
        return [one["status"] for one in self.sandbox.control("GET", f"webhooks/{PLACE}")["sent"]]


def link(client: FlaskClient, sandbox: Sandbox, outside: str, callback: str | None = None) -> Survey:
    """Link it from the pages, and enter there what they showed."""
    about = client.get("/channels/add/webhook").get_data(as_text=True)
    assert "Another system (webhook)" in about
    callback = f"{sandbox.url}/webhook/{PLACE}/answers" if callback is None else callback
    form = {"name": "Ward tablets", "callback": callback, "secret": "", "renew": "no"}
    shown = client.post("/channels/add/webhook", data=form).get_data(as_text=True)
    hook, secret = re.findall(r'<code class="secret"[^>]*>([^<]+)</code>', shown)
    path = unescape(hook).removeprefix("http://localhost")
    survey = Survey(sandbox, f"{outside}{path}", unescape(secret))
    sandbox.control("POST", "webhooks", json={"handle": PLACE, "hook": survey.hook, "secret": survey.secret})
    return survey


def test_what_patients_enter_in_a_survey_arrives_and_follows_their_edits(
    client: FlaskClient, app: Flask, sandbox: Sandbox, outside: str, work: Callable[[], None], organisation: None
) -> None:
    sandbox.post("webhook", "Entered before anybody listened", handle=PLACE)
    survey = link(client, sandbox, outside)
    edited, gone = survey.says("The food was cold", rating=2), survey.says("My private diagnosis")
    work()
    assert sorted(what_shows(app)) == ["Entered before anybody listened", "My private diagnosis", "The food was cold"]

    sandbox.control("PATCH", f"posts/webhook/{edited}", json={"text": "The food was warm after all"})
    sandbox.control("DELETE", f"posts/webhook/{gone}")
    work()

    assert what_shows(app) == {"Entered before anybody listened": False, "The food was warm after all": False, "": True}
    assert survey.statuses() == [202, 202, 202, 202, 202, None]  # the oldest had nowhere to go


def test_somebody_is_told_answers_and_the_survey_tool_has_the_answer(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    mailbox: Mailbox,
    outside: str,
    work: Callable[[], None],
    tick: Callable[[], None],
    organisation: None,
) -> None:
    survey = link(client, sandbox, outside)
    response = survey.says("Nobody told us how long we would wait")
    work()

    conversation_id, page = open_link(client, mailbox)
    publish(client, conversation_id, page)
    tick()

    (answer,) = sandbox.seen("webhook", response)["replies"]
    assert answer["text"] == ANSWER
    assert answer["author"] == "Pat Reader"
    assert ANSWER in client.get(f"/conversations/{conversation_id}").get_data(as_text=True)


def test_an_answer_whose_outcome_nobody_knew_is_looked_for_and_not_doubled(
    client: FlaskClient,
    sandbox: Sandbox,
    mailbox: Mailbox,
    outside: str,
    work: Callable[[], None],
    tick: Callable[[], None],
    organisation: None,
) -> None:
    survey = link(client, sandbox, outside)
    response = survey.says("Please ring me back")
    work()
    conversation_id, page = open_link(client, mailbox)
    sandbox.fault("webhook", "timeout_after", operation="reply", seconds=0)
    publish(client, conversation_id, page)
    work()
    assert "finding out whether it went out" in client.get(f"/conversations/{conversation_id}").get_data(as_text=True)

    for _ in range(3):
        tick()

    assert [one["text"] for one in sandbox.seen("webhook", response)["replies"]] == [ANSWER]
    assert ANSWER in client.get(f"/conversations/{conversation_id}").get_data(as_text=True)


def test_without_an_address_for_answers_the_composer_says_how_to_answer(
    client: FlaskClient, sandbox: Sandbox, mailbox: Mailbox, outside: str, work: Callable[[], None], organisation: None
) -> None:
    survey = link(client, sandbox, outside, callback="")
    survey.says("Please ring me back")
    work()

    _, page = open_link(client, mailbox)

    assert "This system gave no address for answers." in page


def test_after_a_new_secret_the_old_one_is_refused_and_nothing_is_lost(
    client: FlaskClient, app: Flask, sandbox: Sandbox, outside: str, work: Callable[[], None], organisation: None
) -> None:
    survey = link(client, sandbox, outside)
    channel = survey.hook.rsplit("/", 1)[1]
    form = {"name": "Ward tablets", "callback": "", "secret": "", "renew": "yes"}
    shown_again = client.post(f"/channels/{channel}/settings", data=form).get_data(as_text=True)
    _, secret = re.findall(r'<code class="secret"[^>]*>([^<]+)</code>', shown_again)
    survey.says("Sent with the old secret")
    assert survey.statuses()[0] == 403

    sandbox.control("POST", "webhooks", json={"handle": PLACE, "hook": survey.hook, "secret": unescape(secret)})
    work()

    assert survey.secret != secret
    assert list(what_shows(app)) == ["Sent with the old secret"]
