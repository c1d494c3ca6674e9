"""Replies by API: published once, found again, taken down."""

import pytest

from healthberry.connectors.errors import RateLimited, Rejected, Unavailable
from tests.connectors.cases import Case
from tests.connectors.contract import BY_API, NOT_WITHDRAWN, WITHDRAWN, case

__all__ = ["case"]


@BY_API
def test_a_reply_is_published_once_and_found_again(case: Case) -> None:
    access = case.about.signed_in(case)
    item = case.find(case.post("Please ring me back."))
    reply = case.reply(item, "Thank you. Please contact PALS & ask for Pat.")
    assert case.connector.find_reply(access, reply) is None
    assert case.connector.may_reply(access, reply.target).mode == "api"
    sent = case.connector.reply(access, reply)
    again = case.connector.find_reply(access, reply)
    assert again is not None
    assert again.remote_id == sent.remote_id
    assert len(case.sandbox.look(case.kind, item.remote_id)["replies"]) == 1


@BY_API
@pytest.mark.parametrize("fault", ["timeout_after", "cut_connection", "truncated_body"])
def test_a_reply_whose_outcome_was_unknown_is_found_and_not_doubled(case: Case, fault: str) -> None:
    access = case.about.signed_in(case)
    item = case.find(case.post("Please ring me back."))
    reply = case.reply(item, "Thank you. We will ring you this week.")
    case.network.armed = fault
    with pytest.raises(Unavailable):
        case.connector.reply(access, reply)
    found = case.connector.find_reply(access, reply)
    assert found is not None
    assert case.connector.reply(access, reply).remote_id == found.remote_id
    assert len(case.sandbox.look(case.kind, item.remote_id)["replies"]) == 1


@BY_API
@pytest.mark.parametrize("fault", ["timeout_before", "server_error", "rate_limit"])
def test_a_reply_that_never_left_is_not_found_and_can_be_sent(case: Case, fault: str) -> None:
    access = case.about.signed_in(case)
    item = case.find(case.post("Please ring me back."))
    reply = case.reply(item, "Thank you. We will ring you tomorrow.")
    case.network.armed = fault
    with pytest.raises(RateLimited if fault == "rate_limit" or case.about.certain else Unavailable):
        case.connector.reply(access, reply)
    assert case.connector.find_reply(access, reply) is None
    case.connector.reply(access, reply)
    assert len(case.sandbox.look(case.kind, item.remote_id)["replies"]) == 1


@BY_API
def test_our_own_answer_comes_back_as_outbound_in_the_same_thread(case: Case) -> None:
    access = case.about.signed_in(case)
    item = case.find(case.post("Please ring me back."))
    sent = case.connector.reply(access, case.reply(item, "Thank you. Please contact PALS."))
    for answers in (case.poll()[0], [one for page in case.backfill() for one in page.items]):
        (answer,) = [one for one in answers if one.direction == "outbound"]
        assert answer.remote_id == sent.remote_id
        assert answer.thread_id == item.thread_id
        assert answer.text.endswith("Thank you. Please contact PALS.")


@WITHDRAWN
def test_a_reply_that_we_take_down_is_gone_and_a_second_time_is_no_error(case: Case) -> None:
    access = case.about.signed_in(case)
    item = case.find(case.post("Please ring me back."))
    other = case.find(case.post("Somebody else."))
    kept = case.connector.reply(access, case.reply(other, "Thank you."))
    sent = case.connector.reply(access, case.reply(item, "Mrs Lee, your scan is on 3 May."))

    for _ in range(2):
        case.connector.withdraw(access, sent.remote_id)

    left = []
    for one in (item, other):
        there = case.sandbox.look(case.kind, one.remote_id)["replies"]
        left += [reply["remote_id"] for reply in there if reply["state"] not in ("deleted", "withdrawn")]
    assert left == [kept.remote_id]


@NOT_WITHDRAWN
def test_what_can_not_be_taken_down_from_here_is_refused_in_words(case: Case) -> None:
    with pytest.raises(Rejected):
        case.connector.withdraw(case.access, "1")
