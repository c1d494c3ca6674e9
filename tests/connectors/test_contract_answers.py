"""Answers that people give on the site itself are found again, and no other is taken for ours."""

from collections.abc import Iterator

import pytest

from healthberry.connectors.base import Reply, SentReply
from healthberry.connectors.errors import Gone
from tests.connectors.cases import Case
from tests.connectors.conftest import Sandbox, running_sandbox
from tests.connectors.contract import ANSWERED, ON_THE_SITE, case

__all__ = ["case"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One of its own: Care Opinion lists the answers to all organisations, and others' walks would come upon these."""
    with running_sandbox() as running:
        yield running


@ON_THE_SITE
def test_an_assisted_answer_is_seen_on_the_site_even_if_edited(case: Case) -> None:
    item = case.find(case.post("Nobody told me where to park."))
    words = "Thank you for telling us about the car park. We have put up new signs at the main entrance this week."
    reply = case.reply(item, words)
    assert case.connector.find_reply(case.access, reply) is None
    case.about.answer_on_site(case, item, words)
    sent = _eventually_found(case, reply)
    assert sent.remote_id
    answer = next(one for one in case.poll()[0] if one.direction == "outbound" and one.thread_id == item.thread_id)
    assert answer.remote_id == sent.remote_id
    assert answer.in_reply_to == item.remote_id


@ON_THE_SITE
def test_somebody_elses_answer_is_not_taken_for_ours(case: Case) -> None:
    item = case.find(case.post("Nobody told me where to park."))
    case.about.answer_on_site(
        case, item, "We are sorry. The ward sister will ring you on Monday morning about your discharge."
    )
    reply = case.reply(item, "Thank you! New parking signs are up.")
    _eventually_answered(case, item.thread_id)
    assert case.connector.find_reply(case.access, reply) is None


@ANSWERED
def test_a_story_that_is_gone_cannot_be_asked_for_an_answer(case: Case) -> None:
    item = case.find(case.post("I go."))
    case.sandbox.withdraw(case.kind, item.remote_id)
    if not case.about.gone_is_said:
        assert case.connector.find_reply(case.access, case.reply(item, "Thank you.")) is None
        return
    with pytest.raises(Gone):
        case.connector.find_reply(case.access, case.reply(item, "Thank you."))


def _eventually_found(case: Case, reply: Reply) -> SentReply:
    for _ in range(200):
        if sent := case.connector.find_reply(case.access, reply):
            return sent
    raise AssertionError("the answer never appeared")


def _eventually_answered(case: Case, thread_id: str) -> None:
    for _ in range(200):
        if any(one.direction == "outbound" and one.thread_id == thread_id for one in case.poll()[0]):
            return
    raise AssertionError("the answer never appeared")
