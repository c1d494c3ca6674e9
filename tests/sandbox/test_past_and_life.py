"""The invented past, and the life that goes on."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from healthberry.sandbox import life
from tests.sandbox.conftest import Box

PAST = {"SANDBOX_SEED_ITEMS": "60", "SANDBOX_RATE_LIMITS": "off"}


@pytest.fixture
def lived(make_box: Callable[..., Box]) -> Box:
    return make_box(PAST)


def _handle(box: Box) -> str:
    box.client.get("/websites/www.example.nhs.uk/")
    return box.user_id("exampleNHS")


def test_an_organisation_gets_its_past_when_it_is_first_asked_for_and_only_once(lived: Box) -> None:
    user_id = _handle(lived)
    first = lived.x(f"users/{user_id}/mentions", max_results="100").json["data"]
    assert 60 <= len(first) <= 100
    assert lived.x(f"users/{user_id}/mentions", max_results="100").json["data"] == first
    assert len(lived.stories(nacs="RXX", take=100).json) == 60
    assert len(lived.reviews(odsCode="RXX", limit=200).json["comments"]) == 60


def test_the_past_lies_within_two_years_and_before_now(lived: Box) -> None:
    for story in lived.stories(nacs="RXX", take=100).json:
        moment = story["dateOfPublication"] or story["dateOfSubmission"]
        age = datetime.now(UTC) - datetime.fromisoformat(moment)
        assert 0 < age.days < 735


def test_some_of_the_past_was_answered_and_on_x_went_on(lived: Box) -> None:
    lived.stories(nacs="RXX")
    assert 10 < len(lived.stories("responses", take=100).json) < 60
    answered = [
        story for story in lived.stories(nacs="RXX", take=100).json if story["progress"] == "has had a response"
    ]
    assert answered
    reviews = lived.reviews(odsCode="RXX", limit=200).json["comments"]
    assert 10 < sum(item["response"] is not None for item in reviews) < 60
    user_id = _handle(lived)
    own = lived.x(f"users/{user_id}/tweets", max_results="100", **{"tweet.fields": "referenced_tweets"}).json["data"]
    assert any("referenced_tweets" in post for post in own)
    assert any("referenced_tweets" not in post for post in own)
    mentions = lived.x(f"users/{user_id}/mentions", max_results="100", **{"tweet.fields": "referenced_tweets"}).json
    assert any("referenced_tweets" in post for post in mentions["data"])


def test_some_stories_of_care_opinion_are_at_nhs_uk_too(lived: Box) -> None:
    reviews = lived.reviews(odsCode="RXX", limit=200).json["comments"]
    copies = [item["comment"] for item in reviews if item["comment"]["publisherID"] == "careopinion"]
    assert copies
    for copy in copies:
        story = lived.stories(f"opinions/{copy['publishersCommentRef']}").json
        assert story["body"] == copy["commentText"]


def test_a_site_of_a_trust_gets_few(lived: Box) -> None:
    assert 1 <= len(lived.reviews(odsCode="RYY77").json["comments"]) <= 3


def test_the_same_seed_gives_the_same_texts_and_another_one_others(make_box: Callable[..., Box]) -> None:
    def texts(seed: str) -> list[str]:
        box = make_box({**PAST, "SANDBOX_SEED": seed})
        return [story["body"] for story in box.stories(nacs="A12345", take=100).json]

    assert texts("7") == texts("7")
    assert texts("7") != texts("8")


def test_no_two_past_items_of_a_practice_say_the_same(lived: Box) -> None:
    stories = [story["body"] for story in lived.stories(nacs="A12345", take=100).json]
    reviews = [item["comment"]["commentText"] for item in lived.reviews(odsCode="A12345", limit=200).json["comments"]]
    assert len(set(stories)) == len(stories)
    # One-word reviews do repeat, as they do outside.
    assert Counter(reviews).most_common(1)[0][1] <= 2


def test_nonsense_asked_for_gets_no_past(lived: Box) -> None:
    assert lived.stories(nacs="<script>").json == []
    assert lived.reviews(odsCode="'; DROP").json == {"comments": []}


def test_a_loaded_corpus_is_the_whole_past(lived: Box) -> None:
    lived.client.post("/control/corpus", json={"channel": "nhsuk", "ods_code": "RXX", "csv": "text\nonly this\n"})
    assert [item["comment"]["commentText"] for item in lived.reviews(odsCode="RXX").json["comments"]] == ["only this"]


def test_life_brings_about_one_item_for_each_interval(make_box: Callable[..., Box]) -> None:
    box = make_box({"SANDBOX_LIFE_SECONDS": "60", "SANDBOX_RATE_LIMITS": "off"})
    user_id = _handle(box)
    box.reviews(odsCode="RXX")
    box.stories(nacs="RXX")
    made = []
    for second in range(10, 3610, 10):
        box.set(clock_offset_seconds=second)
        made += life.tick(box.parts)
    assert 40 <= len(made) <= 85
    assert {channel for channel, _ in made} == {"x", "careopinion", "nhsuk"}
    served = [post["id"] for post in box.x(f"users/{user_id}/mentions", max_results="100").json["data"]]
    served += [str(story["id"]) for story in box.stories(nacs="RXX", take=100).json]
    reviews = [item["comment"] for item in box.reviews(odsCode="RXX", limit=200).json["comments"]]
    served += [review["commentId"] for review in reviews if review["publisherID"] == "nhsuk"]
    assert sorted(served) == sorted(remote_id for _, remote_id in made)


def test_life_repeats_no_text_before_all_were_used(make_box: Callable[..., Box]) -> None:
    box = make_box({"SANDBOX_LIFE_SECONDS": "60"})
    box.reviews(odsCode="V12345")
    box.set(clock_offset_seconds=0)
    for minute in range(12):
        box.set(clock_offset_seconds=(minute + 1) * 200)
        life.tick(box.parts)
    used = box.parts.store.rows("SELECT times FROM used_texts WHERE root = 'ods:V12345'")
    assert len(used) >= 10
    assert {row["times"] for row in used} == {1}


def test_life_is_off_until_it_is_switched_on(box: Box) -> None:
    box.reviews(odsCode="RXX")
    box.set(clock_offset_seconds=100_000)
    assert life.tick(box.parts) == []
    box.set(life_seconds=1)
    box.set(clock_offset_seconds=100_100)
    assert len(life.tick(box.parts)) == 1


def test_a_patient_may_answer_back_to_a_reply(make_box: Callable[..., Box]) -> None:
    box = make_box({"SANDBOX_LIFE_SECONDS": "1"})
    token = box.sign_in("exampleNHS")["access_token"]
    question = box.told("x", "hello?", handle="exampleNHS", author="asker")
    box.user_id("exampleNHS")
    reply = box.tweet(token, "hello!", question).json["data"]["id"]
    for second in range(10, 400, 10):
        box.set(clock_offset_seconds=second)
        life.tick(box.parts)
    assert [answer["username"] for answer in box.seen("x", reply)["replies"]] == ["asker"]
