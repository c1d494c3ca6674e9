import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from healthberry.connectors import registry
from healthberry.connectors.base import Access, Connector, InboundItem, Page, Reply, ReplyTarget
from healthberry.connectors.errors import Gone, NotAuthorised, NotLinked, RateLimited, Rejected, Unavailable
from healthberry.connectors.youtube_quota import Units, until_tomorrow
from tests.connectors.fakes import Provider, answering, as_json, connectors

SINCE = datetime(2010, 1, 1, tzinfo=UTC)
OURS = "UCours1"
OWN = Access({"channel_id": OURS, "title": "Example Trust"}, {"access_token": "ya29.own", "refresh_token": "1//x"})
SECONDS = "2026-11-02T09:15:31Z"
KEY_ALONE = registry.Credentials(youtube_api_key="key-for-tests")


def comment(ident: str, text: str, at: str = SECONDS, author: str = "UC9", **more: Any) -> dict[str, Any]:
    snippet = {
        "authorDisplayName": "@person",
        "authorChannelId": {"value": author},
        "textDisplay": text,
        "likeCount": 0,
        "publishedAt": at,
        "updatedAt": at,
        **more,
    }
    return {"kind": "youtube#comment", "id": ident, "snippet": snippet}


def thread(
    ident: str, text: str = "Where is the ward?", replies: list[Any] | None = None, **more: Any
) -> dict[str, Any]:
    at = more.pop("at", SECONDS)
    snippet = {"channelId": OURS, "videoId": "v1", "canReply": True, "totalReplyCount": len(replies or [])}
    snippet |= {"isPublic": True, "topLevelComment": comment(ident, text, at), **more}
    embedded = {"replies": {"comments": (replies or [])[:2]}} if replies else {}
    return {"kind": "youtube#commentThread", "id": ident, "snippet": snippet, **embedded}


class Videos(Provider):
    """A channel's comments as YouTube serves them: threads the newest first, two replies with each."""

    def __init__(self, *threads: dict[str, Any], replies: dict[str, list[Any]] | None = None) -> None:
        super().__init__(self._route)
        self.threads, self.replies = list(threads), replies or {}
        self.posted: list[Any] = []

    def calls(self, path: str) -> list[dict[str, str]]:
        return [dict(one.url.params) for one in self.asked if one.url.path.endswith(path) and one.method == "GET"]

    def _route(self, request: httpx.Request) -> httpx.Response:
        asked = dict(request.url.params)
        assert request.headers.get("authorization") or asked.get("key")
        if request.method == "POST":
            self.posted.append(json.loads(request.content)["snippet"])
            made = comment(f"{self.posted[-1]['parentId']}.8", self.posted[-1]["textOriginal"], author=OURS)
            self.replies.setdefault(self.posted[-1]["parentId"], []).append(made)
            return as_json(made)
        assert asked["textFormat"] == "plainText"
        if request.url.path.endswith("/commentThreads"):
            found = self.threads
            if "id" in asked:
                return as_json({"items": [one for one in found if one["id"] in asked["id"].split(",")]})
            start, many = int(asked.get("pageToken", "0")), int(asked["maxResults"])
            body: dict[str, Any] = {"items": found[start : start + many]}
            return as_json(body | ({"nextPageToken": str(start + many)} if start + many < len(found) else {}))
        if "id" in asked:
            everything = [one for replies in self.replies.values() for one in replies]
            return as_json({"items": [one for one in everything if one["id"] in asked["id"].split(",")]})
        return as_json({"items": self.replies.get(asked["parentId"], [])})


def youtube(provider: httpx.BaseTransport, credentials: registry.Credentials | None = None) -> Connector:
    built = connectors(provider, credentials) if credentials else connectors(provider)
    return built.get("youtube")


def polled(connector: Connector, cursor: str | None = None) -> tuple[list[InboundItem], str | None]:
    found: list[InboundItem] = []
    for _ in range(50):
        page: Page = connector.poll(OWN, cursor)
        found += page.items
        cursor = page.cursor
        if not page.more:
            return found, cursor
    raise AssertionError("the catch-up does not end")


def reply(text: str = "Thank you", target: str = "Ugx1") -> Reply:
    return Reply("key", text, ReplyTarget(target, "Ugx1", "https://y.example", None, {}, None), "Pat", "p@t.example")


def ago(hours: float) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat().replace("+00:00", "Z")


def test_a_comment_and_its_replies_are_one_thread_and_ours_are_outbound() -> None:
    replies = [comment("Ugx1.9a", "On the left", parentId="Ugx1"), comment("Ugx1.9b", "Level 2", author=OURS)]
    items = youtube(Videos(thread("Ugx1", 'Where is the "red" ward?', replies))).backfill(OWN, SINCE, None).items
    assert [(one.remote_id, one.thread_id, one.direction) for one in items] == [
        ("Ugx1", "Ugx1", "inbound"),
        ("Ugx1.9a", "Ugx1", "inbound"),
        ("Ugx1.9b", "Ugx1", "outbound"),
    ]
    assert items[0].text == 'Where is the "red" ward?'
    assert items[0].url == "https://www.youtube.com/watch?v=v1&lc=Ugx1"
    assert (items[0].author.remote_id, items[0].author.screen_name) == ("UC9", "@person")
    assert items[1].in_reply_to == "Ugx1"


