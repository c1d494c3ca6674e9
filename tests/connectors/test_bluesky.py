import base64
import copy
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from uuid_utils.compat import uuid4, uuid7

from healthberry.connectors.base import Access, Connector, Reply, ReplyTarget
from healthberry.connectors.bluesky_posts import LIMITED
from healthberry.connectors.bluesky_replies import record_key
from healthberry.connectors.bluesky_session import runs_out
from healthberry.connectors.bluesky_text import facets, length, words
from healthberry.connectors.errors import (
    Gone,
    NotAuthorised,
    NotLinked,
    RateLimited,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
)
from tests.connectors.fakes import Provider, answering, as_json, connectors
from tests.connectors.samples import NOTIFICATION

DID = "did:plc:trust"
CONFIG = {"did": DID, "handle": "trust.example", "words": []}
PDS = "https://pds.example"
SECRETS = {"access_token": "own", "refresh_token": "renewing", "did": DID, "handle": "trust.example", "pds": PDS}
SIGNED_IN = Access(CONFIG, SECRETS)
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
LATELY = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")


def uri(number: int, did: str = "did:plc:sam") -> str:
    return f"at://{did}/app.bsky.feed.post/3mzq{number:09d}"


def post(number: int = 1, **changes: Any) -> dict[str, Any]:
    made = copy.deepcopy(NOTIFICATION) | {"uri": uri(number), "cid": f"bafy{number}", "indexedAt": LATELY}
    made["record"]["createdAt"] = LATELY
    made["record"] |= changes.pop("record", {})
    return made | changes


def answer_to(root: str, parent: str) -> dict[str, Any]:
    return {"reply": {"root": {"uri": root, "cid": "r"}, "parent": {"uri": parent, "cid": "p"}}}


def by_method(**answers: Callable[[httpx.Request], Any] | Any) -> Provider:
    """Answer by the last part of the method; what is not named is an empty object."""

    def answer(request: httpx.Request) -> httpx.Response:
        given = answers.get(request.url.path.rpartition(".")[2], {})
        given = given(request) if callable(given) else given
        if isinstance(given, Exception):
            raise given
        return given if isinstance(given, httpx.Response) else as_json(given)

    return Provider(answer)


def bluesky(provider: Provider) -> Connector:
    return connectors(provider).get("bluesky")


def token(seconds: int) -> str:
    claims = {"exp": int((datetime.now(UTC) + timedelta(seconds=seconds)).timestamp())}
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b'=').decode()}.c2ln"


def opened(**changes: Any) -> dict[str, Any]:
    service = [{"id": "#atproto_pds", "serviceEndpoint": PDS}]
    made = {"accessJwt": token(7200), "refreshJwt": "r1", "did": DID, "handle": "trust.example", "active": True}
    return made | {"didDoc": {"service": service}} | changes


INSIDE = {"service": [{"id": "#atproto_pds", "serviceEndpoint": "http://10.0.0.1"}]}
LIST = f"a.{base64.b64encode(b'[1]').decode()}.c"


def reply(text: str = "Thank you.", key: str = "") -> Reply:
    return Reply(key or str(uuid7()), text, ReplyTarget(uri(1), uri(1), None, None, {}, None), "Pat", "p@trust.example")


def caught_up(connector: Connector, cursor: str | None, access: Access = SIGNED_IN) -> tuple[list[str], str | None]:
    """Poll to the end; return the ids and the cursor."""
    found: list[str] = []
    for _ in range(30):
        page = connector.poll(access, cursor)
        cursor = page.cursor
        found += [item.remote_id for item in page.items]
        if not page.more:
            return found, cursor
    raise AssertionError("the catch-up does not end")


def publishing(put: Any, **answers: Any) -> Provider:
    missing = as_json({"error": "RecordNotFound", "message": "Could not locate record"}, 400)
    return by_method(**{"getRecord": missing, "getPosts": {"posts": [post(1)]}, "putRecord": put} | answers)


def put_by(provider: Provider) -> list[dict[str, Any]]:
    return [json.loads(one.content) for one in provider.asked if one.url.path.endswith("putRecord")]


