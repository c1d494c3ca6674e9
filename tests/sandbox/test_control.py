"""The control API: items, faults, corpora, settings."""

import io
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.conftest import Box

HOSTILE = "<script>alert('x')</script> \x00 \u202eright to left\u202c 👨‍👩‍👧‍👦 \ud800 'quote\" & ünï {{7*7}}"
CHANNELS = ("x", "careopinion", "nhsuk")


def _api_texts(box: Box, channel: str) -> list[str]:
    box.parts.limits.clear()
    if channel == "x":
        page = box.x(f"users/{box.user_id()}/mentions", max_results="100", **{"tweet.fields": "note_tweet"}).json
        return [post.get("note_tweet", post)["text"] for post in page.get("data", [])]
    if channel == "careopinion":
        return [story["body"] for story in box.stories(nacs="RXX", take=100).json]
    return [item["comment"]["commentText"] for item in box.reviews(odsCode="RXX", limit=200).json["comments"]]


@pytest.mark.parametrize("channel", CHANNELS)
def test_hostile_text_reaches_api_and_control_untouched_and_breaks_no_page(box: Box, channel: str) -> None:
    remote_id = box.told(channel, HOSTILE, author="<b>\ud800")
    assert box.seen(channel, remote_id)["text"] == HOSTILE
    text = _api_texts(box, channel)[0]
    expected = HOSTILE
    if channel == "x":
        expected = "@ExampleTrust " + HOSTILE.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert text == expected
    paths = {"x": f"/x/a/status/{remote_id}", "careopinion": f"/careopinion/{remote_id}", "nhsuk": "/organisations/RXX"}
    page = box.client.get(paths[channel])
    assert page.status_code == 200
    assert "<script>" not in page.text


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_million_characters_are_taken(box: Box, channel: str) -> None:
    remote_id = box.told(channel, "word " * 200_000)
    assert len(box.seen(channel, remote_id)["text"]) == 1_000_000
    assert len(_api_texts(box, channel)[0]) >= 1_000_000


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"channel": "fax", "text": "a"},
        {"channel": "x", "ods_code": "RXX", "text": "a"},
        {"channel": "nhsuk", "handle": "a", "text": "a"},
        {"channel": "nhsuk", "ods_code": "RXX", "text": " "},
        {"channel": "nhsuk", "ods_code": "RXX", "text": "a", "rating": 6},
        {"channel": "nhsuk", "ods_code": "<b>", "text": "a"},
        {"channel": "x", "handle": "a b", "text": "a"},
        {"channel": "x", "handle": "a", "text": "a", "in_reply_to": "1"},
        {"channel": "x", "handle": "a", "text": "a", "posted_at": "soon"},
    ],
)
def test_what_cannot_be_published_is_refused_with_a_sentence(box: Box, body: dict[str, Any]) -> None:
    answer = box.client.post("/control/posts", json=body)
    assert answer.status_code == 400
    assert answer.json["error"].endswith(".")


@pytest.mark.parametrize("channel", CHANNELS)
def test_edits_and_withdrawals_are_seen_by_control(box: Box, channel: str) -> None:
    remote_id = box.told(channel, "before")
    changed = box.client.patch(f"/control/posts/{channel}/{remote_id}", json={"text": "after"}).json["remote_id"]
    assert box.seen(channel, changed)["text"] == "after"
    place = "handle=ExampleTrust" if channel == "x" else "ods_code=RXX"
    assert box.client.get(f"/control/posts/{channel}?{place}").json == {"remote_ids": [changed]}
    assert box.client.delete(f"/control/posts/{channel}/{changed}").status_code == 204
    assert box.seen(channel, changed)["state"] in ("deleted", "withdrawn")
    assert box.client.get(f"/control/posts/{channel}?{place}").json == {"remote_ids": []}
    assert box.client.get(f"/control/posts/{channel}/unknown").status_code == 404


@pytest.mark.parametrize("channel", CHANNELS)
def test_six_thousand_rows_load_quickly_and_every_one_is_there(box: Box, channel: str) -> None:
    out = io.StringIO()
    out.write("id,comment\r\n")
    for number in range(6000):
        out.write(f'{number},"row {number}, ""quoted"" <i>\nnext line"\r\n')
    started = time.thread_time()
    data = {"channel": channel, "ods_code": "RXX", "handle": "ExampleTrust", "text_column": "comment"}
    files = {"file": (io.BytesIO(out.getvalue().encode()), "texts.csv")}
    answer = box.client.post("/control/corpus", data={**data, **files}, content_type="multipart/form-data").json
    assert time.thread_time() - started < 10
    assert answer["loaded"] == len(set(answer["remote_ids"])) == 6000
    assert box.seen(channel, answer["remote_ids"][17])["text"] == 'row 17, "quoted" <i>\nnext line'
    place = "handle=ExampleTrust" if channel == "x" else "ods_code=RXX"
    served = box.client.get(f"/control/posts/{channel}?{place}").json["remote_ids"]
    assert set(served) == set(answer["remote_ids"][-800:] if channel == "x" else answer["remote_ids"])


