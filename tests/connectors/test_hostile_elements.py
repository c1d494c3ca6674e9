"""Whatever is wrong with one element, it becomes an item or is kept aside, and its neighbours are unaffected."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from healthberry.connectors.base import Access, InboundItem, Page
from healthberry.connectors.errors import Permanent, Temporary
from tests.connectors import samples
from tests.connectors.fakes import Provider as FakeProvider
from tests.connectors.fakes import as_json, connectors

_TOGETHER = 19  # no round number: such a page would be followed by another
SINCE = datetime(2020, 1, 1, tzinfo=UTC)
CONFIG = {"ods_codes": ["RXX01"], "nacs": ["RXX01"], "user_id": "2244994945", "username": "ExampleTrust"}
CONFIG |= {"server": "social.example", "account_id": "9", "tags": ["care"], "did": "did:plc:trust"}


def _reviews(elements: list[Any]) -> Any:
    return {"comments": elements}


def _posts(elements: list[Any]) -> Any:
    return {"data": elements, "includes": samples.INCLUDES, "meta": {"result_count": len(elements)}}


def _notified(elements: list[Any]) -> Any:
    return {"notifications": elements}


def _plain(elements: list[Any]) -> Any:
    return elements


CASES: dict[str, tuple[str, Any, Callable[[list[Any]], Any], str]] = {
    "nhsuk": ("nhsuk", samples.REVIEW, _reviews, "/comments/Comments"),
    "careopinion": ("careopinion", samples.STORY, _plain, "/api/v2/opinions"),
    "careopinion responses": ("careopinion", samples.RESPONSE, _plain, "/api/v2/responses"),
    "bluesky": ("bluesky", samples.NOTIFICATION, _notified, "/xrpc/app.bsky.notification.listNotifications"),
    "mastodon": ("mastodon", samples.STATUS, _plain, "/api/v1/timelines/tag/care"),
    "x": ("x", samples.POST, _posts, "/2/users/2244994945/mentions"),
}


def _read(kind: str, body: Any, path: str) -> list[Page]:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path != path or "max_id" in request.url.params:  # the page after the only one
            return as_json({"x": {"meta": {"result_count": 0}}, "bluesky": {}}.get(kind, []))
        return as_json(body)

    connector, pages, cursor = connectors(FakeProvider(answer)).get(kind), [], None
    for _ in range(20):
        page = connector.backfill(Access(CONFIG, {"access_token": "own"}), SINCE, cursor)
        pages.append(page)
        cursor = page.cursor
        if not page.more:
            return pages
    raise AssertionError("the walk does not end")


def _is_storable(item: InboundItem) -> bool:
    words = [item.remote_id, item.thread_id, item.text, item.title, item.author.screen_name, item.in_reply_to or ""]
    words += [item.url or "", item.service_code or "", item.service_name or "", json.dumps(dict(item.source))]
    words += [json.dumps([dict(one) for one in item.attachments]), *(rating.name for rating in item.ratings)]
    for text in words:
        assert "\x00" not in text
        assert "\\u0000" not in text
        assert "\\ud800" not in text
        text.encode("utf-8")
    assert item.remote_id
    assert item.thread_id
    assert len(item.text) <= 100_000
    assert item.posted_at <= datetime.now(UTC) + timedelta(seconds=1)
    assert all(0 <= rating.value <= rating.out_of for rating in item.ratings)
    return True


@pytest.mark.parametrize("name", CASES)
def test_an_element_spoilt_in_any_place_is_read_or_kept_aside(name: str) -> None:
    kind, sample, body, path = CASES[name]
    elements = list(samples.spoilt(sample))
    for start in range(0, len(elements), _TOGETHER):
        pages = _read(kind, body(elements[start : start + _TOGETHER]), path)
        assert all(_is_storable(item) for page in pages for item in page.items)
        assert all(bad.reason and "\x00" not in bad.raw for page in pages for bad in page.bad)


@pytest.mark.parametrize("name", CASES)
def test_neighbours_of_a_spoilt_element_are_unaffected(name: str) -> None:
    kind, sample, body, path = CASES[name]
    (whole,) = [{item.remote_id for page in _read(kind, body([sample]), path) for item in page.items}]
    elements = [odd for odd in samples.ODD if odd is not None]
    pages = _read(kind, body([*elements, sample, *elements]), path)
    assert {item.remote_id for page in pages for item in page.items} == whole
    assert len([bad for page in pages for bad in page.bad]) == len(elements) * 2


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("body", [None, "", "Sorry! Something went wrong.", 5, {}, {"comments": 5}, {"data": 5}, [[]]])
def test_an_answer_of_another_shape_is_an_error_of_ours_or_an_empty_page(name: str, body: Any) -> None:
    kind, _, _, path = CASES[name]
    try:
        pages = _read(kind, body, path)
    except (Temporary, Permanent) as error:
        assert error.reason  # noqa: PT017 (either outcome is right)
    else:
        assert not [item for page in pages for item in page.items]


def _all(pages: Iterable[Page]) -> list[InboundItem]:
    return [item for page in pages for item in page.items]


def test_the_review_of_the_documents_is_read_whole() -> None:
    review, response = _all(_read("nhsuk", _reviews([samples.REVIEW]), "/comments/Comments"))
    assert review.author.screen_name == "Anonymous"
    assert review.author.remote_id is None
    assert [(one.name, one.value, one.out_of) for one in review.ratings] == [
        ("Overall", 4.0, 5.0),
        ("Question 10004", 5.0, 5.0),
    ]
    assert (review.experienced, review.service_code, review.service_name) == ("2026-01", "RXX01", "Radiology")
    assert review.syndication_key == "nhsuk:345678"
    assert (response.direction, response.thread_id, response.in_reply_to) == (
        "outbound",
        review.remote_id,
        review.remote_id,
    )
    assert response.text == "Thank you."


@pytest.mark.parametrize(
    "link",
    [
        {"rel": "healthservice", "id": "RXX 01", "href": "https://h/api/v2/healthservices/RXX%2001"},
        {"relation": "healthservice", "id": "RXX 01", "link": "https://h/api/v2/healthservices/RXX%2001"},
        {"relation": "healthservice", "id": None, "link": "https://h/api/v2/healthservices/RXX%2001"},
    ],
)
def test_both_spellings_of_links_are_read(link: dict[str, Any]) -> None:
    (story,) = _all(_read("careopinion", [samples.STORY | {"links": [link]}], "/api/v2/opinions"))
    assert story.service_code == "RXX 01"


def test_criticality_is_kept_for_staff_and_age_is_not_kept() -> None:
    (story,) = _all(_read("careopinion", [samples.STORY], "/api/v2/opinions"))
    assert story.source["criticality"] == "mildly critical"
    assert "45-54" not in repr(story)
    assert story.text == "Everyone explained **each step**."
    assert story.syndication_key == "careopinion:1234567"


def test_the_post_of_the_documents_is_read_whole() -> None:
    (post,) = _all(_read("x", _posts([samples.POST]), "/2/users/2244994945/mentions"))
    assert post.remote_id == "1985000000000000101"  # the first of its versions
    assert post.source["latest_id"] == "1985000000000000102"
    assert post.thread_id == post.in_reply_to == "1985000000000000100"
    assert post.text == "@ExampleTrust two hours in A&E <3 https://example.org/a?b=1&c=2"
    assert (post.author.screen_name, post.author.remote_id) == ("@somepatient", "777000111")
    assert post.url == "https://x.com/somepatient/status/1985000000000000102"
    assert post.attachments == ({"type": "photo", "url": "https://pbs.twimg.com/1.jpg", "description": "A queue"},)
