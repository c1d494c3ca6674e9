import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from healthberry.connectors.base import Access, Connector, InboundItem, ProviderFacts
from healthberry.connectors.errors import Gone, NotAuthorised, Rejected, Unavailable
from tests.connectors.fakes import CREDENTIALS, PUBLISHER, Provider, access, answering, as_json, connectors, reply_to
from tests.connectors.samples import REVIEW

SINCE = datetime.now(UTC) - timedelta(days=730)
ONE = access(ods_codes=["RXX01"], name="Example Trust")
UNANSWERED = copy.deepcopy(REVIEW) | {"response": None}
UNANSWERED["comment"]["responseID"] = None
REVIEW_ID = REVIEW["comment"]["commentId"]


def review(number: int, at: datetime) -> dict[str, Any]:
    element = copy.deepcopy(UNANSWERED)
    element["comment"] |= {"commentId": f"id-{number}", "dateSubmitted": at.isoformat(), "lastUpdated": at.isoformat()}
    return element


class Reviews(Provider):
    """NHS.UK with some reviews per code, in an order and with window ends that a test chooses."""

    def __init__(
        self,
        by_code: dict[str, list[tuple[int, datetime]]],
        *,
        order: Callable[[tuple[int, datetime]], Any] = lambda one: one[0],
        ends_included: bool = True,
        filters: bool = True,
    ) -> None:
        super().__init__(self._list)
        self.by_code, self.order, self.ends_included, self.filters = by_code, order, ends_included, filters

    def _list(self, request: httpx.Request) -> httpx.Response:
        asked = dict(request.url.params)
        if asked.get("status") == "removed":
            return as_json({"comments": []})
        found = sorted(self.by_code.get(asked["odsCode"], []), key=self.order)
        found = [one for one in found if not self.filters or self._inside(one[1], asked)]
        start = int(asked["offset"])
        return as_json({"comments": [review(*one) for one in found[start : start + int(asked["limit"])]]})

    def _inside(self, at: datetime, asked: dict[str, str]) -> bool:
        day, start, end = at.date().isoformat(), asked.get("fromDate", ""), asked.get("toDate", "9999")
        return start <= day <= end if self.ends_included else start < day < end


def walk(provider: Provider, channel: Access = ONE) -> list[list[InboundItem]]:
    connector, pages, cursor = connectors(provider).get("nhsuk"), [], None
    for _ in range(500):
        page = connector.backfill(channel, SINCE, cursor)
        pages.append(list(page.items))
        cursor = page.cursor
        if not page.more:
            return pages
    raise AssertionError("the walk does not end")


def spread(count: int, days: int, first: int = 0) -> list[tuple[int, datetime]]:
    now = datetime.now(UTC)
    return [(first + number, now - timedelta(days=days * number / count)) for number in range(count)]


@pytest.mark.parametrize("ends_included", [True, False])
@pytest.mark.parametrize(
    "order", [lambda one: one[1], lambda one: -one[0], lambda one: one[0] * 7919 % 1009], ids=["old", "new", "mixed"]
)
def test_no_order_of_the_list_and_no_reading_of_its_dates_loses_a_review(
    order: Callable[[tuple[int, datetime]], Any], ends_included: bool
) -> None:
    served = spread(950, 700)
    pages = walk(Reviews({"RXX01": served}, order=order, ends_included=ends_included))
    assert {item.remote_id for page in pages for item in page} == {f"id-{number}" for number, _ in served}


def test_the_newest_window_comes_first_even_if_the_list_begins_with_the_oldest() -> None:
    pages = walk(Reviews({"RXX01": spread(950, 700)}, order=lambda one: one[1]))
    # The first look at the list cannot know its order; the second one asks for the newest days.
    assert max(item.posted_at for item in pages[1]) > datetime.now(UTC) - timedelta(days=2)


def test_a_provider_that_ignores_dates_is_still_read_whole() -> None:
    served = spread(350, 700)
    provider = Reviews({"RXX01": served}, filters=False)
    pages = walk(provider)
    assert len(provider.asked) < 10
    assert {item.remote_id for page in pages for item in page} == {f"id-{number}" for number, _ in served}


def test_many_reviews_of_one_day_are_read_whole() -> None:
    now = datetime.now(UTC)
    served = [(number, now - timedelta(days=5, seconds=number)) for number in range(430)]
    pages = walk(Reviews({"RXX01": served}))
    assert {item.remote_id for page in pages for item in page} == {f"id-{number}" for number, _ in served}


