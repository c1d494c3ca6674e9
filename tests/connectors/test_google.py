"""Google reviews: linked, and read location by location."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from healthberry.connectors.base import Access, InboundItem
from healthberry.connectors.errors import NotAuthorised, Unavailable
from tests.connectors.fakes import Provider
from tests.connectors.google_samples import (
    ACCOUNT,
    FIRST,
    LOCATION,
    REVIEW,
    SECOND,
    SECRETS,
    SINCE,
    Profile,
    channel,
    error,
    google,
    past,
    place,
    review,
)


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
