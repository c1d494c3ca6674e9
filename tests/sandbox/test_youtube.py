"""YouTube as it is documented: threads, replies, who may write, and what a day may cost."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.conftest import REDIRECT, Box

SCOPE = "https://www.googleapis.com/auth/youtube.force-ssl"
PLAIN = {"part": "snippet,replies", "textFormat": "plainText"}


@pytest.fixture
def box(make_box: Any) -> Box:
    made: Box = make_box()
    return made


def signed_in(box: Box, handle: str = "exampletrust") -> dict[str, str]:
    client = {"client_id": "google-client", "redirect_uri": REDIRECT}
    asked = {**client, "response_type": "code", "scope": SCOPE, "state": "s", "organisations": handle}
    back = box.client.post("/google/accounts/o/oauth2/v2/auth", data=asked)
    code = parse_qs(urlsplit(back.headers["Location"]).query)["code"][0]
    form = {**client, "client_secret": "google-secret", "grant_type": "authorization_code", "code": code}
    return {"Authorization": f"Bearer {box.client.post('/google/oauth2/token', data=form).json['access_token']}"}


def get(box: Box, path: str, **query: Any) -> Any:
    return box.client.get(f"/youtube/v3/{path}", query_string={"key": "youtube", **query})


def told(box: Box, text: str, **fields: Any) -> str:
    return box.told("youtube", text, handle="ExampleTrust", **fields)


def channel(box: Box) -> str:
    return str(get(box, "channels", part="snippet", forHandle="@exampletrust").json["items"][0]["id"])


def reply(box: Box, parent: str, text: str, headers: dict[str, str]) -> Any:
    body = {"snippet": {"parentId": parent, "textOriginal": text}}
    return box.client.post("/youtube/v3/comments?part=snippet", json=body, headers=headers)


def test_threads_come_newest_first_with_a_few_of_their_replies(box: Box) -> None:
    older = told(box, "First")
    box.set(clock_offset_seconds=5)
    newer = told(box, "Second <b>")
    for number in range(3):
        told(box, f"Reply {number}", in_reply_to=older)
    found = get(box, "commentThreads", allThreadsRelatedToChannelId=channel(box), order="time", **PLAIN).json["items"]
    assert [one["id"] for one in found] == [newer, older]
    assert found[0]["snippet"]["topLevelComment"]["snippet"]["textDisplay"] == "Second <b>"
    assert (found[1]["snippet"]["totalReplyCount"], len(found[1]["replies"]["comments"])) == (3, 2)
    every = get(box, "comments", part="snippet", parentId=older).json["items"]
    assert [one["snippet"]["textDisplay"] for one in every] == ["Reply 0", "Reply 1", "Reply 2"]
    assert all(one["id"].startswith(f"{older}.") for one in every)
    html = get(box, "commentThreads", id=newer, part="snippet").json["items"][0]
    assert html["snippet"]["topLevelComment"]["snippet"]["textDisplay"] == "Second &lt;b&gt;"


def test_pages_are_followed_by_a_token_of_the_same_question(box: Box) -> None:
    for number in range(5):
        told(box, f"Comment {number}")
    question = {"allThreadsRelatedToChannelId": channel(box), "maxResults": 3}
    first = get(box, "commentThreads", **question, **PLAIN).json
    second = get(box, "commentThreads", **question, **PLAIN, pageToken=first["nextPageToken"]).json
    assert (len(first["items"]), len(second["items"]), "nextPageToken" in second) == (3, 2, False)
    assert get(box, "commentThreads", **question, pageToken="made-up").status_code == 400
    assert get(box, "commentThreads", **{**question, "maxResults": 101}).status_code == 400


def test_the_channel_replies_to_a_comment_and_to_nothing_else(box: Box) -> None:
    comment, ours = told(box, "Where is the ward?"), signed_in(box)
    made = reply(box, comment, "On the left", ours).json
    assert made["snippet"]["authorChannelId"] == {"value": channel(box)}
    assert [one["text"] for one in box.seen("youtube", comment)["replies"]] == ["On the left"]
    assert reply(box, "UgxUnknown", "Hello", ours).status_code == 404
    assert reply(box, comment, " ", ours).status_code == 400
    assert reply(box, comment, "a" * 10_001, ours).json["error"]["errors"][0]["reason"] == "commentTextTooLong"
    assert reply(box, comment, "Hello", signed_in(box, "another")).status_code == 403
    assert reply(box, comment, "Hello", {}).status_code == 400
    closed = told(box, "Closed", closed=True)
    assert reply(box, closed, "Hello", ours).json["error"]["errors"][0]["reason"] == "commentsDisabled"


def test_keys_and_tokens_are_looked_at(box: Box) -> None:
    assert box.client.get("/youtube/v3/channels?id=UC1&key=wrong").status_code == 400
    assert box.client.get("/youtube/v3/channels?id=UC1", headers={"Authorization": "Bearer no"}).status_code == 401
    own = box.client.get("/youtube/v3/channels?mine=true", headers=signed_in(box)).json["items"]
    assert [one["id"] for one in own] == [channel(box)]


def test_what_was_deleted_is_not_there(box: Box) -> None:
    comment = told(box, "Gone soon")
    box.client.delete(f"/control/posts/youtube/{comment}")
    assert get(box, "commentThreads", id=comment, **PLAIN).json["items"] == []
    assert get(box, "comments", parentId=comment).status_code == 404


def test_the_units_of_a_day_run_out(box: Box) -> None:
    comment, ours = told(box, "Where is the ward?"), signed_in(box)
    statuses = [reply(box, comment, f"Answer {number}", ours).status_code for number in range(201)]
    assert statuses == [200] * 200 + [403]
    assert get(box, "channels", id="UC1").json["error"]["errors"][0]["reason"] == "quotaExceeded"
    box.set(clock_offset_seconds=86_401)
    assert get(box, "channels", id="UC1").status_code == 200


def test_links_lead_to_pages(box: Box) -> None:
    comment = told(box, "Where is the ward?")
    assert "Where is the ward?" in box.client.get(f"/youtube/watch?v=x&lc={comment}").text
    page = box.client.get(f"/youtube/channel/{channel(box)}", follow_redirects=True)
    assert "Where is the ward?" in page.text
    assert box.client.get("/youtube/watch?v=x&lc=none").status_code == 404
