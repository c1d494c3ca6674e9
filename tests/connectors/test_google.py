import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from healthberry.connectors import registry
from healthberry.connectors.base import Access, Connector, InboundItem, Reply, ReplyTarget
from healthberry.connectors.errors import Gone, NotAuthorised, RateLimited, Rejected, Unavailable
from tests.connectors.fakes import CREDENTIALS, UNHURRIED, Provider, answering, as_json, connectors

SINCE = datetime(2010, 1, 1, tzinfo=UTC)
ACCOUNT, LOCATION = "accounts/111", "222"
REVIEW = f"{ACCOUNT}/locations/{LOCATION}/reviews/AbFvOqk1"
SECRETS = {"access_token": "ya29.own", "refresh_token": "1//once"}
# As in the document, section 3.
FIRST: dict[str, Any] = {
    "name": REVIEW,
    "reviewId": "AbFvOqk1",
    "reviewer": {"profilePhotoUrl": "https://lh3.googleusercontent.com/a/x", "displayName": "A. Person"},
    "starRating": "TWO",
    "comment": "Waited four hours. Staff were kind.",
    "createTime": "2026-11-02T09:15:31.123456Z",
    "updateTime": "2026-11-02T09:15:31.123456Z",
    "reviewReplyUrl": "https://business.google.com/reply/1",
}
SECOND: dict[str, Any] = {
    "name": f"{ACCOUNT}/locations/{LOCATION}/reviews/AbFvOqk2",
    "reviewId": "AbFvOqk2",
    "reviewer": {"isAnonymous": True},
    "starRating": "FIVE",
    "createTime": "2026-10-30T12:00:00Z",
    "updateTime": "2026-10-31T08:00:00Z",
    "reviewReply": {"comment": "Thank you.", "updateTime": "2026-10-31T10:00:00Z", "reviewReplyState": "APPROVED"},
}


def place(number: str = LOCATION, title: str = "St Example Hospital", **more: Any) -> dict[str, Any]:
    metadata = {"hasVoiceOfMerchant": True, "mapsUri": f"https://maps.google.com/?cid={number}"}
    return {"name": f"locations/{number}", "title": title, "metadata": metadata, **more}


class Profile(Provider):
    """A Business Profile: its locations, their reviews (last changed first), and what a test wants to go wrong."""

    def __init__(self, reviews: dict[str, list[Any]] | list[Any], *places: dict[str, Any]) -> None:
        super().__init__(self._route)
        self.reviews = reviews if isinstance(reviews, dict) else {LOCATION: reviews}
        self.places = list(places) or [place(number) for number in self.reviews]
        self.refuse: Callable[[httpx.Request], httpx.Response | None] = lambda request: None
        self.after_put = "PENDING"
        self.put: list[Any] = []

    def paths(self) -> list[str]:
        return [request.url.path for request in self.asked]

    def _route(self, request: httpx.Request) -> httpx.Response:
        if (refused := self.refuse(request)) is not None:
            return refused
        parts = request.url.path.strip("/").split("/")
        if parts[:2] == ["v1", "accounts"]:
            if len(parts) == 2:
                return as_json({"accounts": [{"name": ACCOUNT, "accountName": "Example Trust"}]})
            assert request.url.params["readMask"]
            return as_json({"locations": self.places})
        if len(parts) == 6:
            return self._list(request, parts[4])
        known = {one["reviewId"]: one for one in self.reviews.get(parts[4], [])}
        if parts[6] not in known:
            return error(404, "NOT_FOUND")
        if request.method == "PUT":
            self.put.append(json.loads(request.content))
            made = {"comment": self.put[-1]["comment"], "updateTime": "2026-11-02T11:00:00Z"}
            known[parts[6]]["reviewReply"] = made | {"reviewReplyState": self.after_put}
            return as_json(known[parts[6]]["reviewReply"])
        return as_json(known[parts[6]])

    def _list(self, request: httpx.Request, location: str) -> httpx.Response:
        asked, found = dict(request.url.params), self.reviews[location]
        assert asked["orderBy"] == "updateTime desc"
        size = int(asked["pageSize"])
        assert size <= 50
        start, _, with_size = asked.get("pageToken", "0:").partition(":")
        if with_size and with_size != str(size):
            return error(400, "INVALID_ARGUMENT", "Request contains an invalid argument.")
        body: dict[str, Any] = {"reviews": found[int(start) : int(start) + size], "totalReviewCount": len(found)}
        if int(start) + size < len(found):
            body["nextPageToken"] = f"{int(start) + size}:{size}"
        return as_json(body)


