"""What stands beside a story, and who answered it, from whatever Care Opinion sends."""

import copy
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from healthberry.connectors import careopinion_items as items
from healthberry.connectors.careopinion_details import of_change, of_ratings, of_tags
from tests.connectors.fakes import Provider, access, as_json, connectors
from tests.connectors.samples import RESPONSE, STORY

CONFIG = {"nacs": ["RYJ"], "name": "Imperial College Healthcare NHS Trust"}
RATINGS = "https://www.careopinion.org.uk/api/v2/opinions/1/healthservices/RYJ01%20outpatients/ratings"


def direction(link_id: str | None = None, **fields: Any) -> str:
    answer = copy.deepcopy(RESPONSE) | fields
    if link_id:
        answer["links"].append({"relation": "healthservice", "id": link_id, "link": ""})
    return items.response(answer, "https://h", CONFIG).direction


def test_a_response_is_anothers_by_its_code_else_by_a_name_of_quite_other_words_and_in_doubt_ours() -> None:
    assert direction() == "outbound"
    assert direction("RYJ01 outpatients") == "outbound"
    assert direction("RX6") == "other"
    assert direction("RYJ", authorOrganisation="North East Ambulance Service") == "outbound"
    assert direction(authorOrganisation="North East Ambulance Service NHS Foundation Trust") == "other"
    assert direction(organisation={"name": "imperial college healthcare"}) == "outbound"
    assert direction(authorOrganisation="NHS Trust") == "outbound"


def test_another_organisations_response_says_where_it_is_from_and_what_it_changes() -> None:
    answer = copy.deepcopy(RESPONSE) | {"authorOrganisation": "North East Ambulance Service"}
    assert items.response(answer, "https://h", CONFIG).details == (
        ("From", "North East Ambulance Service"),
        ("Change", "change planned"),
    )


@pytest.mark.parametrize(
    ("score", "number", "said"),
    [("change made", 2, "change made"), (2, None, "change made"), (None, 1, "change planned"), ("no change", 0, "")],
)
def test_a_change_is_said_in_words_in_either_spelling(score: Any, number: Any, said: str) -> None:
    assert dict(of_change({"changeScore": score, "changeInt": number})).get("Change", "") == said


def test_tags_stand_under_their_headings_and_what_is_gone_is_taken_back() -> None:
    tags = [{"name": "kind", "polarity": 1}, {"name": "sad", "group": "Emotion", "polarity": -1}, {"name": "knee"}]
    assert of_tags([*tags, "Sorry!", {"name": None}, {"polarity": "x", "name": "knee"}]) == (
        ("What was good", "kind"),
        ("What could be improved", ""),
        ("Feelings", "sad"),
        ("Tags", "knee"),
    )


def test_ratings_are_read_one_by_one() -> None:
    rated = {"ratings": [{"questionText": "Friends?", "score": 1, "scoreText": "Very good"}, {"score": 3}, None, "x"]}
    assert of_ratings(rated) == of_ratings([rated]) == (("Friends?", "Very good (1)"),)
    assert of_ratings("Sorry!") == ()


def _site(refused: str) -> Provider:
    story = copy.deepcopy(STORY) | {"id": 1, "dateOfPublication": datetime.now(UTC).isoformat()}
    story["links"] = [*story["links"], {"rel": "ratings", "id": None, "href": RATINGS}]

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if refused and path.endswith(refused):
            return httpx.Response(302, headers={"location": "/login"})
        if path.endswith("/tags"):
            return as_json([{"name": "kind", "polarity": 1}])
        if path.endswith("/ratings"):
            return as_json({"ratings": [{"questionText": "Friends?", "score": 1, "scoreText": "Very good"}]})
        return as_json(story if path.endswith("/1") else [] if path.endswith("/responses") else [story])

    return Provider(answer)


def test_a_new_story_brings_its_tags_and_ratings_with_the_poll_and_with_each_later_look() -> None:
    provider = _site("")
    connector = connectors(provider).get("careopinion")
    (polled,) = connector.poll(access(**CONFIG), None).items
    (looked,) = connector.recheck(access(**CONFIG), ["1"])
    for item in (polled, looked):
        assert dict(item.details)["What was good"] == "kind"
        assert dict(item.details)["Friends?"] == "Very good (1)"
    assert any("RYJ01%20outpatients/ratings" in str(one.url) for one in provider.asked)


@pytest.mark.parametrize("refused", ["/tags", "/ratings"])
def test_a_key_that_may_not_read_tags_or_ratings_still_reads_stories(refused: str) -> None:
    connector = connectors(_site(refused)).get("careopinion")
    (polled,) = connector.poll(access(**CONFIG), None).items
    assert polled.remote_id == "1"
    assert dict(polled.details)["Progress there"] == "has had a response"