def test_a_corpus_takes_a_slice_and_names_the_columns_it_has(box: Box) -> None:
    body = {"channel": "nhsuk", "ods_code": "RXX", "csv": "a,b\n1,x\n2,\n3,y\n4,z\n"}
    assert (
        box.client.post("/control/corpus", json={**body, "text_column": "b", "start": 1, "count": 1}).json["loaded"]
        == 1
    )
    assert _api_texts(box, "nhsuk") == ["y"]
    wrong = box.client.post("/control/corpus", json={**body, "text_column": "c"})
    assert wrong.status_code == 400
    assert "a, b" in wrong.json["error"]


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(("kind", "status"), [("rate_limit", 429), ("server_error", 500)])
def test_a_refusal_strikes_as_often_as_ordered(box: Box, channel: str, kind: str, status: int) -> None:
    box.told(channel, "hello")
    box.fault(channel, kind, times=2, seconds=7)

    def read() -> int:
        if channel == "x":
            answer = box.x("tweets", ids="1")
        else:
            answer = box.stories(nacs="RXX") if channel == "careopinion" else box.reviews(odsCode="RXX")
        if answer.status_code == 429:
            wait = answer.headers.get("Retry-After") or int(answer.headers["x-rate-limit-reset"]) - time.time()
            assert 5 < float(wait) <= 8
        return int(answer.status_code)

    assert [read() for _ in range(3)] == [status, status, 200]


def test_an_expired_token_looks_as_it_does_at_each_provider(box: Box) -> None:
    for channel in CHANNELS:
        box.fault(channel, "expired_token")
    assert box.x("tweets", ids="1").status_code == 401
    assert box.stories().status_code == 302
    assert box.reviews(odsCode="RXX").status_code == 401


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_item_can_be_delivered_twice_and_among_strays(box: Box, channel: str) -> None:
    box.told(channel, "one")
    box.told(channel, "two")
    box.fault(channel, "duplicate_delivery")
    twice = _api_texts(box, channel)
    assert len(twice) == 3
    assert len(set(twice)) == 2
    box.fault(channel, "stray")
    with pytest.raises((TypeError, KeyError, AttributeError)):
        _api_texts(box, channel)
    assert len(_api_texts(box, channel)) == 2


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_list_can_come_the_other_way_round(box: Box, channel: str) -> None:
    box.told(channel, "one")
    box.told(channel, "two")
    before = _api_texts(box, channel)
    box.fault(channel, "reordered")
    assert _api_texts(box, channel) == before[::-1]
    assert _api_texts(box, channel) == before


@pytest.mark.parametrize("kind", ["truncated_body", "malformed_utf8"])
def test_a_body_can_be_broken(box: Box, kind: str) -> None:
    box.told("nhsuk", "one")
    box.fault("nhsuk", kind)
    with pytest.raises(ValueError, match=r"."):
        json.loads(box.reviews(odsCode="RXX").data)
    assert box.reviews(odsCode="RXX").json["comments"]


def test_a_page_of_html_can_come_instead(box: Box) -> None:
    box.fault("careopinion", "html_page")
    answer = box.stories()
    assert (answer.status_code, answer.mimetype) == (200, "text/html")


def test_a_timeout_before_stores_nothing_and_one_after_stores(box: Box) -> None:
    token = box.sign_in()["access_token"]
    question = box.told("x", "hello?")
    box.fault("x", "timeout_before", operation="reply", seconds=0)
    box.fault("x", "timeout_after", operation="reply", seconds=0)
    assert box.x("tweets", ids=question).status_code == 200
    for words, stored in (("first", 0), ("second", 1)):
        with pytest.raises(OSError, match="hangs up"):
            box.tweet(token, words, question).get_data()
        assert len(box.seen("x", question)["replies"]) == stored
    assert box.tweet(token, "second", question).status_code == 403


def test_faults_can_be_narrowed_called_off_and_must_make_sense(box: Box) -> None:
    box.fault("nhsuk", "server_error", path="offset=5")
    assert box.reviews(odsCode="RXX").status_code == 200
    assert box.reviews(odsCode="RXX", offset=5).status_code == 500
    box.fault("nhsuk", "server_error")
    assert len(box.client.get("/control/faults").json["faults"]) == 1
    assert box.client.delete("/control/faults").status_code == 204
    assert box.reviews(odsCode="RXX").status_code == 200
    for wrong in ({"kind": "odd"}, {"times": 0}, {"operation": "odd"}, {"channel": "odd"}):
        body = {"channel": "x", "kind": "stray", "times": 1, **wrong}
        assert box.client.post("/control/faults", json=body).status_code == 400


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("429", "rate_limit"),
        (429, "rate_limit"),
        ("500", "server_error"),
        (500, "server_error"),
        ("timeout", "timeout_before"),
        ("timeout_before_storing", "timeout_before"),
        ("timeout_after_storing", "timeout_after"),
        ("duplicate", "duplicate_delivery"),
        ("duplicate_delivery", "duplicate_delivery"),
        ("reorder", "reordered"),
        ("truncated", "truncated_body"),
        ("truncated_body", "truncated_body"),
        ("expired", "expired_token"),
        ("expired_token", "expired_token"),
    ],
)
def test_faults_have_other_names_too(box: Box, name: str | int, kind: str) -> None:
    answer = box.client.post("/control/faults", json={"channel": "x", "kind": name, "times": 1})
    assert (answer.status_code, answer.json["kind"]) == (201, kind)