def test_an_app_password_opens_a_session_at_the_accounts_own_server() -> None:
    provider = by_method(createSession=opened(), listNotifications={"notifications": []})
    given = {"handle": "@Trust.example ", "app_password": " abcd-efgh-ijkl-mnop ", "words": "Royal Example\nward"}
    begun = bluesky(provider).prepare(given, "")
    (one,) = bluesky(provider).link(begun).found
    assert (one.listing.remote_id, one.listing.label, one.account) == (DID, "@trust.example", "@trust.example")
    assert one.listing.config["words"] == ["Royal Example", "ward"]
    assert one.secrets["app_password"] == "abcd-efgh-ijkl-mnop"
    assert one.expires_at
    assert timedelta(minutes=110) < one.expires_at - datetime.now(UTC) < timedelta(minutes=121)
    assert [one.url.host for one in provider.asked] == ["bsky.social", "pds.example"]
    assert "mnop" not in repr(begun) + repr(one)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"handle": "trust", "app_password": "x"}, "handle"),
        ({"handle": "", "app_password": "x"}, "handle"),
        ({"handle": "trust.example", "app_password": " "}, "app_password"),
        ({"handle": "trust.example", "app_password": "x", "words": "a"}, "words"),
        ({"handle": "trust.example", "app_password": "x", "words": 'a "b" c'}, "words"),
        ({"handle": "trust.example", "app_password": "x", "words": "\n".join("abcdefg")}, "words"),
    ],
)
def test_what_is_wrong_in_the_form_is_said_at_its_field(given: dict[str, str], field: str) -> None:
    provider = answering({})
    with pytest.raises(NotLinked) as raised:
        bluesky(provider).prepare(given, "")
    assert raised.value.field == field
    assert provider.asked == []


@pytest.mark.parametrize(
    ("answer", "field", "words"),
    [
        (as_json({"error": "AuthenticationRequired"}, 401), "app_password", "Check both"),
        (as_json({"error": "AuthFactorTokenRequired"}, 400), "app_password", "app password"),
        (as_json({"error": "AuthFactorTokenRequired"}, 401), "app_password", "app password"),
        (as_json({"error": "AccountTakedown"}, 401), "app_password", "Check both"),
        (as_json({"error": "InvalidRequest", "message": "Bad handle"}, 400), "app_password", "Bad handle"),
        (as_json(opened(active=False)), "handle", "deactivated"),
        (as_json({"did": DID}), "handle", "signed us in"),
        (as_json(opened(didDoc=INSIDE)), "handle", "reach"),
    ],
)
def test_a_sign_in_that_is_refused_is_said(answer: httpx.Response, field: str, words: str) -> None:
    with pytest.raises(NotLinked, match=words) as raised:
        bluesky(answering(answer)).prepare({"handle": "trust.example", "app_password": "x"}, "")
    assert raised.value.field == field


@pytest.mark.parametrize(
    "pds",
    ["http://pds.example", "https://127.0.0.1", "https://pds.example:8443", "https://localhost", "https://u@pds.example",
     "https://pds.example/x", "file:///etc/passwd"],
)  # fmt: skip
def test_a_server_that_is_no_public_name_is_never_called(pds: str) -> None:
    provider = answering({})
    with pytest.raises(UnexpectedAnswer):
        bluesky(provider).poll(Access(CONFIG, {**SECRETS, "pds": pds}), None)
    assert provider.asked == []


def test_a_session_is_renewed_without_signing_in_again() -> None:
    provider = by_method(refreshSession=opened(refreshJwt="r2"))
    got = bluesky(provider).refresh(Access(CONFIG, {**SECRETS, "app_password": "abcd"}))
    assert (got.secrets["refresh_token"], got.secrets["app_password"]) == ("r2", "abcd")
    assert (got.account_id, got.account) == (DID, "@trust.example")
    assert [one.url.path for one in provider.asked] == ["/xrpc/com.atproto.server.refreshSession"]
    assert provider.asked[0].headers["authorization"] == "Bearer renewing"


def test_only_a_renewal_that_is_refused_signs_in_again() -> None:
    refused = as_json({"error": "ExpiredToken"}, 400)
    provider = by_method(refreshSession=refused, createSession=opened())
    got = bluesky(provider).refresh(Access(CONFIG, {**SECRETS, "app_password": "abcd"}))
    assert got.secrets["refresh_token"] == "r1"
    assert json.loads(provider.asked[1].content) == {"identifier": DID, "password": "abcd"}
    with pytest.raises(NotAuthorised):
        bluesky(by_method(refreshSession=refused)).refresh(SIGNED_IN)
    gone = by_method(refreshSession=refused, createSession=as_json({"error": "AuthenticationRequired"}, 401))
    with pytest.raises(NotAuthorised, match="app password"):
        bluesky(gone).refresh(Access(CONFIG, {**SECRETS, "app_password": "abcd"}))
    with pytest.raises(Unavailable):
        bluesky(by_method(refreshSession=httpx.Response(502))).refresh(SIGNED_IN)