def error(status: int, name: str, message: str = "No.", **details: Any) -> httpx.Response:
    return as_json({"error": {"code": status, "status": name, "message": message, "details": [details]}}, status)


def google(provider: httpx.BaseTransport) -> Connector:
    return connectors(provider).get("google")


def channel(*lines: str) -> Access:
    return Access({"account": ACCOUNT, "name": "Example Trust", "locations": list(lines)}, SECRETS)


def review(number: int, at: datetime, **more: Any) -> dict[str, Any]:
    stamp = at.isoformat().replace("+00:00", "Z")
    return {
        "reviewId": f"id{number}",
        "comment": f"Review {number}",
        "starRating": "THREE",
        "createTime": stamp,
        "updateTime": stamp,
        **more,
    }


def past(count: int, first: int = 0) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    return [review(first + number, now - timedelta(minutes=number + 1)) for number in range(count)]


def walked(provider: Provider, access: Access | None = None) -> list[list[InboundItem]]:
    connector, cursor = google(provider), None
    pages: list[list[InboundItem]] = []
    for _ in range(200):
        page = connector.backfill(access or channel(), SINCE, cursor)
        pages.append(list(page.items))
        cursor = page.cursor
        if not page.more:
            return pages
    raise AssertionError("the walk does not end")


def polled(provider: Provider, cursor: str | None = None) -> tuple[list[InboundItem], str | None]:
    connector = google(provider)
    found: list[InboundItem] = []
    for _ in range(100):
        page = connector.poll(channel(), cursor)
        found += page.items
        cursor = page.cursor
        if not page.more:
            return found, cursor
    raise AssertionError("the catch-up does not end")


def reply(text: str = "Thank you for telling us.", **more: Any) -> Reply:
    source = more.pop("source", {})
    target = ReplyTarget(REVIEW, REVIEW, "https://maps.google.com/?cid=222", None, source, None)
    return Reply("key-1", text, target, "Pat Lee", "pals@trust.example", **more)


def test_a_review_and_its_answer_become_one_thread() -> None:
    one = copy.deepcopy(FIRST) | {"reviewReply": SECOND["reviewReply"]}
    one["reviewReply"] = {**SECOND["reviewReply"], "updateTime": "2026-11-03T10:00:00.5Z"}
    asked, answer = walked(Profile([one]))[0]
    assert asked.remote_id == asked.thread_id == REVIEW
    assert (asked.author.screen_name, asked.author.remote_id) == ("A. Person", None)
    assert asked.text == "Waited four hours. Staff were kind."
    assert [(rating.value, rating.out_of) for rating in asked.ratings] == [(2, 5)]
    assert asked.posted_at == datetime(2026, 11, 2, 9, 15, 31, 123456, UTC)
    assert asked.service_name == "St Example Hospital"
    assert asked.url == "https://maps.google.com/?cid=222"
    assert (answer.direction, answer.in_reply_to, answer.text) == ("outbound", REVIEW, "Thank you.")
    assert answer.posted_at == datetime(2026, 11, 3, 10, 0, 0, 500000, UTC)


