"""What arrives by reading: words, author and address; what came since; what a provider refuses is said."""

import contextlib

import httpx
import pytest

from healthberry.connectors.errors import NotAuthorised, RateLimited
from tests.connectors.cases import SINCE, Case
from tests.connectors.contract import KEYED, READ, case

__all__ = ["case"]

HOSTILE = {
    "emoji": "Thank you 👩‍⚕️❤️ so much",
    "right to left": "شكرا جزيلا \u202eevil\u202c",
    "html": "<script>alert(1)</script> & <b>bold</b> &amp; &lt;i&gt;",
    "quotes": 'it\'s "fine" \\ 100% {{ 7*7 }}',
    "lines": "one\n\ntwo\n\n\n* three",
    "zero width": "a\u200bb\u2060c",
}


@READ
def test_a_post_arrives_with_its_words_its_author_and_its_address(case: Case) -> None:
    remote_id = case.post("The nurses were kind & quick.", title="Day surgery", rating=4)
    item = case.find(remote_id)
    assert item.text.endswith("The nurses were kind & quick.")
    assert item.direction == "inbound"
    assert item.thread_id == remote_id or not case.about.own_threads
    if case.about.has_page:
        assert item.url
        assert case.sandbox.http.get(item.url).status_code == 200
    if case.connector.capabilities.reply != "none":
        assert item.may_not_reply is None


@READ
def test_a_second_poll_brings_what_came_since_the_first(case: Case) -> None:
    case.post("First.")
    _, cursor = case.poll()
    later = case.post("Second.")
    items, cursor = case.poll(cursor)
    assert later in {item.remote_id for item in items}
    even_later = case.post("Third.")
    items, _ = case.poll(cursor)
    assert even_later in {item.remote_id for item in items}


@READ
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_words_come_as_they_were_written(case: Case, text: str) -> None:
    remote_id = case.post(text)
    assert case.find(remote_id).text.endswith(text.strip())


@READ
def test_a_text_of_a_megabyte_blocks_no_neighbour(case: Case) -> None:
    neighbour = case.post("I am the neighbour.")
    with contextlib.suppress(httpx.HTTPStatusError):  # a provider may refuse it
        case.post("x" * 1_000_000)
    assert neighbour in {item.remote_id for item in case.poll()[0]}


@KEYED
def test_a_refused_key_is_said_and_never_read_as_nothing(case: Case) -> None:
    case.post("There is something.")
    wrong = case.about.wrong(case.access)
    assert wrong != case.access
    with pytest.raises(NotAuthorised):
        case.connector.poll(wrong, None)
    if case.connector.capabilities.backfills:
        with pytest.raises(NotAuthorised):
            case.connector.backfill(wrong, SINCE, None)


@READ
def test_the_time_to_wait_is_passed_on(case: Case) -> None:
    case.fault("rate_limit")
    with pytest.raises(RateLimited) as raised:
        case.connector.poll(case.access, None)
    assert raised.value.retry_after is None or raised.value.retry_after >= 0
