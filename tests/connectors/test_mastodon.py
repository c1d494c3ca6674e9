import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from uuid_utils.compat import uuid7

from healthberry.connectors import registry
from healthberry.connectors.base import Access, Connector, Reply, ReplyTarget
from healthberry.connectors.errors import Gone, NotAuthorised, NotLinked, RateLimited, Rejected, Unavailable
from healthberry.connectors.errors import UnexpectedAnswer as Unexpected
from healthberry.connectors.mastodon_server import server_of
from healthberry.connectors.mastodon_words import comparable, length, plain
from tests.connectors.fakes import Provider, answering, as_json, connectors

BACK = "https://hb.example/channels/mastodon/callback"
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
CONFIG = {"server": "social.example", "tags": [], "account_id": "9", "username": "trust"}
SIGNED_IN = Access(CONFIG, {"access_token": "own-token", "client_id": "c", "client_secret": "s"})
LATELY = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
STATUS: dict[str, Any] = {
    "id": "113001000000000001",
    "uri": "https://other.example/users/sam/statuses/5",
    "url": "https://other.example/@sam/5",
    "created_at": LATELY,
    "edited_at": None,
    "account": {"id": "77", "username": "sam", "acct": "sam@other.example", "url": "https://other.example/@sam"},
    "content": "<p>@trust waited two hours</p>",
    "visibility": "public",
    "in_reply_to_id": None,
    "media_attachments": [],
}


def status(number: int = 1, **changes: Any) -> dict[str, Any]:
    return copy.deepcopy(STATUS) | {"id": str(113001000000000000 + number)} | changes


def notification(number: int, **changes: Any) -> dict[str, Any]:
    return {"id": str(34000000 + number), "type": "mention", "created_at": LATELY, "status": status(number, **changes)}


def mastodon(provider: Provider) -> Connector:
    return connectors(provider).get("mastodon")


def by_path(**answers: Callable[[httpx.Request], Any] | Any) -> Provider:
    """Answer by the last part of the path; what is not named is an empty list."""

    def answer(request: httpx.Request) -> httpx.Response:
        given = answers.get(request.url.path.rpartition("/")[2], [])
        given = given(request) if callable(given) else given
        return given if isinstance(given, httpx.Response) else as_json(given)

    return Provider(answer)


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


def reply_to(text: str = "Thank you.") -> Reply:
    target = ReplyTarget(status()["id"], status()["id"], None, None, {"visibility": "public"}, None)
    return Reply(str(uuid7()), text, target, "Pat Lee", "pals@trust.example")


ANSWER = status(
    500,
    account={"id": "9", "username": "trust", "acct": "trust"},
    content='<p><span class="h-card"><a href="https://other.example/@sam" class="u-url mention">@<span>sam</span></a>'
    "</span> Thank you.</p>",
    in_reply_to_id=STATUS["id"],
    created_at=datetime.now(UTC).isoformat(),
    url="https://social.example/@trust/500",
)


def publishing(posted: Any, *, below: list[Any] | None = None, parent: Any = STATUS) -> Provider:
    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.method == "POST" or request.method == "DELETE":
            given = posted(request) if callable(posted) else posted
        elif path.endswith("/context"):
            given = {"ancestors": [], "descendants": below or []}
        else:
            given = [] if path.endswith("/statuses") else parent
        return given if isinstance(given, httpx.Response) else as_json(given)

    return Provider(answer)


def wrote(provider: Provider) -> list[httpx.Request]:
    return [one for one in provider.asked if one.method != "GET"]


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("mastodon.social", "mastodon.social"),
        (" Mastodon.Social ", "mastodon.social"),
        ("https://mastodon.social/@trust", "mastodon.social"),
        ("@trust@mastodon.social", "mastodon.social"),
        ("trust@social.nhs.example", "social.nhs.example"),
    ],
)
def test_a_server_is_known_by_whatever_people_type(typed: str, host: str) -> None:
    assert server_of(typed) == host