def test_stars_alone_and_nobodys_name_are_a_review_too() -> None:
    asked, _ = walked(Profile([SECOND]))[0]
    assert (asked.author.screen_name, asked.text) == ("Anonymous", "")
    assert asked.ratings[0].value == 5
    assert asked.source["replied_at"] == "2026-10-31T10:00:00+00:00"
    assert "edited_after_reply" not in asked.source


@pytest.mark.parametrize("stars", ["STAR_RATING_UNSPECIFIED", None, 4, ["FIVE"], "SIX"])
def test_stars_that_are_none_are_left_out(stars: Any) -> None:
    (asked,) = walked(Profile([FIRST | {"starRating": stars}]))[0]
    assert asked.ratings == ()


def test_an_anonymous_reviewer_stays_so_even_where_a_name_is_sent() -> None:
    (asked,) = walked(Profile([FIRST | {"reviewer": {"isAnonymous": True, "displayName": "Sam Small"}}]))[0]
    assert asked.author.screen_name == "Anonymous"


def test_a_review_edited_after_its_answer_is_marked() -> None:
    late = SECOND | {"updateTime": "2026-11-01T00:00:00Z"}
    asked, _ = walked(Profile([late]))[0]
    assert asked.source["edited_after_reply"] is True
    (polled_now, _) = google(Profile([late])).recheck(channel(), [asked.remote_id])
    assert polled_now.change == "edited"


@pytest.mark.parametrize("state", ["PENDING", "REJECTED"])
def test_an_answer_that_does_not_show_is_no_answer_yet(state: str) -> None:
    held = copy.deepcopy(SECOND)
    held["reviewReply"]["reviewReplyState"] = state
    assert [item.direction for item in walked(Profile([held]))[0]] == ["inbound"]


def test_pictures_come_as_references() -> None:
    media = [
        {"thumbnailUrl": "https://lh3.example/p", "thumbnailLabel": "A ward"},
        {"videoUrl": "https://v.example/v", "thumbnailUrl": "https://lh3.example/q"},
        {"thumbnailUrl": "javascript:alert(1)"},
        None,
    ]
    (asked,) = walked(Profile([FIRST | {"reviewMediaItems": media}]))[0]
    assert [(one["type"], one["url"]) for one in asked.attachments] == [
        ("photo", "https://lh3.example/p"),
        ("video", "https://v.example/v"),
    ]


def test_what_cannot_be_read_blocks_no_neighbour() -> None:
    strays: list[Any] = [None, "Sorry!", 7, [], {}, {"reviewId": "x"}, {"reviewId": 5, "createTime": "yesterday"}]
    profile = Profile([*strays, FIRST, {"reviewId": "odd", "createTime": "2026-11-02T09:15:31Z", "comment": {"a": 1}}])
    page = google(profile).backfill(channel(), SINCE, None)
    assert {item.remote_id.rpartition("/")[2] for item in page.items} == {"AbFvOqk1", "odd"}
    assert len(page.bad) == len(strays)


def test_a_backfill_reads_every_page_of_every_location() -> None:
    profile = Profile({"1": past(120), "22": past(3, 500), "3": []})
    pages = walked(profile)
    found = [item.remote_id for page in pages for item in page]
    assert len(found) == len(set(found)) == 123
    assert {item.service_name for page in pages for item in page} == {"St Example Hospital"}


def test_a_page_token_that_is_refused_starts_the_location_anew() -> None:
    profile = Profile(past(260))
    connector = google(profile)
    first = connector.backfill(channel(), SINCE, None)
    assert first.total == 260
    state = json.loads(first.cursor or "")
    state["at"]["token"] = "200:49"
    found = {item.remote_id for item in connector.backfill(channel(), SINCE, json.dumps(state)).items}
    assert len(found) == 200


def test_a_poll_reads_on_while_a_page_holds_anything_new() -> None:
    profile = Profile(past(120))
    _, cursor = polled(profile)
    asked_before = len(profile.asked)
    profile.reviews[LOCATION].insert(0, review(999, datetime.now(UTC)))
    found, cursor = polled(profile, cursor)
    assert found[0].remote_id.endswith("/id999")
    # Within the hour of overlap: the first page and the one that goes beyond it, and the list of locations.
    assert len(profile.asked) - asked_before <= 4
    (item,) = [one for one in polled(profile, cursor)[0] if one.remote_id.endswith("/id999")]
    assert item.change == "created"