def test_replies_that_did_not_come_along_are_asked_for_once() -> None:
    replies = [comment(f"Ugx1.9{letter}", letter) for letter in "abcde"]
    videos = Videos(thread("Ugx1", replies=replies, at=ago(1)), replies={"Ugx1": replies})
    connector = youtube(videos)
    found, cursor = polled(connector)
    assert len(found) == 6
    assert len(videos.calls("/comments")) == 1
    polled(connector, cursor)
    assert len(videos.calls("/comments")) == 1
    videos.threads[0]["snippet"]["totalReplyCount"] = 6
    replies.append(comment("Ugx1.9f", "A late one"))
    found, _ = polled(connector, cursor)
    assert "Ugx1.9f" in {one.remote_id for one in found}


def test_a_poll_reads_new_pages_and_once_a_day_older_ones() -> None:
    videos = Videos(*[thread(f"Ugx{number}", at=ago(number)) for number in range(350)])
    connector = youtube(videos)
    _, cursor = polled(connector)
    assert len(videos.asked) == 1
    state = json.loads(cursor or "")
    assert len(polled(connector, json.dumps(state))[0]) == 100
    assert len(polled(connector, json.dumps(state | {"deep": "2020-01-01"}))[0]) == 350


def test_a_comment_that_is_closed_to_answers_says_so() -> None:
    item = youtube(Videos(thread("Ugx1", canReply=False))).backfill(OWN, SINCE, None).items[0]
    target = ReplyTarget("Ugx1", "Ugx1", item.url, None, {}, item.may_not_reply)
    assert youtube(answering({})).may_reply(OWN, target).mode == "none"


def test_an_answer_goes_to_the_comment_that_began_the_thread_and_only_once() -> None:
    videos = Videos(thread("Ugx1"))
    connector = youtube(videos)
    target = reply(target="Ugx1.9a")
    assert connector.find_reply(OWN, target) is None
    sent = connector.reply(OWN, target)
    assert connector.reply(OWN, target).remote_id == sent.remote_id == "Ugx1.8"
    assert videos.posted == [{"parentId": "Ugx1", "textOriginal": "Thank you"}]


def test_somebody_elses_same_words_are_not_ours() -> None:
    videos = Videos(thread("Ugx1"), replies={"Ugx1": [comment("Ugx1.9a", "Thank you")]})
    assert youtube(videos).find_reply(OWN, reply()) is None


def test_an_answer_to_what_is_gone_is_not_sent() -> None:
    videos = Videos()
    for call in (youtube(videos).reply, youtube(videos).find_reply):
        with pytest.raises(Gone):
            call(OWN, reply())
    assert videos.posted == []


def test_a_second_look_finds_edits_and_what_is_gone_of_both_kinds() -> None:
    edited = thread("Ugx1", "Quite another question")
    videos = Videos(edited, replies={"Ugx1": [comment("Ugx1.9a", "Left")]})
    found = youtube(videos).recheck(OWN, ["Ugx1", "Ugx2", "Ugx1.9a", "Ugx1.9b"])
    assert {one.remote_id: one.change for one in found} == {
        "Ugx1": "edited",
        "Ugx2": "withdrawn",
        "Ugx1.9a": "edited",
        "Ugx1.9b": "withdrawn",
    }
    assert next(one.thread_id for one in found if one.remote_id == "Ugx1.9a") == "Ugx1"


def test_nothing_is_called_gone_where_an_answer_was_garbled_or_empty() -> None:
    garbled = answering({"items": [{"id": "Ug\ufffd", "snippet": {}}]})
    assert youtube(garbled).recheck(OWN, ["Ugx1", "Ugx2"]) == []
    with pytest.raises(Unavailable):
        youtube(answering({})).recheck(OWN, [f"Ugx{number}" for number in range(9)])


def test_what_cannot_be_read_blocks_no_neighbour() -> None:
    strays = [None, "Sorry", {}, {"id": "UgxA"}, {"id": "UgxB", "snippet": {"topLevelComment": {"snippet": 4}}}]
    page = youtube(Videos(thread("Ugx1"))).backfill(OWN, SINCE, None)
    connector = youtube(answering({"items": [*strays, thread("Ugx1")], "nextPageToken": 7}))
    first = connector.backfill(OWN, SINCE, None)
    assert [one.remote_id for one in first.items] == ["Ugx1"] == [one.remote_id for one in page.items]
    assert len(connector.backfill(OWN, SINCE, first.cursor).bad) == len(strays)