@pytest.mark.parametrize("odd", ["", "a.b", "a.!!!.c", "a.e30.c", LIST, "x" * 9000])
def test_a_token_that_does_not_say_when_it_ends_lives_as_long_as_is_usual(odd: str) -> None:
    assert timedelta(minutes=100) < runs_out(odd) - datetime.now(UTC) < timedelta(minutes=120)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (as_json({"error": "ExpiredToken"}, 400), Unavailable),
        (as_json({"error": "InvalidToken"}, 400), NotAuthorised),
        (as_json({"error": "AuthMissing"}, 401), NotAuthorised),
        (httpx.Response(401), NotAuthorised),
        (as_json({"error": "AccountTakedown"}, 400), NotAuthorised),
        (httpx.Response(403), NotAuthorised),
        (as_json({"error": "BadQueryString"}, 400), Rejected),
        (as_json({"error": "NotFound"}, 400), Gone),
        (httpx.Response(404, html="<h1>"), Gone),
        (as_json({"error": "RateLimitExceeded"}, 429), RateLimited),
        (as_json({"error": "UpstreamFailure"}, 502), Unavailable),
        (httpx.Response(200, html="<h1>"), Unavailable),
        (as_json([]), UnexpectedAnswer),
    ],
)
def test_what_bluesky_answers_is_an_error_of_ours(answer: httpx.Response, error: type[Exception]) -> None:
    with pytest.raises(error):
        bluesky(answering(answer)).poll(SIGNED_IN, None)


def test_the_reset_of_a_limit_is_waited_for() -> None:
    at = str(int(datetime.now(UTC).timestamp()) + 120)
    with pytest.raises(RateLimited) as raised:
        bluesky(answering(as_json({}, 429, ratelimit_reset=at))).poll(SIGNED_IN, None)
    assert raised.value.retry_after is not None
    assert 110 < raised.value.retry_after <= 120


def test_polling_never_signs_in() -> None:
    provider = by_method(listNotifications={"notifications": [post(1)]})
    caught_up(bluesky(provider), None)
    assert not [one for one in provider.asked if "server" in one.url.path]
    assert {one.headers["authorization"] for one in provider.asked} == {"Bearer own"}


def test_short_and_empty_pages_with_a_cursor_are_followed() -> None:
    pages = {"": ([], "c1"), "c1": ([post(2)], "c2"), "c2": ([post(1)], None)}

    def notifications(request: httpx.Request) -> Any:
        found, cursor = pages[request.url.params.get("cursor", "")]
        return {"notifications": found} | ({"cursor": cursor} if cursor else {})

    found, _ = caught_up(bluesky(by_method(listNotifications=notifications)), None)
    assert sorted(found) == [uri(1), uri(2)]


def test_a_cursor_that_comes_again_ends_the_walk_and_a_garbled_one_leads_nowhere() -> None:
    again = by_method(listNotifications={"notifications": [post(1)], "cursor": "same"})
    caught_up(bluesky(again), None)
    garbled = by_method(listNotifications={"notifications": [post(1)], "cursor": "c\ufffd"})
    with pytest.raises(Unavailable):
        bluesky(garbled).poll(SIGNED_IN, None)


def test_a_poll_goes_back_to_what_it_knew_with_overlap() -> None:
    old = (datetime.now(UTC) - timedelta(hours=30)).isoformat()
    asked: list[str] = []

    def notifications(request: httpx.Request) -> Any:
        asked.append(request.url.params.get("cursor", ""))
        if asked[-1]:
            return {"notifications": [post(1, indexedAt=old)], "cursor": "further"}
        return {"notifications": [post(2)], "cursor": "c1"}

    connector = bluesky(by_method(listNotifications=notifications))
    _, cursor = caught_up(connector, None)
    assert asked == ["", "c1", "further"]
    asked.clear()
    found, _ = caught_up(connector, cursor)
    assert found == [uri(2)], "what is inside the overlap comes again, what is older does not"
    assert asked == ["", "c1"]


def test_only_mentions_answers_and_quotes_are_asked_for() -> None:
    provider = by_method()
    caught_up(bluesky(provider), None)
    assert provider.asked[0].url.params.get_list("reasons") == ["mention", "reply", "quote"]
    assert "seenAt" not in provider.asked[0].url.params