def test_one_location_that_is_refused_does_not_silence_the_others() -> None:
    profile = Profile({"1": past(2), "2": past(2, 50)})
    profile.refuse = lambda request: error(403, "PERMISSION_DENIED") if "/locations/1/" in request.url.path else None
    assert len(polled(profile)[0]) == 2
    profile.refuse = lambda request: error(403, "PERMISSION_DENIED") if "/reviews" in request.url.path else None
    with pytest.raises(NotAuthorised):
        polled(profile)


def test_what_was_read_before_a_failure_is_kept() -> None:
    profile = Profile({"1": past(2), "2": past(2, 50)})
    profile.refuse = lambda request: error(503, "UNAVAILABLE") if "/locations/2/" in request.url.path else None
    connector = google(profile)
    page = connector.poll(channel(), None)
    assert len(page.items) == 2
    assert page.more
    with pytest.raises(Unavailable):
        connector.poll(channel(), page.cursor)
    profile.refuse = lambda request: None
    page = connector.poll(channel(), page.cursor)
    assert len(page.items) == 2
    assert not page.more


def test_only_verified_locations_that_are_wanted_are_read_with_their_codes() -> None:
    hidden = place("3", "Suspended") | {"metadata": {"hasVoiceOfMerchant": False}}
    profile = Profile(
        {"1": past(1), "2": past(1, 50), "3": past(1, 70), "4": past(1, 90)},
        place("1", "St Mary's Hospital", storeCode="MARY"),
        place("2", "Charing Cross", storefrontAddress={"locality": "London", "postalCode": "W6 8RF"}),
        hidden,
        place("4", "Another Trust"),
    )
    (page,) = walked(profile, channel("st mary's = ryj01", "w6 8rf", "suspended"))
    assert {(item.service_name, item.service_code) for item in page} == {
        ("St Mary's Hospital", "RYJ01"),
        ("Charing Cross", None),
    }


def test_linking_offers_each_account_and_says_what_is_left_out() -> None:
    profile = Profile([], place("1", "One"), place("2", "Two") | {"metadata": {}})
    connector = google(profile)
    access = connector.prepare({"locations": " One \n\nTwo = RXX02"}, "https://hb.example/back")
    linkables = connector.link(Access(access.config, SECRETS))
    (linkable,) = linkables.found
    assert linkable.listing.remote_id == ACCOUNT
    assert linkable.listing.label == "Google reviews of Example Trust"
    assert linkable.listing.amount == "1 location"
    assert linkable.listing.config == {
        "account": ACCOUNT,
        "name": "Example Trust",
        "locations": ["One", "Two = RXX02"],
    }
    assert dict(linkable.secrets) == SECRETS
    assert linkables.problems == ["Two is not verified on Google, or suspended."]
    assert "ya29" not in repr(linkable)


def test_an_answer_is_put_once_and_held_until_it_is_seen() -> None:
    profile = Profile([copy.deepcopy(FIRST)])
    connector = google(profile)
    assert connector.find_reply(channel(), reply()) is None
    assert connector.reply(channel(), reply()).state == "pending"
    assert profile.put == [{"comment": "Thank you for telling us."}]
    again = connector.reply(channel(), reply())
    assert (again.state, len(profile.put)) == ("pending", 1)
    profile.reviews[LOCATION][0]["reviewReply"]["reviewReplyState"] = "APPROVED"
    found = connector.find_reply(channel(), reply())
    assert found is not None
    assert (found.state, found.remote_id) == ("live", f"{REVIEW}/reply")


