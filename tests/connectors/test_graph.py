"""Meta's Graph API: proofs, codes, usage, pages."""

import json
from datetime import UTC, datetime

import httpx
import pytest

from healthberry.connectors import graph
from healthberry.connectors.errors import (
    Gone,
    NotAuthorised,
    Permanent,
    RateLimited,
    Rejected,
    SignInOver,
    Temporary,
    Unavailable,
)
from healthberry.connectors.graph_errors import AlreadyThere, SwitchedOff
from healthberry.connectors.graph_hooks import signature
from tests.connectors.fakes import as_json, reply_to
from tests.connectors.graph_samples import LINKED, PUBLIC_ONLY, error, facebook, listed, walked

CODES = [
    (1, None, Unavailable),
    (2, None, Unavailable),
    (3, None, NotAuthorised),
    (4, None, RateLimited),
    (10, None, NotAuthorised),
    (10, 2018278, Rejected),
    (10, 2534022, Rejected),
    (12, None, SwitchedOff),
    (17, None, RateLimited),
    (32, None, RateLimited),
    (100, None, Rejected),
    (100, 33, Gone),
    (102, None, SignInOver),
    (190, None, SignInOver),
    *((190, subcode, SignInOver) for subcode in (458, 460, 463, 467)),
    *((190, subcode, NotAuthorised) for subcode in (459, 464)),
    (200, None, NotAuthorised),
    (230, None, NotAuthorised),
    (299, None, NotAuthorised),
    (341, None, RateLimited),
    (368, None, Rejected),
    (506, None, AlreadyThere),
    (551, None, Rejected),
    (613, None, RateLimited),
    (10900, None, AlreadyThere),
    (10903, None, Rejected),
    (10904, None, Rejected),
    (1609005, None, Rejected),
    (80001, None, RateLimited),
]


def test_the_proof_of_a_token_is_the_documented_one() -> None:
    proof = "828a5d7ca622feded4b6e9b1c7e38077ce8053abf36a1b2542b2ef1fea32681a"
    assert graph.proof("sandbox-app-secret", "sandbox-page-token") == proof
    connector, provider = facebook({})
    connector.poll(PUBLIC_ONLY, "{}")
    (asked,) = provider.asked
    assert asked.url.params["appsecret_proof"] == proof
    assert asked.headers["authorization"] == "Bearer sandbox-page-token"
    assert "sandbox-page-token" not in str(asked.url)


def test_the_signature_of_a_body_is_the_documented_one() -> None:
    expected = "sha256=8d55f6f9eab7c06d94b3142a053d586100c7fba65ad79bc0241c7bd9147a18d6"
    assert signature("sandbox-app-secret", b'{"object":"page","entry":[]}') == expected


@pytest.mark.parametrize(("code", "subcode", "kind"), CODES)
@pytest.mark.parametrize("status", [400, 403, 500, 200])
def test_every_code_means_what_the_table_says_whatever_its_status(
    code: int, subcode: int | None, kind: type[Temporary] | type[Permanent], status: int
) -> None:
    connector, _ = facebook({}, error(code, subcode, status))
    with pytest.raises((Temporary, Permanent)) as raised:
        connector.reply(LINKED, reply_to("555000111_777"))
    assert type(raised.value) is kind
    assert "{" not in raised.value.reason


@pytest.mark.parametrize("body", [b"", b"<html>oops</html>", b'{"error":', b'{"error": "odd"}', b"[]"])
def test_a_broken_answer_to_a_write_is_an_unknown_outcome_or_a_refusal_but_never_a_success(body: bytes) -> None:
    connector, _ = facebook({}, httpx.Response(500, content=body))
    with pytest.raises(Unavailable):
        connector.reply(LINKED, reply_to("555000111_777"))


def test_a_write_without_a_number_has_an_unknown_outcome() -> None:
    connector, _ = facebook({}, {"success": True})
    with pytest.raises(Unavailable):
        connector.reply(LINKED, reply_to("555000111_777"))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"x-app-usage": '{"call_count":28,"total_time":25,"total_cputime":25}'}, 0),
        ({"x-app-usage": '{"call_count":85,"total_time":25,"total_cputime":25}'}, 450),
        ({"x-page-usage": '{"call_count":1,"total_time":96,"total_cputime":25}'}, 900),
        ({"x-business-use-case-usage": '{"1":[{"call_count":100,"estimated_time_to_regain_access":20}]}'}, 1200),
        ({"x-app-usage": "{"}, 0),
        ({"x-app-usage": '{"call_count":"many","x":[1,null]}'}, 0),
    ],
)  # fmt: skip
def test_usage_slows_reading_down_and_stops_it(headers: dict[str, str], seconds: float) -> None:
    assert graph.rest_seconds(headers) == seconds


def test_after_too_much_usage_nobody_is_asked_until_the_rest_is_over() -> None:
    usage = json.dumps({"1": [{"type": "pages", "call_count": 96, "estimated_time_to_regain_access": 5}]})
    connector, provider = facebook({}, as_json(listed(), x_business_use_case_usage=usage))
    page = connector.poll(PUBLIC_ONLY, "{}")
    assert len(provider.asked) == 1
    with pytest.raises(RateLimited) as raised:
        connector.poll(PUBLIC_ONLY, page.cursor)
    assert len(provider.asked) == 1
    assert 290 < (raised.value.retry_after or 0) <= 300


def test_a_refusal_for_too_many_calls_names_the_time_to_wait() -> None:
    usage = json.dumps({"1": [{"type": "pages", "call_count": 100, "estimated_time_to_regain_access": 7}]})
    connector, _ = facebook({}, error(80001, None, 400, x_business_use_case_usage=usage))
    with pytest.raises(RateLimited) as raised:
        connector.poll(PUBLIC_ONLY, None)
    assert raised.value.retry_after == 420


def test_a_page_that_is_too_much_is_asked_for_with_half_as_many() -> None:
    def answer(request: httpx.Request) -> object:
        if int(request.url.params["limit"]) > 6:
            too_much = {"message": "Please reduce the amount of data you're asking for, then retry", "code": 1}
            return as_json({"error": too_much}, 500)
        return listed()

    connector, provider = facebook({"/1000200030004000/published_posts": answer})
    walked(connector, PUBLIC_ONLY)
    sizes = [one.url.params.get("limit") for one in provider.asked if one.url.path.endswith("published_posts")]
    assert sizes == ["25", "12", "6"]


@pytest.mark.parametrize(
    ("value", "at"),
    [
        (1762074931, datetime(2025, 11, 2, 9, 15, 31, tzinfo=UTC)),
        (1762074931627, datetime(2025, 11, 2, 9, 15, 31, 627000, tzinfo=UTC)),
        ("1762074931", None),
        (True, None),
        (-5, None),
        (1e30, None),
        (None, None),
    ],
)
def test_times_of_deliveries_are_seconds_or_milliseconds(value: object, at: datetime | None) -> None:
    assert graph.at_seconds(value) == at