def test_phrases_are_searched_for_in_quotation_marks_and_our_own_posts_are_no_feedback() -> None:
    mine = post(5, uri=uri(5, DID))
    provider = by_method(searchPosts={"posts": [post(3), mine]})
    found, _ = caught_up(bluesky(provider), None, Access({**CONFIG, "words": ["Royal Example", "ward"]}, SECRETS))
    searched = [one.url.params for one in provider.asked if one.url.path.endswith("searchPosts")]
    assert [one["q"] for one in searched] == ['"Royal Example"', "ward"]
    assert all(one["since"] for one in searched)
    assert set(found) == {uri(3)}


def test_what_an_answer_is_about_comes_along_until_it_was_deleted() -> None:
    ours, first = uri(2, DID), uri(1)
    above = post(2, uri=ours, record=answer_to(first, first))
    thread = {
        "post": post(3, record=answer_to(first, ours)),
        "parent": {"post": above, "parent": {"$type": "app.bsky.feed.defs#notFoundPost", "notFound": True}},
    }
    provider = by_method(
        listNotifications={"notifications": [post(3, record=answer_to(first, ours))]}, getPostThread={"thread": thread}
    )
    items = {item.remote_id: item for item in bluesky(provider).poll(SIGNED_IN, None).items}
    assert set(items) == {uri(3), ours}
    assert (items[ours].direction, items[uri(3)].direction) == ("outbound", "inbound")
    assert {item.thread_id for item in items.values()} == {first}
    assert items[uri(3)].in_reply_to == ours


def test_a_thread_that_cannot_be_had_holds_up_nothing() -> None:
    answer = post(3, record=answer_to(uri(1), uri(2)))
    provider = by_method(
        listNotifications={"notifications": [answer]}, getPostThread=as_json({"error": "NotFound"}, 400)
    )
    assert [item.remote_id for item in bluesky(provider).poll(SIGNED_IN, None).items] == [uri(3)]


def test_our_own_answers_are_read_from_our_own_records() -> None:
    record = {"text": "Thank you.", "createdAt": LATELY, **answer_to(uri(1), uri(1))}
    news = {"text": "News", "createdAt": LATELY}
    records = [
        {"uri": uri(9, DID), "cid": "c", "value": record},
        {"uri": uri(8, DID), "cid": "d", "value": news},
    ]
    connector, cursor = bluesky(by_method(listRecords={"records": records})), None
    first = connector.poll(SIGNED_IN, cursor)
    (item,) = connector.poll(SIGNED_IN, first.cursor).items
    assert (item.remote_id, item.direction, item.thread_id) == (uri(9, DID), "outbound", uri(1))
    assert item.author.screen_name == "@trust.example"


def test_the_time_of_a_post_is_never_after_it_was_first_seen() -> None:
    later = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    provider = by_method(listNotifications={"notifications": [post(1, record={"createdAt": later})]})
    (item,) = bluesky(provider).poll(SIGNED_IN, None).items
    assert item.posted_at == datetime.fromisoformat(LATELY)


def test_pictures_are_their_descriptions_and_links_their_addresses() -> None:
    embed = {"$type": "app.bsky.embed.images", "images": [{"alt": "A queue", "image": {}}, None]}
    linked = {"external": {"uri": "https://example.org/x", "title": "News"}}
    both = [post(1, record={"embed": embed}), post(2, record={"embed": linked})]
    page = bluesky(by_method(listNotifications={"notifications": both})).poll(SIGNED_IN, None)
    items = {one.remote_id: one for one in page.items}
    assert items[uri(1)].attachments == ({"type": "image", "description": "A queue"},)
    assert items[uri(2)].attachments == ({"type": "link", "url": "https://example.org/x", "description": "News"},)


def test_a_post_whose_author_limits_answers_cannot_be_answered_from_here() -> None:
    provider = by_method(getPosts={"posts": [post(1, viewer={"replyDisabled": True})]})
    (item,) = bluesky(provider).recheck(SIGNED_IN, [uri(1)])
    assert item.may_not_reply == LIMITED
    closed = publishing({}, getPosts={"posts": [post(1, viewer={"replyDisabled": True})]})
    with pytest.raises(Rejected, match="limited"):
        bluesky(closed).reply(SIGNED_IN, reply())
    assert put_by(closed) == []