@pytest.mark.parametrize(
    ("status", "reason", "reading", "writing"),
    [
        (400, "processingFailure", Rejected, Rejected),
        (400, "keyInvalid", NotAuthorised, NotAuthorised),
        (401, "authError", NotAuthorised, NotAuthorised),
        (403, "quotaExceeded", RateLimited, RateLimited),
        (403, "rateLimitExceeded", RateLimited, RateLimited),
        (403, "commentsDisabled", Rejected, Rejected),
        (403, "forbidden", NotAuthorised, Rejected),
        (403, "accessNotConfigured", NotAuthorised, Rejected),
        (404, "channelNotFound", Gone, Gone),
        (429, "", RateLimited, RateLimited),
        (503, "backendError", Unavailable, Unavailable),
    ],
)
def test_each_refusal_means_what_the_table_says(
    status: int, reason: str, reading: type[Exception], writing: type[Exception]
) -> None:
    refused = as_json({"error": {"code": status, "message": "No.", "errors": [{"reason": reason}]}}, status)
    with pytest.raises(reading):
        youtube(answering(refused)).poll(OWN, None)
    with pytest.raises(reading):
        youtube(answering(refused)).backfill(OWN, SINCE, None)
    with pytest.raises(reading):
        youtube(answering(refused)).recheck(OWN, ["Ugx1"])
    with pytest.raises(writing):
        youtube(answering({"items": [thread("Ugx1")]}, {"items": []}, refused)).reply(OWN, reply())


def test_the_units_of_a_day_are_counted_and_some_are_left_for_answers() -> None:
    now = [datetime(2026, 7, 1, 12, tzinfo=UTC)]
    units = Units(1_100, clock=lambda: now[0])
    for _ in range(100):
        units.spend(1)
    with pytest.raises(RateLimited) as raised:
        units.spend(1)
    assert raised.value.retry_after == until_tomorrow(now[0]) == 19 * 3600
    for _ in range(20):
        units.spend(50)
    with pytest.raises(RateLimited):
        units.spend(50)
    now[0] += timedelta(hours=19)
    units.spend(1)


def test_with_a_key_alone_a_channel_is_linked_by_its_address_and_answered_by_hand() -> None:
    provider = answering({"items": [{"id": "UCabcdef", "snippet": {"title": "Example Trust"}}]})
    connector = youtube(provider, KEY_ALONE)
    assert (connector.capabilities.connect, connector.capabilities.reply) == ("fields", "assisted")
    access = connector.prepare({"channel": "https://www.youtube.com/@ExampleTrust?si=x"}, "https://hb.example/back")
    (linkable,) = connector.link(access).found
    assert linkable.listing.config == {"channel_id": "UCabcdef", "title": "Example Trust"}
    assert dict(provider.asked[0].url.params) == {
        "part": "snippet",
        "forHandle": "@ExampleTrust",
        "key": "key-for-tests",
    }
    assert connector.may_reply(Access(linkable.listing.config), reply().target).mode == "assisted"
    for wrong in ("", "https://example.org/a b", "x"):
        with pytest.raises(NotLinked):
            connector.link(connector.prepare({"channel": wrong}, ""))
    with pytest.raises(NotLinked):
        youtube(answering({"items": []}), KEY_ALONE).link(access)


def test_signing_in_asks_for_comments_and_links_the_own_channel() -> None:
    token = {"access_token": "ya29.new", "expires_in": 3599, "refresh_token": "1//kept"}
    mine = {"items": [{"id": OURS, "snippet": {"title": "Example Trust"}}]}
    connector = youtube(Provider(lambda request: as_json(token if request.url.path == "/token" else mine)))
    query = parse_qs(urlsplit(connector.authorise_url(Access({}), "s", "https://hb.example/back", "v")).query)
    assert query["scope"] == ["https://www.googleapis.com/auth/youtube.force-ssl"]
    got = connector.authorise(Access({}), {"code": "c"}, "https://hb.example/back", "v")
    assert (got.account_id, got.account) == (OURS, "Example Trust")
    (linkable,) = connector.link(Access({}, got.secrets, got.expires_at)).found
    assert (linkable.listing.remote_id, linkable.account) == (OURS, "Example Trust")
    assert connector.refresh(OWN).secrets["refresh_token"] in ("1//x", "1//kept")


def test_an_expired_sign_in_gives_way_to_the_key_for_reading_alone() -> None:
    videos = Videos(thread("Ugx1"))
    expired = Access(OWN.config, OWN.secrets, datetime.now(UTC) - timedelta(minutes=1))
    youtube(videos).poll(expired, None)
    assert "authorization" not in videos.asked[0].headers
    assert videos.asked[0].url.params["key"] == "youtube-key-for-tests"
    youtube(videos).poll(OWN, None)
    assert videos.asked[1].headers["authorization"] == "Bearer ya29.own"
    assert "key" not in videos.asked[1].url.params
