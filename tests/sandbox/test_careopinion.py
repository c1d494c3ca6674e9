"""The Care Opinion imitation."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.conftest import Box


def _ids(box: Box, **query: Any) -> list[str]:
    return [str(story["id"]) for story in box.stories(**query).json]


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "SUBSCRIPTION_KEY wrong"}, {"Authorization": "Bearer stories"}]
)
def test_a_bad_key_is_sent_to_the_login_page_and_never_told_so(box: Box, headers: dict[str, str]) -> None:
    answer = box.client.get("/careopinion/api/v2/opinions?nacs=RXX", headers=headers)
    assert answer.status_code == 302
    login = box.client.get(answer.headers["Location"])
    assert (login.status_code, login.mimetype) == (200, "text/html")


def test_a_query_key_works_for_a_day(box: Box) -> None:
    key = box.client.post("/control/careopinion-keys").json["key"]
    path = f"/careopinion/api/v2/opinions?nacs=RXX&key={key}"
    assert box.client.get(path).status_code == 200
    box.set(clock_offset_seconds=86_401)
    assert box.client.get(path).status_code == 302


def test_stories_come_oldest_first_and_the_other_way_round_when_asked(box: Box) -> None:
    told = [box.told("careopinion", text, posted_at=f"2026-01-0{day}T10:00:00Z") for day, text in enumerate("abc", 1)]
    assert _ids(box, nacs="RXX") == told
    assert _ids(box, nacs="RXX", dateofpublicationorder="descending") == told[::-1]


def test_a_page_holds_at_most_a_hundred_and_an_empty_one_ends_the_list(box: Box) -> None:
    rows = "text\n" + "\n".join(f"number {number}" for number in range(130))
    loaded = box.client.post("/control/corpus", json={"channel": "careopinion", "ods_code": "RXX", "csv": rows}).json
    first, second = _ids(box, nacs="RXX", take=200), _ids(box, nacs="RXX", take=100, skip=100)
    assert first + second == loaded["remote_ids"]
    assert (len(first), box.stories(nacs="RXX", take=100, skip=130).json) == (100, [])


def test_a_trust_covers_its_sites_and_services_and_codes_can_be_repeated(box: Box) -> None:
    trust = box.told("careopinion", "a")
    site = box.told("careopinion", "b", ods_code="RXX01")
    service = box.told("careopinion", "c", ods_code="RXX01 outpatients")
    other = box.told("careopinion", "d", ods_code="A12345")
    assert _ids(box, nacs="rxx") == [trust, site, service]
    assert _ids(box, nacs="RXX01") == [site, service]
    assert _ids(box, nacs="RXX01 outpatients") == [service]
    assert _ids(box, nacs=["RXX", "RXX01", "A12345"]) == [trust, site, service, other]


def test_dates_bound_the_list_by_publication_or_submission(box: Box) -> None:
    early = box.told("careopinion", "a", posted_at="2026-02-01T10:00:00Z")
    slow = box.told("careopinion", "b", posted_at="2026-02-02T10:00:00Z", hidden_seconds=3 * 86_400)
    assert _ids(box, nacs="RXX", publishedafter="2026-02-01") == [early, slow]
    assert _ids(box, nacs="RXX", publishedafter="2026-02-03") == [slow]
    assert _ids(box, nacs="RXX", submittedonafter="2026-02-03") == []
    assert _ids(box, nacs="RXX", submittedonafter="02/02/2026") == [slow]


def test_a_withdrawn_story_leaves_no_trace(box: Box) -> None:
    gone = box.told("careopinion", "a")
    box.client.delete(f"/control/posts/careopinion/{gone}")
    assert _ids(box, nacs="RXX") == []
    assert box.stories(f"opinions/{gone}").status_code == 404
    assert box.client.get(f"/careopinion/{gone}").status_code == 404
    assert box.seen("careopinion", gone)["state"] == "withdrawn"


def test_a_response_appears_after_the_moderators_delay_with_its_change(box: Box) -> None:
    box.set(careopinion_delay_seconds=20, moderator_edits="always")
    number = box.told("careopinion", "a")
    form = {"text": "Hi, thank you!", "author": "Matron", "change": "1"}
    assert box.client.post(f"/careopinion/{number}/responses", data=form).status_code == 303
    assert box.stories(f"opinions/{number}/responses").json == []
    assert box.seen("careopinion", number)["replies"][0]["state"] == "awaiting publication"
    assert "waiting for the moderator" in box.client.get(f"/careopinion/{number}").text
    box.set(clock_offset_seconds=21)
    response = box.stories(f"opinions/{number}/responses").json[0]
    assert (response["changeScore"], response["changeInt"]) == ("change planned", 1)
    assert response["body"] == "Dear author, thank you."
    reply = box.seen("careopinion", number)["replies"][0]
    assert (reply["typed_text"], reply["state"]) == ("Hi, thank you!", "published")
    assert box.stories(f"opinions/{number}").json["progress"] == "has had a response"
    assert [row["id"] for row in box.stories("responses").json] == [response["id"]]


def test_the_moderator_can_be_told_to_leave_texts_alone(box: Box) -> None:
    box.set(moderator_edits="never")
    number = box.told("careopinion", "a")
    box.client.post(f"/careopinion/{number}/responses", data={"text": "Hi! Can't"})
    assert box.stories(f"opinions/{number}/responses").json[0]["body"] == "Hi! Can't"


def test_links_come_in_both_spellings_and_lead_somewhere(box: Box) -> None:
    numbers = [box.told("careopinion", text) for text in "ab"]
    words = set()
    for number in numbers:
        for link in box.stories(f"opinions/{number}").json["links"]:
            words |= {"rel", "relation"} & set(link)
            path = link["href"].split("/api/v2/", 1)[1]
            box.parts.limits.clear()
            assert box.stories(path).status_code == 200
    assert words == {"rel", "relation"}


def test_services_are_found_by_code_even_with_a_space_in_it(box: Box) -> None:
    box.client.post("/control/organisations", json={"ods_code": "RXX", "name": "Example NHS Trust"})
    box.told("careopinion", "a", ods_code="RXX01 outpatients")
    service = box.stories("healthservices/RXX01%20outpatients").json
    assert (service["type"], service["siteNacs"], service["organisation"]) == ("service", "RXX01", "Example NHS Trust")
    assert box.stories("healthservices/A12345").json["type"] == "general practice"
    assert box.stories("healthservices/%3Cscript%3E").status_code == 404
    assert [row["nacs"] for row in box.stories("healthservices", name="EXAMPLE").json] == ["RXX"]


def test_an_organisation_can_be_unknown_there(box: Box) -> None:
    box.told("careopinion", "a")
    box.client.post("/control/organisations", json={"ods_code": "RXX", "careopinion": False})
    assert box.stories(nacs="RXX").json == []
    assert box.stories("healthservices/RXX").status_code == 404


def test_the_sixth_request_in_a_second_is_refused(box: Box) -> None:
    answers = [box.stories(nacs="RXX") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[-1].headers["Retry-After"] == "1"
    box.set(rate_limits=False)
    assert box.stories(nacs="RXX").status_code == 200


def test_now_and_then_a_list_holds_a_stray_string_and_loses_nothing(make_box: Callable[..., Box]) -> None:
    box = make_box({"SANDBOX_STRAY_EVERY": "2"})
    told = [int(box.told("careopinion", text)) for text in "abc"]
    pages = [box.stories(nacs="RXX").json for _ in range(2)]
    assert [sum(isinstance(item, str) for item in page) for page in pages] == [0, 1]
    assert [item["id"] for item in pages[1] if isinstance(item, dict)] == told
