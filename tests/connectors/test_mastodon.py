"""Mastodon: how notifications and tags are read, and what is looked at again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from healthberry.connectors.base import Access, Connector
from healthberry.connectors.errors import Gone, NotAuthorised, RateLimited, Rejected, Unavailable
from healthberry.connectors.errors import UnexpectedAnswer as Unexpected
from tests.connectors.fakes import Provider, answering, as_json
from tests.connectors.mastodon_samples import CONFIG, LATELY, SIGNED_IN, STATUS, by_path, mastodon, status


def notification(number: int, **changes: Any) -> dict[str, Any]:
    return {"id": str(34000000 + number), "type": "mention", "created_at": LATELY, "status": status(number, **changes)}


def caught_up(connector: Connector, cursor: str | None, access: Access = SIGNED_IN) -> tuple[list[str], str | None]:
    """Poll to the end; return the ids and the cursor."""
    found: list[str] = []
    for _ in range(20):
        page = connector.poll(access, cursor)
        cursor = page.cursor
        found += [item.remote_id for item in page.items]
        if not page.more:
            return found, cursor
    raise AssertionError("the catch-up does not end")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (as_json({"error": "Bad"}, 400), Rejected),
        (httpx.Response(400, text="Invalid Bearer token"), NotAuthorised),
        (as_json({"error": "The access token is invalid"}, 401), NotAuthorised),
        (as_json({"error": "outside the authorized scopes"}, 403), NotAuthorised),
        (httpx.Response(404, html="<h1>Not found"), Gone),
        (as_json({"error": "Record not found"}, 404), Gone),
        (httpx.Response(410), Gone),
        (as_json({"error": "Validation failed"}, 422), Rejected),
        (as_json({"error": "Too many requests"}, 429), RateLimited),
        (httpx.Response(503, html="<h1>Maintenance"), Unavailable),
        (httpx.Response(302, headers={"location": "/login"}), Unexpected),
        (as_json({"not": "a list"}), Unexpected),
        (httpx.Response(200, html="<p>maintenance"), Unavailable),
    ],
)
def test_what_a_server_answers_means_the_same_wherever_it_runs(answer: httpx.Response, error: type[Exception]) -> None:
    with pytest.raises(error):
        mastodon(answering(answer)).poll(SIGNED_IN, None)


def test_the_reset_is_a_time_and_is_waited_for() -> None:
    at = (datetime.now(UTC) + timedelta(seconds=120)).isoformat(timespec="microseconds").replace("+00:00", "Z")
    with pytest.raises(RateLimited) as raised:
        mastodon(answering(as_json({}, 429, x_ratelimit_reset=at))).poll(SIGNED_IN, None)
    assert raised.value.retry_after is not None
    assert 110 < raised.value.retry_after <= 120


def test_the_last_calls_of_a_limit_are_left_to_others() -> None:
    at = (datetime.now(UTC) + timedelta(seconds=60)).isoformat()
    page = as_json([notification(1, in_reply_to_id="5")], x_ratelimit_remaining="3", x_ratelimit_reset=at)
    provider = answering(page)
    with pytest.raises(RateLimited):
        mastodon(provider).poll(SIGNED_IN, None)
    assert len(provider.asked) == 1


def test_a_poll_goes_on_from_what_it_knew_with_overlap_and_without_reading_it_twice() -> None:
    there = [notification(number) for number in range(30, 0, -1)]

    def notifications(request: httpx.Request) -> Any:
        after, before = (int(request.url.params.get(name, other)) for name, other in (("min_id", 0), ("max_id", 10**9)))
        return sorted((one for one in there if after < int(one["id"]) < before), key=lambda one: -int(one["id"]))[-40:]

    provider = by_path(notifications=notifications)
    connector = mastodon(provider)
    found, cursor = caught_up(connector, None)
    assert len(found) == 30
    there.insert(0, notification(31))
    page = connector.poll(SIGNED_IN, cursor)
    assert [item.remote_id for item in page.items] == [status(31)["id"]]
    (asked,) = [one for one in provider.asked[-1:] if "min_id" in one.url.params]
    assert int(asked.url.params["min_id"]) == 34000011


def test_links_lead_on_by_their_ids_alone_and_never_to_another_host() -> None:
    link = '<http://169.254.169.254/x?max_id=42>; rel="next", <https://evil.example/?min_id=99>; rel="prev"'
    provider = by_path(notifications=lambda request: as_json([notification(1)], link=link))
    mastodon(provider).poll(SIGNED_IN, mastodon(provider).poll(SIGNED_IN, None).cursor)
    assert {one.url.host for one in provider.asked} == {"social.example"}
    assert provider.asked[-1].url.params["max_id"] == "42"


def test_answers_are_put_into_the_thread_that_they_belong_to() -> None:
    follow_up = notification(3, in_reply_to_id="113001000000000500")
    context = {"ancestors": [status(1), {"id": "113001000000000500"}], "descendants": []}
    provider = by_path(notifications=[follow_up, notification(1)], context=context)
    items = {item.remote_id: item for item in mastodon(provider).poll(SIGNED_IN, None).items}
    assert items[status(3)["id"]].thread_id == status(1)["id"]
    assert items[status(3)["id"]].in_reply_to == "113001000000000500"
    assert items[status(1)["id"]].thread_id == status(1)["id"]


def test_public_posts_with_chosen_tags_are_read_and_our_own_announcements_are_not() -> None:
    mine = status(8, account={"id": "9", "username": "trust", "acct": "trust"})
    provider = by_path(care=[status(7), mine])
    access = Access({**CONFIG, "tags": ["care"]}, SIGNED_IN.secrets)
    found, _ = caught_up(mastodon(provider), None, access)
    assert set(found) == {status(7)["id"]}
    assert any(one.url.path == "/api/v1/timelines/tag/care" for one in provider.asked)


@pytest.mark.parametrize(
    ("seen_by", "private"), [("public", None), ("unlisted", None), ("private", True), ("direct", True)]
)
def test_what_only_some_may_see_is_marked_private(seen_by: str, private: bool | None) -> None:
    provider = by_path(notifications=[notification(1, visibility=seen_by)])
    (item,) = mastodon(provider).poll(SIGNED_IN, None).items
    assert (item.source["visibility"], item.source.get("private")) == (seen_by, private)


def test_a_content_warning_is_the_title_and_pictures_are_references() -> None:
    media = [{"type": "image", "url": "https://cdn.example/a.png", "description": "A queue"}, None]
    provider = by_path(notifications=[notification(1, spoiler_text="Birth", media_attachments=media)])
    (item,) = mastodon(provider).poll(SIGNED_IN, None).items
    assert item.title == "Birth"
    assert item.attachments[0] == {"type": "image", "url": "https://cdn.example/a.png", "description": "A queue"}
    assert item.syndication_key == STATUS["uri"]
    assert (item.author.screen_name, item.author.remote_id) == ("@sam@other.example", "77")


def test_a_broken_element_is_kept_aside_after_a_second_look_and_blocks_nobody() -> None:
    provider = by_path(notifications=[notification(2), "stray", {"id": "1", "status": {"content": 5}}])
    connector = mastodon(provider)
    first = connector.poll(SIGNED_IN, None)
    second = connector.poll(SIGNED_IN, first.cursor)
    assert [item.remote_id for item in first.items] == [item.remote_id for item in second.items] == [status(2)["id"]]
    assert (len(first.bad), len(second.bad)) == (0, 2)


def test_servers_that_give_only_single_posts_are_asked_one_by_one() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/statuses"):
            return httpx.Response(404)
        gone = request.url.path.endswith(status(2)["id"])
        return httpx.Response(404) if gone else as_json(status(1, content="<p>Edited"))

    found = mastodon(Provider(answer)).recheck(SIGNED_IN, [status(1)["id"], status(2)["id"]])
    assert [(item.remote_id, item.change, item.text) for item in found] == [
        (status(1)["id"], "edited", "Edited"),
        (status(2)["id"], "withdrawn", ""),
    ]