def test_the_record_of_a_reply_is_the_same_in_every_attempt() -> None:
    answer = reply("See https://example.org/é/x. Thank you.")
    first, second = (publishing({"uri": uri(7, DID), "cid": "c"}) for _ in range(2))
    sent = bluesky(first).reply(SIGNED_IN, answer)
    bluesky(second).reply(SIGNED_IN, answer)
    assert put_by(first) == put_by(second)
    (body,) = put_by(first)
    assert TID.fullmatch(body["rkey"])
    assert body["swapRecord"] is None
    assert body["repo"] == DID
    assert body["record"]["reply"] == {name: {"uri": uri(1), "cid": "bafy1"} for name in ("root", "parent")}
    assert body["record"]["facets"][0]["index"] == {
        "byteStart": 4,
        "byteEnd": 4 + len("https://example.org/é/x".encode()),
    }
    written = datetime.fromisoformat(body["record"]["createdAt"])
    assert abs(written - datetime.now(UTC)) < timedelta(seconds=5)
    assert sent.url == f"https://bsky.app/profile/{DID}/post/{uri(7).rpartition('/')[2]}"


def test_an_answer_to_an_answer_goes_into_its_thread() -> None:
    mid = post(1, record=answer_to(uri(50), uri(51)))
    provider = publishing({"uri": uri(7, DID)}, getPosts={"posts": [mid]})
    bluesky(provider).reply(SIGNED_IN, reply())
    (body,) = put_by(provider)
    assert body["record"]["reply"]["root"] == {"uri": uri(50), "cid": "r"}
    assert body["record"]["reply"]["parent"] == {"uri": uri(1), "cid": "bafy1"}


def test_a_reply_that_is_there_is_never_put_again() -> None:
    there = {"uri": uri(7, DID), "cid": "c", "value": {}}
    provider = publishing({}, getRecord=there)
    answer = reply()
    assert bluesky(provider).reply(SIGNED_IN, answer).remote_id == uri(7, DID)
    found = bluesky(provider).find_reply(SIGNED_IN, answer)
    assert found is not None
    assert found.remote_id == uri(7, DID)
    assert put_by(provider) == []
    looked = provider.asked[0].url.params
    assert (looked["repo"], looked["rkey"]) == (DID, record_key(answer.key))


def test_a_record_that_came_in_between_is_ours() -> None:
    missing = as_json({"error": "RecordNotFound"}, 400)
    looks = [missing, as_json({"uri": uri(7, DID), "cid": "c", "value": {}})]
    provider = publishing(as_json({"error": "InvalidSwap"}, 400), getRecord=lambda request: looks.pop(0))
    assert bluesky(provider).reply(SIGNED_IN, reply()).remote_id == uri(7, DID)


def test_another_answer_under_the_same_key_is_neither_taken_for_ours_nor_overwritten() -> None:
    other = {"uri": uri(7, DID), "cid": "c", "value": {"text": "Something else."}}
    provider = publishing(as_json({"error": "InvalidSwap"}, 400), getRecord=other)
    with pytest.raises(Rejected):
        bluesky(provider).reply(SIGNED_IN, reply())
    assert bluesky(provider).find_reply(SIGNED_IN, reply()) is None


def test_a_post_that_was_deleted_cannot_be_answered() -> None:
    provider = publishing({}, getPosts={"posts": []})
    with pytest.raises(Gone):
        bluesky(provider).reply(SIGNED_IN, reply())
    with pytest.raises(Gone):
        bluesky(provider).find_reply(SIGNED_IN, reply())
    assert put_by(provider) == []


def test_a_token_that_ran_out_is_renewed_at_once_where_somebody_waits() -> None:
    expired = by_method(getRecord=as_json({"error": "ExpiredToken"}, 400))
    with pytest.raises(NotAuthorised):
        bluesky(expired).reply(SIGNED_IN, reply())
    with pytest.raises(Unavailable):
        bluesky(expired).find_reply(SIGNED_IN, reply())


def test_an_unknown_outcome_is_unknown_and_a_refusal_is_a_refusal() -> None:
    with pytest.raises(Unavailable):
        bluesky(publishing(httpx.ReadTimeout("slow"))).reply(SIGNED_IN, reply())
    refused = as_json({"error": "InvalidRequest", "message": "blocked words"}, 400)
    with pytest.raises(Rejected, match="blocked words"):
        bluesky(publishing(refused)).reply(SIGNED_IN, reply())
    with pytest.raises(Rejected, match="2 characters longer"):
        bluesky(publishing({})).reply(SIGNED_IN, reply("x" * 302))
    with pytest.raises(Rejected):
        bluesky(publishing({})).reply(SIGNED_IN, reply(key=str(uuid4())))


