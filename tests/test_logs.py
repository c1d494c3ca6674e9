import io
import json
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from healthberry import logs


@pytest.fixture(autouse=True)
def _root() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def written(style: str = "json", **options: object) -> io.StringIO:
    stream = io.StringIO()
    logs.configure(style=style, stream=stream, **options)  # type: ignore[arg-type]
    return stream


@pytest.mark.parametrize(
    "line",
    [
        "Authorization: Bearer abcDEF123456",
        "Authorization: SUBSCRIPTION_KEY abcDEF123456",
        "subscription-key: abcDEF123456",
        "{'subscription-key': 'abcDEF123456'}",
        'headers={"Authorization": "Basic abcDEF123456="}',
        "GET /x?key=abcDEF123456&take=5",
        "GET /cb?state=s&code=abcDEF123456",
        "access_token=abcDEF123456",
        '"refresh_token": "abcDEF123456"',
        "client_secret='abcDEF123456'",
        "postgresql://user:abcDEF123456@host/db",
        "redis://:abcDEF123456@host:6379/0",
        "PASSWORD=abcDEF123456",
        "to abcDEF123456@trust.nhs.uk now",
        "link /r/eyJhbGciOiJIUzI1NiJ9.abcDEF123456abcDEF123456abcDEF123456.x9",
        "gAAAAABabcDEF123456abcDEF123456abcDEF123456abcDEF123456==",
    ],
)
def test_secrets_and_addresses_are_masked(line: str) -> None:
    masked = logs.mask(line)
    assert "abcDEF123456" not in masked
    assert logs.mask(masked) == masked


@pytest.mark.parametrize(
    "line",
    [
        "connector.called",
        "channel_id=0198a6a0-7c3e-7bb1-8a5e-1f2f3a5b0001",
        "/2/users/{id}/mentions",
        "status=200 milliseconds=34 host=api.nhs.uk",
        "healthberry.connectors.careopinion_items.answered_story_of_a_response",
        "1985000000000000102",
        "2026-02-03T09:12:00.123+00:00",
    ],
)
def test_ids_and_ordinary_words_stay(line: str) -> None:
    assert logs.mask(line) == line


@pytest.mark.parametrize("piece", ["a", "a-", "a.", "a1-", "://a:", "key=", "bearer "])
def test_a_line_without_end_is_logged_in_a_moment(piece: str) -> None:
    stream = written()
    started = time.thread_time()
    logging.getLogger("healthberry.test").warning(piece * 500_000)
    assert time.thread_time() - started < 1
    assert len(stream.getvalue()) < 100_000


def test_a_line_is_one_json_object_with_event_and_fields() -> None:
    stream = written()
    logs.event(
        logging.getLogger("healthberry.test"), "reply.sent", reply_id=7, seconds=0.5, note="a\nb", event="not me"
    )
    (line,) = stream.getvalue().splitlines()
    found = json.loads(line)
    assert found.pop("at").endswith("+00:00")
    assert found == {
        "level": "info",
        "logger": "healthberry.test",
        "event": "reply.sent",
        "reply_id": 7,
        "seconds": 0.5,
        "note": "a\nb",
    }


def test_a_plain_line_is_one_line() -> None:
    stream = written("plain")
    logs.event(logging.getLogger("healthberry.test"), "reply.sent", reply_id=7, note="a\nb")
    (line,) = stream.getvalue().splitlines()
    assert line.endswith("info reply.sent reply_id=7 note=a b")


def test_a_plain_line_says_when_with_its_date_and_distance_from_utc() -> None:
    stream = written("plain")
    before = datetime.now(UTC).replace(microsecond=0)
    logs.event(logging.getLogger("healthberry.test"), "reply.sent")
    at = datetime.fromisoformat(stream.getvalue().split()[0])
    assert before <= at <= datetime.now(UTC)
    assert at.utcoffset() == timedelta(0)


def test_a_plain_line_leaves_nothing_to_a_terminal_but_letters() -> None:
    stream = written("plain")
    try:
        raise OSError("\x1b[2Jall is well\x9b1m")
    except OSError:
        logging.getLogger("healthberry.test").exception("odd \x1b]0;title\x07 \u202eevil")
    assert not set(stream.getvalue()) & set("\x1b\x9b\x07\u202e")
    assert "all is well" in stream.getvalue()


@pytest.mark.parametrize("style", ["json", "plain"])
def test_known_secrets_are_masked_wherever_they_stand(style: str) -> None:
    stream = written(style, secrets=["open sesame", "open sesame twice", "", "x"])
    log = logging.getLogger("healthberry.test")
    logs.event(log, "odd", words="open sesame twice")
    log.warning("it was %s", "open sesame")
    try:
        raise ValueError("open sesame")
    except ValueError:
        log.exception("failed for pat@trust.nhs.uk")
    text = stream.getvalue()
    assert "sesame" not in text
    assert "twice" not in text
    assert "pat@" not in text
    assert "ValueError" in text


def test_a_message_that_does_not_fit_its_arguments_is_still_logged() -> None:
    stream = written()
    logging.getLogger("healthberry.test").warning("%d items", "many")
    assert json.loads(stream.getvalue())["event"] == "%d items"


def test_libraries_that_print_whole_addresses_are_silenced() -> None:
    stream = written(level="DEBUG")
    logging.getLogger("httpx").info("HTTP Request: GET https://api.example.org/?key=123")
    logging.getLogger("httpcore.http11").debug("send_request_headers")
    assert stream.getvalue() == ""


def test_a_second_call_replaces_the_first() -> None:
    first, second = written(), written()
    logging.getLogger("healthberry.test").warning("hello")
    assert first.getvalue() == ""
    assert second.getvalue().count("hello") == 1
