import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from healthberry.connectors.base import BadItem, InboundItem, ProviderFacts
from healthberry.connectors.endpoints import Credentials
from healthberry.connectors.errors import NotAuthorised, Rejected, Unavailable
from tests.connectors.fakes import Provider, access, answering, as_json, connectors, reply_to
from tests.connectors.samples import RESPONSE, STORY

SINCE = datetime(2024, 1, 1, tzinfo=UTC)
ONE = access(nacs=["RXX", "RXX01"])
LOGIN = httpx.Response(302, headers={"location": "https://www.careopinion.org.uk/login?returnUrl=x"})


def story(number: int, at: datetime) -> dict[str, Any]:
    return copy.deepcopy(STORY) | {"id": number, "dateOfPublication": at.isoformat()}


def response(number: int, at: datetime, about: int = 1234567) -> dict[str, Any]:
    links = [{"rel": "opinion", "id": str(about), "href": f"https://h/api/v2/opinions/{about}"}]
    return copy.deepcopy(RESPONSE) | {"id": number, "dateOfPublication": at.isoformat(), "links": links}


class Site(Provider):
    """Care Opinion with stories and responses; both lists ignore or obey `publishedafter` as told."""

    def __init__(self, stories: list[Any], responses: list[Any], *, dates_obeyed: bool = True) -> None:
        super().__init__(self._list)
        self.stories, self.responses, self.dates_obeyed = stories, responses, dates_obeyed

    def _list(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        if request.url.path.endswith("/tags"):
            return as_json([])
        found = self.responses if request.url.path.endswith("/responses") else self.stories
        if "dateofpublicationorder" in asked:
            found = found[::-1]
        if self.dates_obeyed:
            found = [
                one for one in found if not isinstance(one, dict) or one["dateOfPublication"] >= asked["publishedafter"]
            ]
        skip = int(asked["skip"])
        return as_json(found[skip : skip + min(int(asked["take"]), 100)])


def catch_up(provider: Provider, cursor: str | None) -> tuple[list[InboundItem], str | None]:
    connector = connectors(provider).get("careopinion")
    items: list[InboundItem] = []
    for _ in range(100):
        page = connector.poll(ONE, cursor)
        items += page.items
        cursor = page.cursor
        if not page.more:
            return items, cursor
    raise AssertionError("the catch-up does not end")


@pytest.mark.parametrize(
    "answer",
    [LOGIN, httpx.Response(301), httpx.Response(200, html="<html>Log in</html>"), httpx.Response(401)],
    ids=["redirect", "moved", "page", "401"],
)
def test_a_rejected_key_is_said_and_never_read_as_no_stories(answer: httpx.Response) -> None:
    connector = connectors(answering(answer)).get("careopinion")
    calls = (
        lambda: connector.poll(ONE, None),
        lambda: connector.backfill(ONE, SINCE, None),
        lambda: connector.recheck(ONE, ["1"]),
        lambda: connector.find_reply(ONE, reply_to("1")),
    )
    for call in calls:
        with pytest.raises(NotAuthorised, match="rejected our key"):
            call()


def test_the_key_goes_in_the_header_and_nowhere_else() -> None:
    provider = answering([])
    connectors(provider).get("careopinion").backfill(ONE, SINCE, None)
    (request,) = provider.asked
    assert request.headers["authorization"] == "SUBSCRIPTION_KEY careopinion-key-for-tests"
    assert "careopinion-key" not in str(request.url)
    assert request.url.params.get_list("nacs") == ["RXX", "RXX01"]
    assert request.url.params["take"] == "100"


def test_a_sentence_in_place_of_the_list_is_tried_again() -> None:
    with pytest.raises(Unavailable):
        connectors(answering("Sorry! Something went wrong.")).get("careopinion").poll(ONE, None)


def test_a_sentence_among_stories_is_kept_aside_after_a_second_look() -> None:
    now = datetime.now(UTC)
    provider = Site([story(1, now), "Sorry! Something went wrong.", story(2, now)], [])
    connector, cursor = connectors(provider).get("careopinion"), None
    bad: list[BadItem] = []
    found: set[str] = set()
    for _ in range(10):
        page = connector.backfill(ONE, SINCE, cursor)
        bad += page.bad
        found |= {item.remote_id for item in page.items}
        cursor = page.cursor
        if not page.more:
            break
    assert found == {"1", "2"}
    assert len(bad) == 1
    assert "bare sentence" in bad[0].reason
    assert "Something went wrong" in bad[0].raw


def test_a_story_that_could_not_be_read_the_first_time_is_found_the_second() -> None:
    now, looks = datetime.now(UTC), []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/responses"):
            return as_json([])
        looks.append(1)
        return as_json(["Sorry! Something went wrong." if len(looks) == 1 else story(1, now), story(2, now)])

    items, _ = catch_up(Provider(answer), None)
    assert {item.remote_id for item in items} == {"1", "2"}


def test_polls_overlap_by_a_day_and_take_responses_along() -> None:
    now = datetime.now(UTC)
    provider = Site([story(1, now)], [response(5, now, about=1)])
    items, cursor = catch_up(provider, None)
    assert [(item.remote_id, item.direction, item.thread_id) for item in items] == [
        ("1", "inbound", "1"),
        ("response:5", "outbound", "1"),
    ]
    catch_up(provider, cursor)
    yesterday = (now - timedelta(days=1)).date().isoformat()
    assert provider.asked[-1].url.params["publishedafter"] == yesterday


def test_responses_that_ignore_dates_are_entered_near_their_end_the_next_time() -> None:
    now = datetime.now(UTC)
    old = [response(number, now - timedelta(days=400)) for number in range(750)]
    provider = Site([], old, dates_obeyed=False)
    items, cursor = catch_up(provider, None)
    assert items == []
    first_time = len(provider.asked)
    provider.responses = [*old, response(9999, now)]
    items, _ = catch_up(provider, cursor)
    assert [item.remote_id for item in items] == ["response:9999"]
    assert len(provider.asked) - first_time < first_time / 2


def test_the_checkpoint_moves_only_when_the_catch_up_is_through() -> None:
    connector = connectors(Site([], [])).get("careopinion")
    page = connector.poll(ONE, None)
    assert page.more
    assert json.loads(str(page.cursor))["since"] == ""
    page = connector.poll(ONE, page.cursor)
    assert not page.more
    assert json.loads(str(page.cursor))["since"] > "2026"


def test_the_answer_closest_to_ours_is_found_among_several() -> None:
    ours = "Thank you for telling us about the lift. It was repaired on Tuesday and is checked every week now."
    now = datetime.now(UTC)
    answers = [
        response(1, now) | {"body": "We are sorry to hear this. Please call PALS about your appointment."},
        response(2, now) | {"body": "Thank you for telling us about the lift. It was mended on Tuesday."},
        response(3, now)
        | {"body": "Thank you for telling us about the lift. It was repaired on Tuesday, and checked weekly."},
    ]
    sent = connectors(answering(answers)).get("careopinion").find_reply(ONE, reply_to("1234567", ours))
    assert sent is not None
    assert sent.remote_id == "response:3"


def test_single_failures_are_left_for_the_next_recheck_but_not_all_of_them() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/tags"):
            return as_json([])
        number = request.url.path.rpartition("/")[2]
        if number == "2":
            return httpx.Response(503)
        return httpx.Response(404) if number == "3" else as_json(story(int(number), datetime.now(UTC)))

    connector = connectors(Provider(answer)).get("careopinion")
    changes = {item.remote_id: item.change for item in connector.recheck(ONE, ["1", "2", "3"])}
    assert changes == {"1": "edited", "3": "withdrawn"}
    with pytest.raises(Unavailable):
        connector.recheck(ONE, ["2"])


def test_answers_are_always_given_on_the_site() -> None:
    connector = connectors(answering([])).get("careopinion")
    assert connector.capabilities.reply == "assisted"
    permission = connector.may_reply(ONE, reply_to("1234567").target)
    assert (permission.mode, permission.url) == ("assisted", "https://example.org/it")
    with pytest.raises(Rejected):
        connector.reply(ONE, reply_to("1234567"))


def test_without_a_key_there_is_a_listing_that_says_what_is_missing() -> None:
    facts = ProviderFacts("RXX", "Example Trust", "trust", None, "England", ("RXX01",))
    (listing,) = connectors(answering([]), Credentials()).get("careopinion").discover(facts).listings
    assert "CAREOPINION_SUBSCRIPTION_KEY" in listing.needs
    assert listing.config == {"nacs": ["RXX", "RXX01"], "name": "Example Trust"}


def test_a_key_rejected_at_discovery_is_said() -> None:
    facts = ProviderFacts("RXX", "Example Trust", "trust", None, "England")
    found = connectors(answering(LOGIN)).get("careopinion").discover(facts)
    assert found.listings[0].needs == found.problems[0] == "Care Opinion rejected our key."