@pytest.mark.parametrize(
    "typed", ["", "127.0.0.1", "localhost", "http://[::1]/", "10.1.2.3", "no server", "@trust", "a..b"]
)
def test_what_is_no_public_name_is_no_server(typed: str) -> None:
    with pytest.raises(NotLinked) as raised:
        mastodon(answering({})).prepare({"server": typed}, BACK)
    assert raised.value.field == "server"


def test_an_application_is_registered_with_the_fewest_permissions_and_its_secret_kept() -> None:
    provider = by_path(
        instance={"domain": "social.example"},
        apps={"client_id": "c", "client_secret": "s"},
        token={"access_token": "application's"},
    )
    begun = mastodon(provider).prepare({"server": "social.example", "tags": "#RoyalExample, care\n#care"}, BACK)
    assert dict(begun.config) == {"server": "social.example", "tags": ["royalexample", "care"]}
    assert dict(begun.secrets) == {"client_id": "c", "client_secret": "s"}
    (registered,) = [one for one in provider.asked if one.url.path == "/api/v1/apps"]
    form = httpx.QueryParams(registered.content.decode())
    assert form["scopes"] == "read:notifications read:statuses read:accounts write:statuses"
    assert form["redirect_uris"] == BACK
    assert "secret" not in repr(begun)
    url = mastodon(provider).authorise_url(begun, "state-1", BACK, "v" * 50)
    assert url.startswith("https://social.example/oauth/authorize?")
    assert httpx.URL(url).params["code_challenge_method"] == "S256"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404),
        httpx.Response(200, html="<p>Hello"),
        httpx.ConnectError("no such name"),
        httpx.Response(302),
    ],
)
def test_a_server_that_is_none_is_said_at_its_field(answer: Any) -> None:
    with pytest.raises(NotLinked) as raised:
        mastodon(answering(answer)).prepare({"server": "www.bbc.example"}, BACK)
    assert raised.value.field == "server"
    assert "bbc.example" in raised.value.reason


@pytest.mark.parametrize("tags", ["two words-here", "#123", "\n".join(f"tag{number}" for number in range(11))])
def test_what_is_no_tag_is_said_at_its_field(tags: str) -> None:
    with pytest.raises(NotLinked) as raised:
        mastodon(answering({})).prepare({"server": "social.example", "tags": tags}, BACK)
    assert raised.value.field == "tags"


def test_a_sign_in_that_was_cancelled_or_refused_is_said() -> None:
    begun = Access({"server": "social.example"}, {"client_id": "c", "client_secret": "s"})
    refused = answering(as_json({"error": "invalid_grant"}, 400))
    with pytest.raises(NotAuthorised):
        mastodon(refused).authorise(begun, {"error": "access_denied"}, BACK, "v")
    assert refused.asked == []
    with pytest.raises(NotAuthorised):
        mastodon(refused).authorise(begun, {"code": "old"}, BACK, "v")
    with pytest.raises(NotAuthorised):
        mastodon(refused).authorise_url(Access({"server": "social.example"}), "s", BACK, "v")


def test_a_token_that_runs_out_is_renewed_and_one_that_does_not_has_no_end() -> None:
    me = {"id": "9", "username": "trust"}
    forever = by_path(token={"access_token": "t"}, verify_credentials=me)
    got = mastodon(forever).authorise(SIGNED_IN, {"code": "c"}, BACK, "v")
    assert (got.expires_at, got.account, got.account_id) == (None, "@trust@social.example", "9@social.example")
    ending = by_path(token={"access_token": "t2", "refresh_token": "r2", "expires_in": 7200}, verify_credentials=me)
    renewed = mastodon(ending).refresh(Access(CONFIG, {**SIGNED_IN.secrets, "refresh_token": "r"}))
    assert renewed.secrets["refresh_token"] == "r2"
    assert renewed.expires_at is not None
    assert renewed.expires_at > datetime.now(UTC) + timedelta(hours=1)
    with pytest.raises(NotAuthorised):
        mastodon(ending).refresh(SIGNED_IN)