def test_a_bare_taken_is_not_called_shown() -> None:
    profile = Profile([copy.deepcopy(FIRST)])
    profile.after_put = "REVIEW_REPLY_STATE_UNSPECIFIED"
    assert google(profile).reply(channel(), reply()).state == "pending"
    found = google(profile).find_reply(channel(), reply())
    assert found is not None
    assert found.state == "live"


@pytest.mark.parametrize(
    ("violation", "words"),
    [("PERSONAL_INFO", "personal information"), ("A_NEW_ONE", "a new one"), (None, r"this answer\. It"), (7, "7")],
)
def test_what_moderators_refuse_is_said_with_the_reason(violation: Any, words: str) -> None:
    refused = {"comment": "Thank you for telling us.", "updateTime": "2026-11-02T11:00:00Z"}
    refused |= {"reviewReplyState": "REJECTED", "policyViolation": violation}
    profile = Profile([copy.deepcopy(FIRST) | {"reviewReply": refused}])
    with pytest.raises(Rejected, match=words):
        google(profile).find_reply(channel(), reply())
    # The same words may be tried again.
    assert google(profile).reply(channel(), reply()).state == "pending"


def test_a_colleagues_answer_that_was_not_seen_is_never_written_over() -> None:
    profile = Profile([copy.deepcopy(FIRST) | {"reviewReply": dict(SECOND["reviewReply"])}])
    shown = {"replied_at": "2026-10-31T10:00:00+00:00"}
    earlier, later = datetime(2026, 10, 31, 9, tzinfo=UTC), datetime(2026, 10, 31, 11, tzinfo=UTC)
    for blind in (
        reply(),
        reply(source=shown, queued_at=earlier),
        reply(source={"replied_at": "2026-10-30T00:00:00+00:00"}),
    ):
        with pytest.raises(Rejected, match="one answer per review"):
            google(profile).reply(channel(), blind)
    assert profile.put == []
    google(profile).reply(channel(), reply(source=shown, queued_at=later))
    assert len(profile.put) == 1


def test_an_answer_that_google_translated_is_found_all_the_same() -> None:
    both = "(Translated by Google) Merci\n\n(Original)\nThank you for telling us."
    for words in (both, "Thank you for telling us.\n\n(Translated by Google)\nMerci"):
        held = {"comment": words, "updateTime": "2026-11-02T11:00:00Z", "reviewReplyState": "APPROVED"}
        assert google(Profile([copy.deepcopy(FIRST) | {"reviewReply": held}])).find_reply(channel(), reply())


def test_the_composer_is_told_that_an_answer_would_be_replaced() -> None:
    connector = google(answering({}))
    assert connector.may_reply(channel(), reply().target).reason == ""
    target = reply(source={"replied_at": "2026-10-31T10:00:00+00:00", "reply_url": "https://g.example/r"}).target
    allowed = connector.may_reply(channel(), target)
    assert (allowed.mode, allowed.url) == ("api", "https://g.example/r")
    assert "replaces" in allowed.reason


def test_length_is_counted_in_bytes() -> None:
    assert google(answering({})).length("é👩‍⚕️") == 2 + len("👩‍⚕️".encode())


@pytest.mark.parametrize("count", [1, 3, 20])
def test_a_second_look_finds_edits_and_what_is_gone(count: int) -> None:
    profile = Profile(past(count))
    names = [f"{ACCOUNT}/locations/{LOCATION}/reviews/id{number}" for number in range(count)]
    profile.reviews[LOCATION][0]["comment"] = "Quite another thing."
    gone = f"{ACCOUNT}/locations/{LOCATION}/reviews/gone"
    found = google(profile).recheck(channel(), [*names, gone])
    inbound = {item.remote_id: item for item in found if item.direction == "inbound"}
    assert inbound[names[0]].text == "Quite another thing."
    assert inbound[names[0]].change == "edited"
    assert inbound[gone].change == "withdrawn"
    assert set(inbound) == {*names, gone}


