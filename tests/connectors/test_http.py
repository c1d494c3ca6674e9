import logging
import os
from datetime import UTC, datetime

import httpx
import pytest

from healthberry.connectors.errors import (
    Gone,
    NotAuthorised,
    RateLimited,
    Temporary,
    Unavailable,
    UnexpectedAnswer,
)
from healthberry.connectors.http import Http
from healthberry.connectors.http_answers import Answer, retry_after
from healthberry.connectors.pace import Pace
from tests.connectors.fakes import Provider, answering, as_json

REFUSALS = {401: (NotAuthorised, "Key refused."), 404: (Gone, "Not there.")}
NOW = datetime(2026, 2, 3, 12, 0, tzinfo=UTC)


def http(provider: httpx.BaseTransport, **options: float) -> Http:
    return Http("https://api.example.org/base", "Example", REFUSALS, transport=provider, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, NotAuthorised),
        (404, Gone),
        (408, Unavailable),
        (429, RateLimited),
        (500, Unavailable),
        (503, Unavailable),
        (302, UnexpectedAnswer),
        (418, UnexpectedAnswer),
    ],
)
def test_each_status_becomes_one_of_our_errors(status: int, expected: type[Exception]) -> None:
    with pytest.raises(expected) as raised:
        http(answering(httpx.Response(status))).get("/things", headers={})
    assert type(raised.value) is expected


@pytest.mark.parametrize(
    "failure", [httpx.ConnectError("no"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut off")]
)
def test_whatever_breaks_on_the_way_is_unavailable(failure: Exception) -> None:
    with pytest.raises(Unavailable):
        http(answering(failure)).get("/things", headers={})


def test_redirects_are_not_followed() -> None:
    provider = answering(httpx.Response(302, headers={"location": "https://elsewhere.example/"}))
    with pytest.raises(UnexpectedAnswer):
        http(provider).get("/things", headers={})
    assert len(provider.asked) == 1


def test_parts_of_a_path_cannot_leave_their_place() -> None:
    provider = answering({})
    http(provider).get("/users/{id}/posts", headers={}, id="../admin?x=1")
    assert provider.asked[0].url.raw_path == b"/base/users/..%2Fadmin%3Fx%3D1/posts"


@pytest.mark.parametrize("body", [b'[{"a": 1', b"", b"[1, 2", b"[" * 100_000])
def test_a_body_cut_off_is_temporary(body: bytes) -> None:
    with pytest.raises(Temporary):
        Answer(200, {}, body).json()


def test_malformed_utf8_and_control_characters_do_not_lose_the_page() -> None:
    assert Answer(200, {}, b'{"a": "x\xff\x00y"}').json() == {"a": "x\ufffd\x00y"}
    assert Answer(200, {}, b'{"a": ' + b"9" * 5000 + b"}").json() == {"a": "9" * 5000}


def test_a_page_for_people_is_recognised_by_type_or_beginning() -> None:
    assert Answer(200, {"content-type": "text/html; charset=utf-8"}, b"x").is_html
    assert Answer(200, {}, b"\n <!DOCTYPE html><p>").is_html
    assert not Answer(200, {"content-type": "application/json"}, b'["<html>"]').is_html


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "Tue, 03 Feb 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Tue, 03 Feb 2026 11:00:00 GMT"}, 0),
        ({"x-rate-limit-reset": str(int(NOW.timestamp()) + 90)}, 90),
        ({"retry-after": "soon", "x-rate-limit-reset": str(int(NOW.timestamp()) + 5)}, 5),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "99999999"}, 86_400),
        ({}, None),
    ],
)
def test_the_time_to_wait_is_read_from_the_headers(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


def test_the_error_carries_the_time_to_wait() -> None:
    with pytest.raises(RateLimited) as raised:
        http(answering(as_json({}, 429, retry_after="12"))).get("/things", headers={})
    assert raised.value.retry_after == 12


def test_the_log_names_the_template_and_neither_ids_nor_queries_nor_keys(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    params = [("key", "open-sesame")]
    http(answering({})).get(
        "/users/{id}", headers={"Authorization": "Bearer sesame-123456"}, params=params, id="user-4711"
    )
    (record,) = [one for one in caplog.records if one.message == "connector.called"]
    fields = record.fields  # type: ignore[attr-defined]
    assert fields.pop("milliseconds") >= 0
    assert fields == {"method": "GET", "host": "api.example.org", "path": "/users/{id}", "status": 200}
    everything = " ".join(str(vars(one)) for one in caplog.records)
    assert "sesame" not in everything
    assert "user-4711" not in everything


def test_a_failed_call_is_logged_with_its_kind(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with pytest.raises(Unavailable):
        http(answering(httpx.ReadTimeout("slow"))).get("/things", headers={})
    assert caplog.records[-1].fields["status"] == "ReadTimeout"  # type: ignore[attr-defined]


def test_an_answer_without_end_is_given_up() -> None:
    def endless(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=(b"x" * 1_000_000 for _ in range(10_000)))

    with pytest.raises(UnexpectedAnswer):
        http(Provider(endless)).get("/things", headers={})


def test_calls_of_one_process_keep_their_pace() -> None:
    clock = [100.0]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += seconds

    pace = Pace(5, clock=lambda: clock[0], sleep=sleep)
    for _ in range(4):
        pace.wait()
    clock[0] += 10
    pace.wait()
    assert slept == pytest.approx([0.2, 0.2, 0.2])


def test_a_forked_worker_opens_connections_of_its_own() -> None:
    made = http(answering({}))
    made.get("/things", headers={})
    before = made._client
    made._process = os.getpid() + 1
    made.get("/things", headers={})
    assert made._client is not before