@pytest.mark.parametrize("name", ["odd", 418, None, True, ["500"], {}, ""])
def test_an_unknown_fault_is_refused_with_every_name_that_there_is(box: Box, name: object) -> None:
    answer = box.client.post("/control/faults", json={"channel": "x", "kind": name, "times": 1})
    assert answer.status_code == 400
    for known in ("rate_limit", "429", "500", "timeout_before_storing", "duplicate", "truncated_body", "expired_token"):
        assert known in answer.json["error"]


def _on_x(box: Box, **place: str) -> Any:
    return box.client.post("/control/posts", json={"channel": "x", "author": "Wren", "text": "hello", **place})


def test_a_code_will_do_on_x_once_the_handle_was_said(box: Box) -> None:
    refused = _on_x(box, ods_code="RYJ")
    assert refused.status_code == 400
    assert "Give handle" in refused.json["error"]
    said = {"ods_code": "RYJ", "handle": "imperialNHS"}
    assert box.client.post("/control/organisations", json=said).json["handle"] == "imperialNHS"
    assert box.client.post("/control/organisations", json={**said, "handle": "a b"}).status_code == 400

    for code in ("RYJ", "ryj01"):
        remote_id = _on_x(box, ods_code=code).json["remote_id"]
        assert box.seen("x", remote_id)["full_text"] == "@imperialNHS hello"
    assert (
        box.client.get("/control/posts/x?ods_code=RYJ").json
        == box.client.get("/control/posts/x?handle=imperialNHS").json
    )
    assert _on_x(box, ods_code="RXX").status_code == 400


def test_a_code_will_do_on_x_when_handle_and_code_were_asked_for_together(box: Box) -> None:
    for host, codes in (("www.imperial.nhs.uk", ("RYJ", "RYJ01")), ("www.other.nhs.uk", ("RXX",))):
        for code in codes:
            box.reviews(odsCode=code)
        box.client.get(f"/websites/{host}/")
        box.user_id("imperialNHS" if "imperial" in host else "otherNHS")

    for code, handle in (("RYJ", "imperialNHS"), ("RXX", "otherNHS")):
        remote_id = _on_x(box, ods_code=code).json["remote_id"]
        assert box.seen("x", remote_id)["full_text"] == f"@{handle} hello"


def test_nothing_is_guessed_where_several_organisations_were_asked_for_at_once(box: Box) -> None:
    for code in ("RYJ", "RXX"):
        box.reviews(odsCode=code)
    box.client.get("/websites/www.imperial.nhs.uk/")
    box.user_id("imperialNHS")

    assert _on_x(box, ods_code="RYJ").status_code == _on_x(box, ods_code="RXX").status_code == 400


def test_the_token_exchange_can_fail_too(box: Box) -> None:
    box.fault("x", "server_error", operation="token")
    assert box.trade("any").status_code == 500
    assert box.trade("any").status_code == 400


def test_wrong_settings_change_nothing(box: Box) -> None:
    before = box.client.get("/control/settings").json
    for wrong in (
        {"latency_seconds": 1, "odd": 1},
        {"seed_items": -1},
        {"rate_limits": "maybe"},
        {"moderator_edits": "x"},
    ):
        assert box.client.post("/control/settings", json=wrong).status_code == 400
    assert box.client.get("/control/settings").json == before


def test_reset_forgets_everything_but_the_keys(box: Box) -> None:
    token = box.sign_in()["access_token"]
    box.told("x", "hello")
    box.set(seed_items=5)
    box.fault("x", "server_error")
    assert box.client.post("/control/reset").status_code == 204
    assert box.x("users/me", token=token).status_code == 401
    assert box.x("users/by/username/ExampleTrust").json["errors"]
    assert box.client.get("/control/settings").json["seed_items"] == 0
    items = box.client.get("/health").json["items"]
    assert set(items) >= set(CHANNELS)
    assert not any(items.values())


def test_requests_are_counted_by_operation_and_status(box: Box) -> None:
    box.reviews(odsCode="RXX")
    box.reviews(key="wrong", odsCode="RXX")
    found = box.client.get("/control/requests").json
    assert found["counts"]["nhsuk.comments"] == 2
    assert found["statuses"]["nhsuk.comments"] == {"200": 1, "401": 1}


def test_keys_that_were_not_given_are_made_up_once_and_last(make_box: Callable[..., Box], tmp_path: Any) -> None:
    settings = {"SANDBOX_DATA": str(tmp_path / "data.sqlite"), "X_BEARER_TOKEN": ""}
    config = make_box(settings).parts.config
    first = config.keys
    assert len(first["X_BEARER_TOKEN"]) > 20
    assert first["X_BEARER_TOKEN"] not in repr(config)
    assert make_box(settings).parts.config.keys == first