@pytest.mark.parametrize(
    "instance",
    [
        {"configuration": {"statuses": {"max_characters": 1000}, "urls": {"streaming": "wss://stream.example"}}},
        {"max_toot_chars": 1000, "urls": {"streaming_api": "wss://stream.example"}},
    ],
)
def test_the_limits_of_the_server_and_the_host_of_its_stream_are_kept(instance: Any) -> None:
    provider = by_path(instance=instance, verify_credentials={"id": "9", "username": "trust"})
    (one,) = mastodon(provider).link(SIGNED_IN).found
    assert (one.listing.config["limit"], one.listing.config["per_url"]) == (1000, 23)
    assert one.listing.config["streaming"] == "wss://stream.example"
    assert (one.listing.remote_id, one.listing.label) == ("9@social.example", "@trust@social.example")


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


def test_an_answer_names_whom_it_answers_is_as_public_as_that_and_carries_its_key() -> None:
    provider = publishing(ANSWER, parent=status(visibility="unlisted"))
    reply = reply_to()
    sent = mastodon(provider).reply(SIGNED_IN, reply)
    (posted,) = wrote(provider)
    assert (sent.remote_id, sent.url) == (ANSWER["id"], ANSWER["url"])
    assert posted.headers["idempotency-key"] == reply.key
    assert json.loads(posted.content) == {
        "status": "@sam@other.example Thank you.",
        "in_reply_to_id": STATUS["id"],
        "visibility": "unlisted",
    }


def test_an_answer_that_is_there_is_not_published_again_even_where_keys_are_ignored() -> None:
    provider = publishing(ANSWER, below=[ANSWER])
    assert mastodon(provider).reply(SIGNED_IN, reply_to()).remote_id == ANSWER["id"]
    assert wrote(provider) == []


def test_the_same_words_from_before_this_reply_was_written_are_another_answer() -> None:
    yesterday = ANSWER | {"created_at": (datetime.now(UTC) - timedelta(days=1)).isoformat()}
    provider = publishing(ANSWER, below=[yesterday])
    assert mastodon(provider).find_reply(SIGNED_IN, reply_to()) is None
    mastodon(provider).reply(SIGNED_IN, reply_to())
    assert len(wrote(provider)) == 1


def test_what_was_published_as_no_answer_is_taken_back() -> None:
    provider = publishing(ANSWER | {"in_reply_to_id": None})
    with pytest.raises(Gone):
        mastodon(provider).reply(SIGNED_IN, reply_to())
    assert [one.method for one in wrote(provider)] == ["POST", "DELETE"]


def test_what_cannot_be_taken_back_is_said_and_not_tried_again() -> None:
    stubborn = publishing(
        lambda request: ANSWER | {"in_reply_to_id": None} if request.method == "POST" else httpx.Response(500)
    )
    with pytest.raises(Rejected, match="delete it"):
        mastodon(stubborn).reply(SIGNED_IN, reply_to())


@pytest.mark.parametrize("gone", [as_json({"error": "Record not found"}, 404), httpx.Response(410)])
def test_a_post_that_was_deleted_cannot_be_answered(gone: httpx.Response) -> None:
    provider = publishing(ANSWER, parent=gone)
    with pytest.raises(Gone, match="deleted"):
        mastodon(provider).reply(SIGNED_IN, reply_to())
    assert wrote(provider) == []


def test_what_is_too_long_with_the_name_before_it_is_refused_before_it_is_sent() -> None:
    provider = publishing(ANSWER)
    with pytest.raises(Rejected, match="5 characters longer"):
        mastodon(provider).reply(SIGNED_IN, reply_to(text="x" * 500))
    assert wrote(provider) == []
    longer = Access({**CONFIG, "limit": 1000}, SIGNED_IN.secrets)
    mastodon(provider).reply(longer, reply_to(text="x" * 500))
    assert len(wrote(provider)) == 1