def test_keys_of_records_follow_the_time_and_never_meet() -> None:
    keys = [str(uuid7()) for _ in range(20)]
    made = [record_key(key) for key in keys]
    assert all(TID.fullmatch(one) for one in made)
    assert len(set(made)) == len(made)
    assert made[0][:7] <= made[-1][:7]
    assert record_key(keys[0]) == made[0]


def test_a_key_of_a_record_says_when_its_reply_was_written() -> None:
    # 2026-01-01T00:00:00Z in milliseconds, as a UUID of version 7.
    key = "019b76da-a800-7000-8000-000000000001"
    letters = "234567abcdefghijklmnopqrstuvwxyz"
    microseconds = 0
    for letter in record_key(key)[:11]:
        microseconds = microseconds * 32 + letters.index(letter)
    assert datetime.fromtimestamp(microseconds // 1_000_000, UTC) == datetime(2026, 1, 1, tzinfo=UTC)


def test_rechecks_follow_edits_and_withdraw_what_is_missing() -> None:
    provider = by_method(getPosts={"posts": [post(1, cid="bafynew", record={"text": "Edited"})]})
    found = bluesky(provider).recheck(SIGNED_IN, [uri(1), uri(2)])
    assert [(item.remote_id, item.change, item.text) for item in found] == [
        (uri(1), "edited", "Edited"),
        (uri(2), "withdrawn", ""),
    ]
    assert found[0].source["cid"] == "bafynew"
    assert provider.asked[0].url.params.get_list("uris") == [uri(1), uri(2)]


def test_a_network_on_which_everything_is_gone_is_not_believed() -> None:
    with pytest.raises(Unavailable):
        bluesky(by_method(getPosts={"posts": []})).recheck(SIGNED_IN, [uri(number) for number in range(5)])


def test_without_a_session_a_channel_is_answered_on_its_site() -> None:
    assert bluesky(answering({})).may_reply(Access(CONFIG), reply().target).mode == "assisted"
    assert bluesky(answering({})).may_reply(SIGNED_IN, reply().target).mode == "api"
    with pytest.raises(NotAuthorised):
        bluesky(answering({})).poll(Access(CONFIG), None)


@pytest.mark.parametrize(
    ("text", "counted"),
    [("Thank you", 9), ("👨‍👩‍👧‍👦", 3), ("é", 1), ("e\u0301", 1), ("👩‍⚕️❤️", 2), ("x" * 300, 300), ("", 0)],
)
def test_letters_are_counted_as_people_see_them_and_bytes_as_bluesky_limits_them(text: str, counted: int) -> None:
    assert length(text) == counted


def test_links_are_marked_by_bytes() -> None:
    text = "Café 👩‍⚕️: https://www.nhs.uk/a (or https://b.example/c)."
    found = [one["index"] for one in facets(text)]
    raw = text.encode()
    assert [raw[one["byteStart"] : one["byteEnd"]].decode() for one in found] == [
        "https://www.nhs.uk/a",
        "https://b.example/c",
    ]
    assert facets("www.nhs.uk and mailto:a@b.example") == []


def facet(start: Any, end: Any, target: Any = "https://www.example.org/a/long/path") -> dict[str, Any]:
    feature = {"$type": "app.bsky.richtext.facet#link", "uri": target}
    return {"index": {"byteStart": start, "byteEnd": end}, "features": [feature]}


@pytest.mark.parametrize(
    ("text", "marks", "shown"),
    [
        ("é example.org/a/lo… ok", [facet(3, 22)], "é https://www.example.org/a/long/path ok"),
        ("read our page now", [facet(5, 13)], "read our page (https://www.example.org/a/long/path) now"),
        ("same", [facet(0, 400), facet(-1, 2), facet("0", 2), facet(True, 3), facet(2, 1), None, {}], "same"),
        ("no", [facet(0, 2, "javascript:alert(1)")], "no"),
        ("abcdef", [facet(0, 3), facet(2, 5)], "abc (https://www.example.org/a/long/path)def"),
    ],
)
def test_addresses_are_read_in_full_and_wrong_places_left_as_they_are(text: str, marks: Any, shown: str) -> None:
    assert words({"text": text, "facets": marks}) == shown
