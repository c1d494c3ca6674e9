"""What only X does, over real HTTP against the sandbox: tokens that die, posts that may not be answered, edits."""

from dataclasses import replace

import pytest

from healthberry.connectors import registry
from healthberry.connectors.base import Access
from healthberry.connectors.errors import Gone, NotAuthorised, Rejected, Unavailable
from tests.connectors.cases import Case, made
from tests.connectors.conftest import CREDENTIALS, KEYS, Sandbox
from tests.connectors.kinds.x import CASE


@pytest.fixture
def case(sandbox: Sandbox) -> Case:
    return made(CASE, sandbox)


def test_a_refresh_token_works_once_and_the_new_pair_works(case: Case) -> None:
    access = CASE.signed_in(case)
    got = case.connector.refresh(access)
    fresh = Access(case.access.config, got.secrets, got.expires_at)
    assert got.account == case.where["handle"]
    assert got.secrets["refresh_token"] != access.secrets["refresh_token"]
    item = case.find(case.post("Please ring me back."))
    assert case.connector.reply(fresh, case.reply(item, "We will ring you today.")).remote_id
    with pytest.raises(NotAuthorised):
        case.connector.refresh(access)


def test_a_token_that_has_expired_is_said(case: Case) -> None:
    access = CASE.signed_in(case)
    item = case.find(case.post("Please ring me back."))
    case.network.armed = "expired_token"
    with pytest.raises(NotAuthorised, match="Sign in with X again"):
        case.connector.reply(access, case.reply(item, "We will ring you."))


def test_the_same_words_again_are_refused_with_advice_and_nothing_is_doubled(case: Case) -> None:
    access = CASE.signed_in(case)
    first, second = (case.find(case.post(f"Please ring me back {number}.")) for number in (1, 2))
    case.connector.reply(access, case.reply(first, "Thank you for getting in touch."))
    with pytest.raises(Rejected, match="Change the wording"):
        case.connector.reply(access, case.reply(second, "Thank you for getting in touch."))
    assert case.sandbox.look("x", second.remote_id)["replies"] == []


def test_x_refuses_what_we_said_it_would_refuse(case: Case) -> None:
    access = CASE.signed_in(case)
    remote_id = case.sandbox.post("x", handle="SomebodyElse", author="Sam", text="The hospital is slow.")
    item = case.find(case.post("I mention you."))
    target = replace(case.reply(item, "Sorry to hear that.").target, remote_id=remote_id, source={})
    with pytest.raises(Rejected, match="mention"):
        case.connector.reply(access, replace(case.reply(item, "Sorry to hear that."), target=target))


def test_a_post_that_was_deleted_meanwhile_is_gone(case: Case) -> None:
    access = CASE.signed_in(case)
    item = case.find(case.post("I go."))
    case.sandbox.withdraw("x", item.remote_id)
    with pytest.raises(Gone):
        case.connector.reply(access, case.reply(item, "Thank you for this."))


def test_an_edited_post_is_answered_in_its_newest_version(case: Case) -> None:
    access = CASE.signed_in(case)
    remote_id = case.post("Befor.")
    case.sandbox.edit("x", remote_id, f"@{case.where['handle']} After.")
    item = case.find(remote_id)
    assert item.text.endswith("After.")
    assert item.source["latest_id"] != remote_id
    reply = case.reply(item, "Thank you for your words.")
    sent = case.connector.reply(access, reply)
    found = case.connector.find_reply(access, reply)
    assert found is not None
    assert found.remote_id == sent.remote_id


def test_a_text_too_long_is_refused_with_the_reason(case: Case) -> None:
    access = CASE.signed_in(case)
    item = case.find(case.post("Tell me everything."))
    with pytest.raises(Rejected):
        case.connector.reply(access, case.reply(item, "word " * 100))


def test_a_code_is_good_once(case: Case) -> None:
    with pytest.raises(NotAuthorised, match="30 seconds"):
        case.connector.authorise(case.access, {"code": "never-given"}, "http://127.0.0.1:9/back", "v" * 43)


def test_a_quote_and_an_answer_without_a_mention_are_found(case: Case) -> None:
    own = case.sandbox.post("x", **case.where, text="Clinics are open on Monday.", own=True)
    quote = case.sandbox.post("x", **case.where, author="Wren", text="About time.", quotes=own)
    answer = case.sandbox.post("x", **case.where, author="Sam", text="Where?", in_reply_to=own, mentions=False)
    for found in (case.poll()[0], [item for page in case.backfill() for item in page.items]):
        items = {item.remote_id: item for item in found}
        assert items[quote].may_not_reply is None
        assert items[answer].thread_id == own
        assert (items[own].direction, items[own].source["context"]) == ("outbound", True)


def test_an_author_who_quotes_us_can_be_answered(case: Case) -> None:
    access = CASE.signed_in(case)
    own = case.sandbox.post("x", **case.where, text="Clinics are open on Monday.", own=True)
    quote = case.sandbox.post("x", **case.where, author="Wren", text="About time.", quotes=own)
    item = next(item for item in case.poll()[0] if item.remote_id == quote)
    assert case.connector.reply(access, case.reply(item, "Thank you, Wren.")).remote_id


def test_the_stream_rings_for_a_new_mention(case: Case, sandbox: Sandbox) -> None:
    endpoints, choices = registry.endpoints(sandbox.url), registry.Choices(x_stream=True)
    stream = registry.build(endpoints, CREDENTIALS, choices=choices).get("x").listen(case.access)
    next(stream)
    case.post("I am new here.")
    next(stream)
    headers = {"Authorization": f"Bearer {KEYS['X_BEARER_TOKEN']}"}
    sandbox.http.delete("/x/2/connections/all", headers=headers).raise_for_status()
    with pytest.raises(Unavailable):
        next(stream)