def test_every_code_is_walked_and_a_small_one_takes_one_request() -> None:
    provider = Reviews({"RXX01": spread(3, 700), "RXX02": spread(2, 700, first=10), "RXX03": []})
    pages = walk(provider, access(ods_codes=["RXX01", "RXX02", "RXX03"]))
    assert len(provider.asked) == 3
    assert {item.remote_id for page in pages for item in page} == {"id-0", "id-1", "id-2", "id-10", "id-11"}


def test_a_list_that_is_not_there_is_empty() -> None:
    assert walk(answering(httpx.Response(404))) == [[]]


def test_a_page_for_people_with_status_200_is_tried_again_later() -> None:
    provider = answering(httpx.Response(200, html="<html>Down for maintenance</html>"))
    with pytest.raises(Unavailable):
        connectors(provider).get("nhsuk").backfill(ONE, SINCE, None)


def test_a_poll_asks_for_published_and_removed_of_every_code_since_two_days_before() -> None:
    provider = Reviews({})
    connector, cursor = connectors(provider).get("nhsuk"), None
    more = True
    while more:
        page = connector.poll(access(ods_codes=["RXX01", "RXX02"]), cursor)
        cursor, more = page.cursor, page.more
    asked = [(one.url.params["odsCode"], one.url.params.get("status", "published")) for one in provider.asked]
    assert asked == [("RXX01", "published"), ("RXX01", "removed"), ("RXX02", "published"), ("RXX02", "removed")]
    two_days_ago = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
    assert {one.url.params["fromDate"] for one in provider.asked} == {two_days_ago}
    # The first poll of a day looks further back, as moderation may take weeks; the others do not.
    state = json.loads(str(cursor)) | {"deep": "2020-01-01"}
    connector.poll(access(ods_codes=["RXX01"]), json.dumps(state))
    month_ago = (datetime.now(UTC) - timedelta(days=30)).date().isoformat()
    assert provider.asked[-1].url.params["fromDate"] == month_ago
    connector.poll(access(ods_codes=["RXX01"]), cursor)
    assert provider.asked[-1].url.params["fromDate"] == two_days_ago


def test_the_checkpoint_moves_only_when_the_catch_up_is_through() -> None:
    connector = connectors(Reviews({})).get("nhsuk")
    page = connector.poll(ONE, None)
    assert page.more
    assert json.loads(str(page.cursor))["since"] == ""
    page = connector.poll(ONE, page.cursor)
    assert not page.more
    assert json.loads(str(page.cursor))["since"] > "2026"


def test_removed_reviews_are_withdrawn_without_their_words() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        removed = request.url.params.get("status") == "removed"
        return as_json({"comments": [REVIEW] if removed else []})

    connector = connectors(Provider(answer)).get("nhsuk")
    first = connector.poll(ONE, None)
    (item,) = connector.poll(ONE, first.cursor).items
    assert (item.remote_id, item.change, item.text) == (REVIEW_ID, "withdrawn", "")


def test_without_a_key_there_is_a_listing_that_says_what_is_missing() -> None:
    facts = ProviderFacts("RXX", "Example Trust", "trust", None, "England", ("RXX01",))
    connector = connectors(answering({}), PUBLISHER.__class__()).get("nhsuk")
    (listing,) = connector.discover(facts).listings
    assert "NHSUK_SUBSCRIPTION_KEY" in listing.needs
    assert listing.config["ods_codes"] == ["RXX", "RXX01"]
    with pytest.raises(NotAuthorised):
        connector.poll(Access(listing.config), None)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_said_at_discovery(status: int) -> None:
    facts = ProviderFacts("RXX", "Example Trust", "trust", None, "England")
    found = connectors(answering(httpx.Response(status))).get("nhsuk").discover(facts)
    assert found.listings[0].needs == found.problems[0]


def test_sites_are_looked_at_until_something_answers() -> None:
    facts = ProviderFacts("RXX", "Example Trust", "trust", None, "England", ("RXX01", "RXX02"))
    provider = Reviews({"RXX01": spread(2, 9), "RXX02": spread(1, 9, first=5)})
    (listing,) = connectors(provider).get("nhsuk").discover(facts).listings
    assert listing.amount == "3 reviews"


def publishing(provider: Provider) -> Connector:
    return connectors(provider, PUBLISHER).get("nhsuk")


def served(element: Any, *written: httpx.Response) -> Provider:
    waiting = list(written)

    def answer(request: httpx.Request) -> httpx.Response:
        return waiting.pop(0) if request.method == "POST" else as_json({"comments": [element]})

    return Provider(answer)


