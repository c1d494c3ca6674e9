"""The NHS.UK reviews imitation."""

from itertools import chain
from typing import Any

import pytest

from tests.sandbox.conftest import Box


def _guids(box: Box, **query: Any) -> list[str]:
    return [item["comment"]["commentId"] for item in box.reviews(**query).json["comments"]]


def _reply(box: Box, comment: dict[str, Any], key: str = "publisher", **changed: Any) -> Any:
    body = {
        "Author": "pals@trust.example",
        "ScreenName": "Example NHS Trust",
        "Title": "Reply",
        "CommentText": "Thank you for telling us",
        "CommentOriginalURL": "https://feedback.example/replies/9001",
        "PublishersCommentRef": "9001",
        "PublisherID": "EXAMPLEPUB",
        "IPAddress": "192.0.2.10",
        "ODSCode": comment["odsCode"],
        "RespondingTo": {
            "PublisherID": comment["publisherID"],
            "PublishersCommentRef": comment["publishersCommentRef"],
        },
    }
    return box.client.post("/nhsuk/moderation/response", json={**body, **changed}, headers={"subscription-key": key})


def _comment(box: Box, guid: str) -> dict[str, Any]:
    found: dict[str, Any] = box.reviews("CommentById", CommentID=guid).json["comments"][0]
    return found


def test_a_missing_or_wrong_key_is_refused_and_a_readers_key_cannot_write(box: Box) -> None:
    assert box.client.get("/nhsuk/comments/Comments?odsCode=RXX").status_code == 401
    assert box.reviews(key="wrong", odsCode="RXX").status_code == 401
    guid = box.told("nhsuk", "a")
    assert _reply(box, _comment(box, guid)["comment"], key="reader").status_code == 403


def test_a_review_has_the_documented_shape(box: Box) -> None:
    guid = box.told("nhsuk", "Seen on time.", title="Quick scan", rating=4, posted_at="2026-02-03T09:12:00Z")
    item = box.reviews(ODSCode="rxx", **{"api-version": "1.0"}).json["comments"][0]
    assert item["response"] is None
    comment = item["comment"]
    assert len(guid) == 36
    assert comment == {
        "commentId": guid,
        "commentRef": comment["commentRef"],
        "odsCode": "RXX",
        "commentText": "Seen on time.",
        "dateSubmitted": "2026-02-03T09:12:00Z",
        "lastUpdated": "2026-02-03T09:12:00Z",
        "sentimentScore": 0.25,
        "publisherID": "nhsuk",
        "publishersCommentRef": comment["commentRef"],
        "removeReportLink": False,
        "responseID": None,
        "title": "Quick scan",
        "commentOriginalURL": f"http://localhost/nhsuk/services/RXX/reviews/{guid}",
        "department": None,
        "screenName": "Marigold57",
        "status": "Published",
        "ratings": [{"question": "Overall", "rating": 4}],
        "visit": {"month": 2, "year": 2026},
    }
    assert "Seen on time." in box.client.get(comment["commentOriginalURL"]).text


def test_pages_cover_everything_once(box: Box) -> None:
    rows = "text\n" + "\n".join(f"number {number}" for number in range(250))
    loaded = box.client.post("/control/corpus", json={"channel": "nhsuk", "ods_code": "RXX", "csv": rows}).json
    pages = [_guids(box, odsCode="RXX", limit=100, offset=offset) for offset in (0, 100, 200, 300)]
    assert [len(page) for page in pages] == [100, 100, 50, 0]
    assert sorted(chain.from_iterable(pages)) == sorted(loaded["remote_ids"])
    assert _guids(box, OrgType="TRU", limit=100, Page=3) == pages[2]


def test_dates_are_whole_days_and_compare_with_what_the_setting_says(box: Box) -> None:
    old = box.told("nhsuk", "a", posted_at="2026-02-03T23:30:00Z")
    new = box.told("nhsuk", "b", posted_at="2026-02-05T10:00:00Z")
    assert _guids(box, odsCode="RXX", fromDate="2026-02-04") == [new]
    assert _guids(box, odsCode="RXX", fromDate="2026-02-03", toDate="2026-02-03") == [old]
    box.client.patch(f"/control/posts/nhsuk/{old}", json={"text": "edited"})
    assert _guids(box, odsCode="RXX", fromDate="2026-02-04") == [new]
    box.set(nhsuk_dates="updated")
    assert _guids(box, odsCode="RXX", fromDate="2026-02-04") == [new, old]
    assert box.reviews(odsCode="RXX", fromDate="yesterday").status_code == 400


def test_a_list_needs_a_code_or_a_kind(box: Box) -> None:
    assert box.reviews().status_code == 400
    assert box.reviews(orgType="HOS").json == {"comments": []}
    assert box.reviews(odsCode="RXX", status="odd").status_code == 400


def test_a_removed_review_moves_to_the_removed_ones_and_may_come_back(box: Box) -> None:
    guid = box.told("nhsuk", "a")
    box.client.delete(f"/control/posts/nhsuk/{guid}")
    assert _guids(box, odsCode="RXX") == []
    assert _guids(box, odsCode="RXX", status="removed") == [guid]
    assert _comment(box, guid)["comment"]["status"] == "Removed"
    box.client.patch(f"/control/posts/nhsuk/{guid}", json={"status": "Published"})
    assert _guids(box, odsCode="RXX") == [guid]
    box.client.delete(f"/control/posts/nhsuk/{guid}?how=gone")
    assert box.reviews("CommentById", CommentID=guid).status_code == 404
    assert _guids(box, odsCode="RXX", status="removed") == []