def test_without_its_token_a_channel_is_answered_on_its_site() -> None:
    target = reply_to().target
    assert mastodon(answering({})).may_reply(Access(CONFIG), target).mode == "assisted"
    assert mastodon(answering({})).may_reply(SIGNED_IN, target).mode == "api"
    with pytest.raises(NotAuthorised):
        mastodon(answering({})).reply(Access(CONFIG), reply_to())


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


def test_a_stream_turns_when_it_opens_and_at_each_event() -> None:
    body = b':)\n\n:thump\nevent: notification\ndata: {"x": 1}\n\nevent: unknown\ndata: 1\n\nevent: delete\ndata: 5\n\n'
    provider = answering(httpx.Response(200, content=body, headers={"content-type": "text/event-stream"}))
    access = Access({**CONFIG, "streaming": "wss://stream.social.example"}, SIGNED_IN.secrets)
    turns = mastodon(provider).listen(access)
    assert [next(turns) for _ in range(3)] == [None] * 3
    with pytest.raises(Unavailable):
        next(turns)
    assert provider.asked[0].url.host == "stream.social.example"
    assert provider.asked[0].headers["authorization"] == "Bearer own-token"


@pytest.mark.parametrize(("code", "error"), [(401, NotAuthorised), (404, Gone), (503, Unavailable), (302, Unexpected)])
def test_a_stream_that_is_refused_says_why(code: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        next(mastodon(answering(httpx.Response(code))).listen(SIGNED_IN))


def test_a_stream_is_never_looked_for_inside() -> None:
    access = Access({**CONFIG, "streaming": "wss://127.0.0.1"}, SIGNED_IN.secrets)
    provider = answering({})
    with pytest.raises(Unexpected):
        mastodon(provider).listen(access)
    assert provider.asked == []


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"),
        ("&lt;b&gt; &amp;amp; it&#39;s", "<b> &amp; it's"),
        ('<a href="https://a.example/very/long"><span class="invisible">https://</span>a.example/very…</a>',
         "https://a.example/very/long"),
        ('<a href="https://a.example/x">our site</a>', "our site (https://a.example/x)"),
        ('<a href="javascript:alert(1)">press</a>', "press"),
        ("<ul><li>one</li><li>two</li></ul>", "* one\n* two"),
        ("a<script>alert(1)</script>b<!-- c -->", "ab"),
        ("<p>one<a href='https://x.example'>two", "onetwo (https://x.example)"),
        ("5 < 6 > 4", "5 < 6 > 4"),
    ],
)  # fmt: skip
def test_html_becomes_words(html: str, words: str) -> None:
    assert plain(html) == words


@pytest.mark.parametrize("piece", ["<b>", "<a href='https://x.example'>", "<!--", "<a ", "<script>", "</", "&", "<br>"])
def test_html_of_any_making_is_read_in_a_moment(piece: str) -> None:
    before = datetime.now(UTC)
    plain(piece * 50_000)
    assert datetime.now(UTC) - before < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("Thank you", 9),
        ("https://www.nhs.uk/a/very/long/address/indeed", 23),
        ("@sam@other.example hi", 7),
        ("👩‍⚕️é", 2),
        ("See https://a.example/x.", 28),
    ],
)
def test_letters_are_counted_as_mastodon_counts_them(text: str, counted: int) -> None:
    assert length(text) == counted


def test_words_are_compared_without_names_and_the_looks_of_addresses() -> None:
    assert comparable("@sam@other.example Hi  there, https://a.example/x.") == comparable(
        "Hi there, https://b.example/y."
    )
    assert comparable("Hi there") != comparable("Hi, there")


def test_a_real_installation_reaches_public_servers_alone() -> None:
    real = registry.build(registry.endpoints(None), registry.Credentials()).get("mastodon")
    with pytest.raises(NotLinked):
        # The name exists in no zone: nothing is called, whatever the resolver of this machine says.
        real.prepare({"server": "inside.invalid"}, BACK)