def test_a_response_is_sent_as_the_moderation_api_wants_it() -> None:
    provider = served(UNANSWERED, as_json({"CommentID": "new-1", "Status": "Submitted"}, 201))
    reply = reply_to(REVIEW_ID, comment_ref="345678", publisher_id="nhsuk")
    sent = publishing(provider).reply(ONE, reply)
    assert (sent.remote_id, sent.state) == ("new-1", "pending")
    request = provider.asked[-1]
    assert request.headers["subscription-key"] == "publisher-key"
    body = json.loads(request.content)
    assert body["RespondingTo"] == {"PublisherID": "nhsuk", "PublishersCommentRef": "345678"}
    assert body["PublishersCommentRef"] == reply.key
    assert (body["PublisherID"], body["ScreenName"]) == ("EXAMPLEPUB", "Example Trust")
    assert all(isinstance(value, str) for name, value in body.items() if name != "RespondingTo")


def test_a_review_that_somebody_answered_is_left_alone() -> None:
    provider = served(REVIEW)
    with pytest.raises(Rejected, match="answered this review already"):
        publishing(provider).reply(ONE, reply_to(REVIEW_ID, "Something quite different from what is there."))
    assert [one.method for one in provider.asked] == ["GET"]


def test_our_own_response_is_found_by_its_reference_however_it_was_edited() -> None:
    element = copy.deepcopy(REVIEW)
    element["response"] |= {"publishersCommentRef": "reply-key-1", "commentText": "Edited beyond recognition."}
    sent = publishing(served(element)).find_reply(ONE, reply_to(REVIEW_ID))
    assert sent is not None
    assert sent.remote_id == element["response"]["commentId"]


@pytest.mark.parametrize("status", [400, 403, 409, 422])
def test_a_refused_repetition_is_success_when_the_response_is_there(status: int) -> None:
    answered = copy.deepcopy(REVIEW)
    answered["response"]["publishersCommentRef"] = "reply-key-1"
    elements = [UNANSWERED, answered]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return as_json({"ErrorText": "duplicate"}, status)
        return as_json({"comments": [elements.pop(0)]})

    assert publishing(Provider(answer)).reply(ONE, reply_to(REVIEW_ID)).remote_id == answered["response"]["commentId"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (as_json({"ErrorText": "It names a person."}, 400), Rejected),
        (as_json({}, 403), NotAuthorised),
        (as_json({}, 401), NotAuthorised),
        (as_json({}, 500), Unavailable),
        (as_json({"CommentID": "x", "Status": "Rejected", "ErrorText": "It names a person."}, 200), Rejected),
        (httpx.Response(200, content=b'{"CommentID": "cut o'), Unavailable),
        (as_json({}, 201), Unavailable),
    ],
)
def test_refusals_are_told_apart(answer: httpx.Response, expected: type[Exception]) -> None:
    with pytest.raises(expected) as raised:
        publishing(served(UNANSWERED, answer)).reply(ONE, reply_to(REVIEW_ID))
    if expected is Rejected:
        assert "It names a person." in str(raised.value)


def test_a_removed_review_cannot_be_answered() -> None:
    removed = copy.deepcopy(UNANSWERED)
    removed["comment"]["status"] = "Removed"
    with pytest.raises(Gone):
        publishing(served(removed)).reply(ONE, reply_to(REVIEW_ID))


def test_how_a_review_can_be_answered_depends_on_key_response_and_origin() -> None:
    with_key, without = publishing(answering({})), connectors(answering({})).get("nhsuk")
    assert with_key.capabilities.reply == "api"
    assert without.capabilities.reply == "assisted"
    target = reply_to(REVIEW_ID).target
    assert with_key.may_reply(ONE, target).mode == "api"
    assert without.may_reply(ONE, target).mode == "assisted"
    assert with_key.may_reply(ONE, reply_to(REVIEW_ID, response_id="x").target).mode == "none"
    elsewhere = with_key.may_reply(ONE, reply_to(REVIEW_ID, origin="careopinion").target)
    assert (elsewhere.mode, elsewhere.url) == ("none", "https://example.org/it")


@pytest.mark.parametrize("publisher", ["careopinion", "Care Opinion", "PATIENT OPINION", "po"])
def test_a_story_of_care_opinion_carries_the_key_of_its_original(publisher: str) -> None:
    element = copy.deepcopy(UNANSWERED)
    element["comment"] |= {"publisherID": publisher, "publishersCommentRef": "1234567"}
    connector = connectors(answering({"comments": [element]})).get("nhsuk")
    (item,) = connector.backfill(ONE, SINCE, None).items
    assert item.syndication_key == "careopinion:1234567"


def test_secrets_are_not_printed() -> None:
    assert "key-for-tests" not in repr(CREDENTIALS) + repr(Access({}, {"subscription_key": "key-for-tests"}))