def test_many_reviews_are_looked_at_in_lists() -> None:
    profile = Profile(past(130))
    names = [f"{ACCOUNT}/locations/{LOCATION}/reviews/id{number}" for number in range(130)]
    assert len({item.thread_id for item in google(profile).recheck(channel(), names)}) == 130
    assert len(profile.asked) == 1 + 3


def test_an_answer_that_was_taken_down_on_google_is_withdrawn_here() -> None:
    profile = Profile([copy.deepcopy(FIRST)])
    before = datetime.now(UTC)
    (_, answer) = google(profile).recheck(channel(), [REVIEW])
    assert (answer.remote_id, answer.direction, answer.change) == (f"{REVIEW}/reply", "outbound", "withdrawn")
    assert answer.posted_at >= before


def test_a_location_on_which_everything_is_gone_is_not_believed() -> None:
    profile = Profile([])
    with pytest.raises(Unavailable, match="gone"):
        google(profile).recheck(channel(), [f"{ACCOUNT}/locations/{LOCATION}/reviews/id{n}" for n in range(9)])


@pytest.mark.parametrize(
    ("status", "name", "details", "kind", "words"),
    [
        (400, "INVALID_ARGUMENT", {}, Rejected, "does not accept"),
        (401, "UNAUTHENTICATED", {}, NotAuthorised, "Sign in"),
        (403, "PERMISSION_DENIED", {}, NotAuthorised, "may not"),
        (403, "PERMISSION_DENIED", {"reason": "SERVICE_DISABLED"}, NotAuthorised, "not switched on"),
        (404, "NOT_FOUND", {}, Gone, "no longer"),
        (429, "RESOURCE_EXHAUSTED", {}, RateLimited, "slow down"),
        (429, "RESOURCE_EXHAUSTED", {"metadata": {"quota_limit_value": "0"}}, NotAuthorised, "not approved"),
        (500, "INTERNAL", {}, Unavailable, "not available"),
        (503, "UNAVAILABLE", {}, Unavailable, "not available"),
    ],
)
def test_each_refusal_means_what_the_table_says(
    status: int, name: str, details: dict[str, Any], kind: type[Exception], words: str
) -> None:
    connector = google(answering(error(status, name, **details)))
    for call in (
        lambda: connector.poll(channel(), None),
        lambda: connector.backfill(channel(), SINCE, None),
        lambda: connector.reply(channel(), reply()),
        lambda: connector.find_reply(channel(), reply()),
        lambda: connector.recheck(channel(), [REVIEW]),
    ):
        with pytest.raises(kind, match=words):
            call()


def _telling(setting: dict[str, Any]) -> Callable[[httpx.Request], httpx.Response | None]:
    return lambda request: as_json(setting) if request.url.path.endswith("notificationSetting") else None


def test_google_is_asked_once_a_day_to_tell_us_and_another_tools_wish_is_left_alone() -> None:
    credentials = registry.Credentials(google_pubsub_topic="projects/p/topics/t", google_client_id="c")
    for present, asked in (({}, ["GET", "PATCH"]), ({"pubsubTopic": "projects/other/topics/t"}, ["GET"])):
        profile, setting = Profile([]), dict(present)
        profile.refuse = _telling(setting)
        built = registry.build(registry.endpoints(None), credentials, profile, pace=UNHURRIED).get("google")
        cursor = built.poll(channel(), None).cursor
        built.poll(channel(), cursor)
        assert [one.method for one in profile.asked if "notificationSetting" in one.url.path] == asked


def test_without_a_sign_in_nothing_is_asked() -> None:
    provider = answering({})
    with pytest.raises(NotAuthorised, match="Sign in"):
        google(provider).poll(Access({"account": ACCOUNT}), None)
    assert provider.asked == []
    assert (
        "GOOGLE_CLIENT_ID" in registry.build(registry.endpoints(None), registry.Credentials()).get("google").missing()
    )
    assert CREDENTIALS.google_client_id