def test_a_publishers_response_appears_and_is_known_by_its_status(box: Box) -> None:
    guid = box.told("nhsuk", "a")
    answer = _reply(box, _comment(box, guid)["comment"]).json
    assert (answer["Status"], answer["ErrorCode"]) == ("Published", None)
    item = _comment(box, guid)
    assert item["comment"]["responseID"] == item["response"]["commentId"] == answer["CommentID"]
    assert item["response"]["publishersCommentRef"] == "9001"
    assert item["response"]["respondingTo"]["publishersCommentRef"] == item["comment"]["publishersCommentRef"]
    status = box.client.get(
        f"/nhsuk/moderation/comment/status?commentid={answer['CommentID']}", headers={"subscription-key": "publisher"}
    )
    assert status.json == answer
    assert box.seen("nhsuk", guid)["replies"][0]["text"] == "Thank you for telling us"


def test_a_slow_publication_is_pending_first(box: Box) -> None:
    box.set(nhsuk_delay_seconds=60)
    guid = box.told("nhsuk", "a")
    assert _reply(box, _comment(box, guid)["comment"]).json["Status"] == "Pending"
    assert _comment(box, guid)["response"] is None
    box.set(clock_offset_seconds=61)
    assert _comment(box, guid)["response"]["commentText"] == "Thank you for telling us"


def test_the_same_reference_twice_and_a_second_response_are_refused(box: Box) -> None:
    first, second = (_comment(box, box.told("nhsuk", text))["comment"] for text in "ab")
    assert _reply(box, first).status_code == 200
    again = _reply(box, first)
    assert (again.status_code, again.json["ErrorCode"]) == (403, "DuplicateReference")
    assert _reply(box, second).json["ErrorCode"] == "DuplicateReference"
    assert _reply(box, first, PublishersCommentRef="9002").json["ErrorCode"] == "AlreadyResponded"
    assert _comment(box, second["commentId"])["response"] is None


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"PublishersCommentRef": 9001}, 400),
        ({"RespondingTo": {"PublisherID": "nhsuk", "PublishersCommentRef": 345678}}, 400),
        ({"RespondingTo": {"PublisherID": "nhsuk", "PublishersCommentRef": "1"}}, 404),
        ({"CommentText": " "}, 400),
        ({"PublisherID": "OTHER"}, 403),
        ({"ODSCode": "RYY"}, 400),
    ],
)
def test_a_wrong_response_is_refused(box: Box, changed: dict[str, Any], status: int) -> None:
    comment = _comment(box, box.told("nhsuk", "a"))["comment"]
    assert _reply(box, comment, **changed).status_code == status


def test_a_story_of_care_opinion_arrives_as_a_copy_that_can_be_told_apart(box: Box) -> None:
    number = box.told("careopinion", "both places", syndicate=True)
    comment = box.reviews(odsCode="RXX").json["comments"][0]["comment"]
    assert (comment["publisherID"], comment["publishersCommentRef"]) == ("careopinion", number)
    assert comment["commentText"] == "both places"
    assert comment["commentOriginalURL"] == f"http://localhost/careopinion/{number}"


def test_staff_can_respond_on_the_review_page_once(box: Box) -> None:
    guid = box.told("nhsuk", "a")
    path = f"/nhsuk/services/RXX/reviews/{guid}"
    assert "Publish response" in box.client.get(path).text
    assert box.client.post(f"{path}/response", data={"text": "Thank you", "author": "PALS"}).status_code == 303
    assert "Thank you" in box.client.get(path).text
    assert _comment(box, guid)["response"]["publisherID"] == "nhsuk"
    assert box.client.post(f"{path}/response", data={"text": "Again"}).status_code == 422


def test_publishers_can_send_reviews_too(box: Box) -> None:
    body = {
        "Author": "a@example.org",
        "ScreenName": "Wren",
        "Title": "Fine",
        "CommentText": "All fine",
        "IPAddress": "192.0.2.1",
        "CommentOriginalURL": "https://feedback.example/1",
        "PublishersCommentRef": "1",
        "PublisherID": "EXAMPLEPUB",
        "ODSCode": "RXX",
        "Visit": {"Month": 1, "Year": 2026},
        "Ratings": [{"Question": "10004", "Rating": 5}],
    }
    headers = {"subscription-key": "publisher"}
    first = box.client.post("/nhsuk/moderation/comment", json=body, headers=headers)
    assert first.json["Status"] == "Published"
    assert _guids(box, odsCode="RXX") == [first.json["CommentID"]]
    assert box.client.post("/nhsuk/moderation/comment", json=body, headers=headers).status_code == 403
    wrong = {**body, "PublishersCommentRef": "2", "Visit": {"Month": "January"}}
    assert box.client.post("/nhsuk/moderation/comment", json=wrong, headers=headers).status_code == 400


def test_ratings_and_publishers_are_listed(box: Box) -> None:
    box.told("nhsuk", "a", rating=5)
    box.told("nhsuk", "b", rating=2)
    aggregated = box.reviews("Ratings", ODSCode="RXX").json["aggregatedRatings"][0]
    assert (aggregated["averageScore"], aggregated["count"]) == (3.5, 2)
    assert box.reviews("publishers").json[2]["PublisherID"] == "EXAMPLEPUB"
