import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from healthberry.connectors.base import Access, Delivery, InboundItem, Reply, ReplyTarget, WebhookRequest
from healthberry.connectors.errors import BadSignature, Gone, NotAuthorised, NotLinked, Rejected, Unavailable
from healthberry.connectors.facebook_items import NO_COMMENT
from healthberry.connectors.registry import Credentials
from tests.connectors.fakes import access, answering, connectors, reply_to
from tests.connectors.graph_samples import (
    EMPTY,
    LINKED,
    PAGE,
    PERSON,
    POST_ID,
    PUBLIC_ONLY,
    US,
    comment,
    error,
    facebook,
    in_turn,
    listed,
    paths,
    post,
    sent,
    walked,
)

SINCE = datetime(2020, 1, 1, tzinfo=UTC)
APP_SECRET = "sandbox-app-secret"
BACK = "https://hb.example/channels/facebook/callback"
OWN, VISITORS, TAGGED = f"/{PAGE}/published_posts", f"/{PAGE}/visitor_posts", f"/{PAGE}/tagged"
TALKS, RATINGS = f"/{PAGE}/conversations", f"/{PAGE}/ratings"
NOW = datetime.now(UTC)


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S+0000")


def talk(*messages: dict[str, Any], number: int = 1) -> dict[str, Any]:
    people = {"data": [{"id": "psid-9", "name": "B. Person"}, US]}
    return {"id": f"t_{number}", "updated_time": stamp(NOW), "participants": people, "messages": listed(*messages)}


def said(mid: str, text: str, author: Any, at: datetime = NOW) -> dict[str, Any]:
    return {"id": mid, "message": text, "from": author, "created_time": stamp(at)}


def by_id(items: list[InboundItem]) -> dict[str, InboundItem]:
    return {item.remote_id: item for item in items}


# Linking


def test_the_page_to_sign_in_at_asks_only_for_what_is_needed() -> None:
    connector, _ = facebook({})
    public = connector.authorise_url(connector.prepare({"messages": "no"}, BACK), "st&te", BACK, "v")
    private = connector.authorise_url(connector.prepare({"messages": "yes"}, BACK), "st&te", BACK, "v")
    query = parse_qs(urlsplit(public).query)
    assert public.startswith("https://www.facebook.com/v26.0/dialog/oauth?")
    assert (query["state"], query["redirect_uri"], query["response_type"]) == (["st&te"], [BACK], ["code"])
    assert "pages_messaging" not in query["scope"][0]
    assert "pages_messaging" in parse_qs(urlsplit(private).query)["scope"][0]


def test_private_messages_are_read_only_after_a_plain_yes() -> None:
    connector, _ = facebook({})
    for given in ({}, {"messages": "no"}, {"messages": "YES!"}):
        assert connector.prepare(given, BACK).config["messages"] == "no"


def test_without_an_app_nothing_can_be_linked_and_it_is_said() -> None:
    connector = connectors(answering({}), Credentials()).get("facebook")
    assert "FACEBOOK_APP_ID" in connector.missing()
    with pytest.raises(NotLinked, match="FACEBOOK_APP_ID"):
        connector.prepare({}, BACK)
    with pytest.raises(NotAuthorised):
        connector.authorise_url(access(), "s", BACK, "v")


def test_signing_in_ends_with_a_token_for_sixty_days() -> None:
    tokens = in_turn({"access_token": "short", "expires_in": 3600}, {"access_token": "long", "expires_in": 5_184_000})
    connector, provider = facebook({"/oauth/access_token": tokens, "/me": {"id": "7", "name": "Pat Lee"}})
    got = connector.authorise(access(), {"code": "c0de", "state": "s"}, BACK, "v")
    assert (got.secrets, got.account_id, got.account) == ({"user_token": "long"}, "7", "Pat Lee")
    assert got.expires_at is not None
    assert timedelta(days=59) < got.expires_at - NOW <= timedelta(days=60, minutes=30)
    assert "long" not in repr(got)
    first, second, who = provider.asked
    assert (first.url.params["code"], first.url.params["redirect_uri"]) == ("c0de", BACK)
    assert (second.url.params["grant_type"], second.url.params["fb_exchange_token"]) == ("fb_exchange_token", "short")
    assert who.headers["authorization"] == "Bearer long"


@pytest.mark.parametrize("answer", [{"error": "access_denied"}, {}, {"code": ""}])
def test_a_cancelled_sign_in_is_said_without_asking_facebook(answer: dict[str, str]) -> None:
    connector, provider = facebook({})
    with pytest.raises(NotAuthorised, match="cancelled"):
        connector.authorise(access(), answer, BACK, "v")
    assert provider.asked == []


def test_a_code_that_was_used_before_is_refused_in_words() -> None:
    connector, _ = facebook({}, error(100, 36009))
    with pytest.raises(NotAuthorised, match="used already"):
        connector.authorise(access(), {"code": "c0de"}, BACK, "v")


def own_page(page_id: str, *tasks: str, **changes: Any) -> dict[str, Any]:
    return {"id": page_id, "name": f"Page {page_id}", "access_token": f"token-{page_id}", "tasks": [*tasks]} | changes


def test_several_pages_can_be_linked_each_with_its_own_token() -> None:
    accounts = in_turn(listed(own_page("1", "MODERATE"), own_page("2", "MODERATE"), after="n"), listed(own_page("3")))
    connector, _ = facebook({"/me/accounts": accounts})
    found = connector.link(Access({"messages": "yes"}, {"user_token": "long"})).found
    assert [one.listing.remote_id for one in found] == ["1", "2", "3"]
    assert found[1].secrets == {"access_token": "token-2", "account_id": "2", "account": "Page 2", "user_token": ""}
    assert "token-2" not in repr(found)
    config = {"page_id": "2", "name": "Page 2", "messages": "yes", "ratings": True}
    assert (found[1].account, found[1].listing.config) == ("Page 2", config)


def test_what_cannot_be_linked_is_said_in_words() -> None:
    pages = listed(own_page("1", "ANALYZE"), own_page("2", "MODERATE"), {"id": "4"}, "odd", None)
    connector, _ = facebook({"/me/accounts": pages, "/2": error(190, 460)})
    got = connector.link(Access({}, {"user_token": "long"}))
    assert got.found == []
    assert "does not let you moderate" in got.problems[0]
    assert "password" in got.problems[1]
    connector, _ = facebook({})
    assert "no Page" in connector.link(Access({}, {"user_token": "long"})).problems[0]


def test_recommendations_that_facebook_no_longer_serves_are_named_when_linking_and_not_asked_for() -> None:
    connector, provider = facebook({"/me/accounts": listed(own_page(PAGE)), RATINGS: error(12)})
    got = connector.link(Access({"messages": "no"}, {"user_token": "long"}))
    assert "no longer lets" in got.problems[0]
    assert paths(provider)[-1] == f"GET /v21.0{RATINGS}"
    provider.asked.clear()
    walked(connector, Access(got.found[0].listing.config, got.found[0].secrets))
    assert not [one for one in paths(provider) if "ratings" in one]


def test_a_page_that_is_read_asks_facebook_to_tell_what_is_new_and_goes_on_without() -> None:
    connector, provider = facebook({f"POST /{PAGE}/subscribed_apps": error(200)})
    connector.backfill(LINKED, SINCE, None)
    asked = provider.asked[0]
    fields = parse_qs(asked.content.decode())["subscribed_fields"][0].split(",")
    assert fields == ["feed", "mention", "ratings", "messages", "message_echoes", "message_edits"]
    assert paths(provider)[1] == f"GET /v26.0{OWN}"
    provider.asked.clear()
    connector.backfill(PUBLIC_ONLY, SINCE, None)
    assert parse_qs(provider.asked[0].content.decode())["subscribed_fields"] == ["feed,mention"]


def test_a_token_that_still_opens_the_page_is_kept_and_a_dead_one_is_not() -> None:
    connector, _ = facebook({f"/{PAGE}": {"id": PAGE}})
    assert connector.refresh(LINKED).secrets == LINKED.secrets
    connector, _ = facebook({}, error(190, 460, 401))
    with pytest.raises(NotAuthorised, match="password"):
        connector.refresh(LINKED)


# Reading


def test_each_comment_under_our_own_post_is_a_conversation_with_its_replies() -> None:
    answers = [
        comment(777),
        comment(778, **{"from": US, "parent": {"id": "555000111_777"}, "message": "Thank you."}),
        comment(779, **{"from": US, "message": "More news"}),
    ]
    connector, _ = facebook({OWN: listed(post(comments=listed(*answers)))})
    items = by_id(walked(connector, PUBLIC_ONLY)[0])
    assert POST_ID not in items, "what the Page says by itself is no feedback"
    first, reply, news = (items[f"555000111_{number}"] for number in (777, 778, 779))
    assert (first.direction, first.thread_id, first.author.screen_name) == ("inbound", "555000111_777", "A. Person")
    assert (reply.direction, reply.thread_id, reply.in_reply_to) == ("outbound", "555000111_777", "555000111_777")
    assert news.direction == "outbound"
    assert first.source == {"can_reply_privately": True}
    assert first.posted_at == datetime(2026, 11, 2, 9, 15, 31, tzinfo=UTC)


def test_a_post_of_a_visitor_is_one_conversation_with_all_its_comments() -> None:
    theirs: dict[str, Any] = {"from": PERSON, "message": "Nobody answered the phone"}
    nested = listed(comment(901, object=None), comment(902, object=None, **{"from": US}))
    connector, _ = facebook({VISITORS: listed(post(**theirs, comments=nested))})
    items = by_id(walked(connector, PUBLIC_ONLY)[0])
    assert {item.thread_id for item in items.values()} == {POST_ID}
    assert items[POST_ID].text == "Nobody answered the phone"
    assert items[POST_ID].source["is_post"] is True
    assert items["555000111_902"].direction == "outbound"
    assert items["555000111_902"].in_reply_to == POST_ID


def test_an_author_that_facebook_does_not_name_is_anonymous() -> None:
    hidden = comment(777)
    del hidden["from"]
    connector, _ = facebook({OWN: listed(post(comments=listed(hidden))), VISITORS: listed(post(1, **{"from": None}))})
    items = by_id(walked(connector, PUBLIC_ONLY)[0])
    assert {item.author.remote_id for item in items.values()} == {None}
    assert {item.direction for item in items.values()} == {"inbound"}


def test_a_post_that_tags_us_brings_our_answers_and_not_what_others_say_to_each_other() -> None:
    elsewhere: dict[str, Any] = {"id": "999_1", "from": PERSON, "message": "@Example Trust saved me"}
    chat = listed(comment(1, id="1_2", object=None), comment(2, id="1_3", object=None, **{"from": US}))
    connector, _ = facebook({TAGGED: listed(post(**elsewhere, comments=chat))})
    items = by_id(walked(connector, PUBLIC_ONLY)[0])
    assert set(items) == {"999_1", "1_3"}
    assert items["1_3"].thread_id == "999_1"


def test_what_is_hidden_is_withdrawn_and_what_may_not_be_answered_says_so() -> None:
    nested = listed(comment(1, is_hidden=True), comment(2, can_comment=False))
    connector, _ = facebook({OWN: listed(post(comments=nested))})
    items = by_id(walked(connector, PUBLIC_ONLY)[0])
    assert (items["555000111_1"].change, items["555000111_1"].text) == ("withdrawn", "")
    assert items["555000111_2"].may_not_reply == NO_COMMENT


def test_a_walk_follows_empty_pages_and_comments_that_fill_several() -> None:
    first = listed(post(1, comments=listed(comment(11), after="c2")), after="p2")
    pages = in_turn(first, listed(after="p3"), listed(post(2)))
    more = in_turn(listed(comment(12), after="c3"), listed(comment(13)))
    connector, provider = facebook({OWN: pages, f"/{PAGE}_1/comments": more})
    items: list[InboundItem] = []
    cursor = None
    while True:
        page = connector.backfill(PUBLIC_ONLY, SINCE, cursor)
        items, cursor = [*items, *page.items], page.cursor
        if not page.more:
            break
    assert {item.remote_id for item in items} == {f"555000111_{number}" for number in (11, 12, 13)}
    assert {item.thread_id for item in items} == {f"555000111_{number}" for number in (11, 12, 13)}
    asked = [one for one in provider.asked if one.url.path.endswith("/comments")]
    assert [one.url.params.get("after") for one in asked] == ["c2", "c3"]
    assert {item.change for item in items} == {"created"}


def test_a_cursor_that_comes_again_and_again_ends_the_walk() -> None:
    connector, _ = facebook({OWN: listed(post(), after="same")})
    walked(connector, PUBLIC_ONLY)


def test_an_ordinary_poll_looks_at_the_newest_posts_only_and_a_deep_one_at_a_month() -> None:
    old = stamp(NOW - timedelta(days=9))
    pages = in_turn(listed(post(1, created_time=old), after="p2"), listed(post(2, created_time=old)))
    connector, provider = facebook({OWN: pages})
    _, read = walked(connector, PUBLIC_ONLY)
    assert paths(provider).count(f"GET /v26.0{OWN}") == 2
    provider.asked.clear()
    connector, provider = facebook({OWN: listed(post(1, created_time=old), after="p2")})
    walked(connector, PUBLIC_ONLY, read[-1].cursor)
    assert paths(provider).count(f"GET /v26.0{OWN}") == 1


def test_what_cannot_be_read_is_kept_aside_and_costs_its_neighbours_nothing() -> None:
    nested = listed("stray", comment(1, created_time="soon"), comment(2), {"message": "no id"})
    connector, _ = facebook({OWN: listed(post(comments=nested), None, 5)})
    items, pages = walked(connector, PUBLIC_ONLY)
    assert "555000111_2" in by_id(items)
    assert len([bad for page in pages for bad in page.bad]) >= 3


@pytest.mark.parametrize("value", [None, True, 3, "text", [], {}, [None], {"id": {}}, "\ud800", "x" * 5000])
@pytest.mark.parametrize("key", [*sorted(comment()), "parent", "attachment", "permalink_url"])
def test_any_key_may_be_of_any_kind(key: str, value: Any) -> None:
    nested = listed(comment(1, **{key: value}), comment(2))
    connector, _ = facebook({OWN: listed(post(comments=nested))})
    items, _ = walked(connector, PUBLIC_ONLY)
    assert "555000111_2" in by_id(items)
    json.dumps([{**item.source, "text": item.text, "author": item.author.screen_name} for item in items]).encode()


@pytest.mark.parametrize(
    "body", [{}, {"data": None}, {"data": {}}, {"data": [[]], "paging": 3}, {"paging": {"next": 1}}]
)
def test_a_list_of_another_shape_holds_nothing(body: Any) -> None:
    connector, _ = facebook({}, body)
    assert walked(connector, LINKED)[0] == []


def test_recommendations_are_read_as_long_as_they_last() -> None:
    given = {
        "created_time": "2026-10-01T08:00:00+0000",
        "has_rating": False,
        "recommendation_type": "negative",
        "review_text": "Waited four hours",
        "reviewer": PERSON,
        "open_graph_story": {"id": "12"},
    }
    stars = given | {"recommendation_type": None, "rating": 4, "open_graph_story": None}
    connector, provider = facebook({RATINGS: listed(given, stars)})
    one, other = walked(connector, LINKED)[0]
    assert {one.title, other.title} == {"Does not recommend", ""}
    assert [rating.value for item in (one, other) for rating in item.ratings] == [4]
    assert one.may_not_reply
    assert f"GET /v21.0{RATINGS}" in paths(provider)
    connector, _ = facebook({RATINGS: error(12)})
    assert walked(connector, LINKED)[0] == []


def test_private_messages_are_threads_of_their_own_and_marked_so_that_nobody_takes_them_for_public() -> None:
    file = said("m_3", "", {"id": "psid-9"}) | {"attachments": {"data": [{"mime_type": "image/png", "image_data": {}}]}}
    thread = talk(said("m_1", "Hello", {"id": "psid-9", "name": "B. Person"}), said("m_2", "Hi", US), file)
    connector, provider = facebook({TALKS: listed(thread)})
    items = by_id(walked(connector, LINKED)[0])
    assert {item.thread_id for item in items.values()} == {"t_1"}
    assert items["m_1"].source == {"private": True, "psid": "psid-9", "can_reply": True}
    assert (items["m_1"].author.screen_name, items["m_2"].direction) == ("B. Person", "outbound")
    assert items["m_3"].text == "[Sent on Facebook: image/png]"
    assert not any(item.attachments or item.url for item in items.values())
    provider.asked.clear()
    walked(connector, PUBLIC_ONLY)
    assert not [one for one in paths(provider) if "conversations" in one]


def test_a_token_that_is_missing_is_said_and_never_read_as_nothing() -> None:
    connector, provider = facebook({})
    for call in (lambda: connector.poll(access(page_id=PAGE), None), lambda: connector.recheck(access(), ["1_2"])):
        with pytest.raises(NotAuthorised):
            call()
    assert provider.asked == []


# Looking again


def test_edits_and_withdrawals_are_seen_by_looking_again() -> None:
    now = comment(1, message="Parking is fine now")
    connector, provider = facebook({"/555000111_1": now, "/555000111_2": error(100, 33), f"/{PAGE}": {"id": PAGE}})
    edited, gone = connector.recheck(LINKED, ["555000111_1", "555000111_2", "m_1", "rating-5"])
    assert (edited.text, edited.change, edited.thread_id) == ("Parking is fine now", "edited", "555000111_1")
    assert (gone.remote_id, gone.change) == ("555000111_2", "withdrawn")
    assert paths(provider).count("GET /v26.0/555000111_2") == 2, "what is said to be gone is asked for twice"


def test_a_token_that_opens_nothing_any_more_withdraws_nothing() -> None:
    connector, _ = facebook({}, error(100, 33))
    with pytest.raises(Gone):
        connector.recheck(LINKED, ["555000111_1", "555000111_2"])


def test_a_post_elsewhere_is_looked_at_as_a_post_where_it_is_no_comment() -> None:
    def answer(request: httpx.Request) -> Any:
        is_comment = "parent" in request.url.params["fields"]
        return error(100) if is_comment else post() | {"id": "999_1", "from": PERSON}

    connector, _ = facebook({"/999_1": answer})
    (item,) = connector.recheck(LINKED, ["999_1"])
    assert (item.remote_id, item.thread_id) == ("999_1", "999_1")


# Webhooks


def signed(body: Any, secret: str = APP_SECRET) -> WebhookRequest:
    raw = json.dumps(body, ensure_ascii=True).encode()
    proof = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return WebhookRequest("POST", {"x-hub-signature-256": f"sha256={proof}"}, {}, raw)


def entry(page: str, *values: Any, field: str = "feed") -> dict[str, Any]:
    return {"id": page, "time": 1762074931, "changes": [{"field": field, "value": value} for value in values]}


NEW = {
    "from": PERSON,
    "post": {"id": POST_ID, "is_published": True},
    "message": "Parking is still awful 😡",
    "post_id": POST_ID,
    "comment_id": "555000111_777",
    "created_time": 1762074931,
    "item": "comment",
    "parent_id": POST_ID,
    "verb": "add",
}


def test_the_question_is_answered_with_the_bare_challenge() -> None:
    connector, _ = facebook({})
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "verify-token-for-tests"}
    answer = connector.receive(access(), WebhookRequest("GET", {}, query, b""))
    assert (answer.status, answer.body, answer.deliveries) == (200, "1158201444", ())
    for wrong in ({"hub.verify_token": "other"}, {"hub.mode": "unsubscribe"}, {"hub.verify_token": ""}):
        with pytest.raises(BadSignature):
            connector.receive(access(), WebhookRequest("GET", {}, query | wrong, b""))


def test_nobody_is_believed_where_the_installation_has_no_word_and_no_secret() -> None:
    connector = connectors(answering({}), Credentials()).get("facebook")
    for request in (WebhookRequest("GET", {}, {"hub.mode": "subscribe"}, b""), signed({"object": "page"}, "")):
        with pytest.raises(BadSignature):
            connector.receive(access(), request)


def test_one_request_becomes_a_delivery_for_each_change_of_each_page() -> None:
    connector, _ = facebook({})
    talk = {"id": "2", "time": 1, "messaging": [{"sender": {"id": "9"}, "message": {"mid": "m_1"}}]}
    request = signed(
        {"object": "page", "entry": [entry(PAGE, NEW, NEW | {"verb": "remove"}), talk, "odd", {"id": "3"}]}
    )
    answer = connector.receive(access(), request)
    assert answer.status == 200
    assert [one.account for one in answer.deliveries] == [PAGE, PAGE, "2"]
    again = connector.receive(access(), request)
    assert [one.key for one in again.deliveries] == [one.key for one in answer.deliveries]
    assert len({one.key for one in answer.deliveries}) == 3


@pytest.mark.parametrize("header", ["", "sha256=", "sha256=00", "sha1=8d55", "sha256=é"])
def test_what_facebook_did_not_sign_is_not_read(header: str) -> None:
    connector, _ = facebook({})
    good = signed({"object": "page", "entry": [entry(PAGE, NEW)]})
    with pytest.raises(BadSignature):
        connector.receive(access(), WebhookRequest("POST", {"x-hub-signature-256": header}, {}, good.body))
    with pytest.raises(BadSignature):
        connector.receive(access(), WebhookRequest("POST", good.headers, {}, good.body + b" "))


@pytest.mark.parametrize("body", [[], {"object": "user", "entry": [entry(PAGE, NEW)]}, {"object": "page", "entry": 3}])
def test_what_is_signed_and_not_for_us_is_taken_and_not_kept(body: Any) -> None:
    connector, _ = facebook({})
    answer = connector.receive(access(), signed(body))
    assert (answer.status, list(answer.deliveries)) == (200, [])


def delivered(value: Any, field: str = "feed") -> Delivery:
    connector, _ = facebook({})
    (one,) = connector.receive(
        access(), signed({"object": "page", "entry": [entry(PAGE, value, field=field)]})
    ).deliveries
    return one


def test_a_comment_that_is_told_of_reads_as_the_list_tells_it() -> None:
    connector, _ = facebook({"/555000111_777": comment(777), OWN: listed(post(comments=listed(comment(777))))})
    (told,) = connector.read_delivery(LINKED, delivered(NEW).body).items
    (seen,) = walked(connector, PUBLIC_ONLY)[0]
    assert told == seen


@pytest.mark.parametrize("verb", ["remove", "delete", "hide"])
def test_what_is_removed_or_hidden_is_withdrawn_without_asking(verb: str) -> None:
    connector, provider = facebook({})
    (item,) = connector.read_delivery(LINKED, delivered(NEW | {"verb": verb, "message": None}).body).items
    assert (item.remote_id, item.change) == ("555000111_777", "withdrawn")
    assert provider.asked == []


def test_what_is_gone_before_it_is_looked_up_is_withdrawn() -> None:
    connector, _ = facebook({}, error(100, 33))
    (item,) = connector.read_delivery(LINKED, delivered(NEW).body).items
    assert item.change == "withdrawn"


@pytest.mark.parametrize(
    "value",
    [
        {"item": "reaction", "reaction_type": "like", "verb": "add", "post_id": POST_ID, "comment_id": "1_2"},
        {"item": "like", "verb": "add"},
        {"item": "status", "verb": "add", "post_id": POST_ID, "from": US},
        {"item": "comment", "verb": "add"},
        {},
        None,
        "odd",
    ],
)
def test_reactions_our_own_posts_and_oddities_are_nothing(value: Any) -> None:
    connector, provider = facebook({})
    assert list(connector.read_delivery(LINKED, delivered(value).body).items) == []
    assert provider.asked == []


def test_a_mention_that_cannot_be_looked_up_is_kept_as_it_was_sent() -> None:
    value = {
        "post_id": "999_1",
        "comment_id": "1_2",
        "sender_id": "8",
        "sender_name": "C. Person",
        "item": "comment",
        "verb": "add",
        "created_time": 1762074931,
        "message": "@Example Trust help",
    }
    connector, _ = facebook({}, error(10))
    (item,) = connector.read_delivery(LINKED, delivered(value, "mention").body).items
    assert (item.remote_id, item.text, item.author.screen_name) == ("1_2", "@Example Trust help", "C. Person")
    found = comment(2, id="1_2", object={"id": "999_1", "from": PERSON})
    connector, _ = facebook({"/1_2": found})
    (seen,) = connector.read_delivery(LINKED, delivered(value, "mention").body).items
    assert (seen.remote_id, seen.thread_id) == (item.remote_id, item.thread_id)


def test_a_message_is_a_hint_and_one_taken_back_is_withdrawn() -> None:
    connector, provider = facebook({})
    event = {"sender": {"id": "9"}, "recipient": {"id": PAGE}, "timestamp": 1762074931627}

    def read(access: Access, **what: Any) -> Any:
        request = signed({"object": "page", "entry": [{"id": PAGE, "time": 1, "messaging": [event | what]}]})
        return connector.read_delivery(access, connector.receive(access, request).deliveries[0].body)

    assert read(LINKED, message={"mid": "m_1", "text": "hello"}).poll_now
    assert read(LINKED, message_edit={"mid": "m_1", "text": "hello again", "num_edit": 1}).poll_now
    assert not read(PUBLIC_ONLY, message={"mid": "m_1", "text": "hello"}).poll_now
    assert not read(LINKED, read={"watermark": 5}).poll_now
    (gone,) = read(LINKED, message={"mid": "m_1", "is_deleted": True}).items
    assert (gone.remote_id, gone.change) == ("m_1", "withdrawn")
    assert provider.asked == []


# Answering


def target(remote_id: str = "555000111_777", *, at: datetime = NOW, **source: Any) -> ReplyTarget:
    return ReplyTarget(remote_id, source.pop("thread", remote_id), None, None, source, None, at)


def answer_to(to: ReplyTarget, way: str = "", text: str = "Thank you.") -> Reply:
    return Reply("hb-key-1", text, to, "Pat Lee", "pals@trust.example", NOW, way)


def test_a_comment_is_answered_under_it_as_the_page() -> None:
    connector, provider = facebook({"POST /555000111_777/comments": {"id": "555000111_778"}})
    got = connector.reply(LINKED, answer_to(target()))
    assert (got.remote_id, got.url) == ("555000111_778", "https://www.facebook.com/555000111_778")
    assert parse_qs(provider.asked[-1].content.decode()) == {"message": ["Thank you."]}


def test_what_is_there_already_is_not_said_twice() -> None:
    ours = comment(778, **{"from": US, "message": "Thank you.", "created_time": stamp(NOW)})
    connector, provider = facebook({"GET /555000111_777/comments": listed(ours)})
    assert connector.reply(LINKED, answer_to(target())).remote_id == "555000111_778"
    assert not [one for one in paths(provider) if one.startswith("POST")]


def test_a_comment_can_be_answered_publicly_or_once_in_private_within_seven_days() -> None:
    connector, _ = facebook({})

    def ways(to: ReplyTarget, access: Access = LINKED) -> list[str]:
        return [way.name for way in connector.may_reply(access, to).ways]

    assert ways(target(can_reply_privately=True)) == ["public", "private"]
    assert ways(target(can_reply_privately=True), PUBLIC_ONLY) == ["public"]
    assert ways(target(can_reply_privately=True, at=NOW - timedelta(days=8))) == ["public"]
    assert ways(target()) == ["public"]


@pytest.mark.parametrize(("source", "name"), [({}, "comment_id"), ({"is_post": True}, "post_id")])
def test_a_private_answer_names_what_it_answers_and_carries_our_key(source: dict[str, Any], name: str) -> None:
    connector, provider = facebook({}, {"recipient_id": "9", "message_id": "m_5"})
    got = connector.reply(LINKED, answer_to(target(**source), "private"))
    assert (got.remote_id, got.url) == ("m_5", None)
    assert paths(provider) == [f"POST /v26.0/{PAGE}/messages"]
    message = {"text": "Thank you.", "metadata": "hb-key-1"}
    expected = {"recipient": {name: "555000111_777"}, "message": message, "messaging_type": "RESPONSE"}
    assert sent(provider.asked[0]) == expected


def test_a_private_message_is_answered_within_a_day_and_says_until_when() -> None:
    connector, provider = facebook({}, {"recipient_id": "psid-9", "message_id": "m_5"})
    fresh = target("m_1", private=True, psid="psid-9", at=NOW - timedelta(hours=20))
    allowed = connector.may_reply(LINKED, fresh)
    assert (allowed.mode, allowed.until) == ("api", NOW + timedelta(hours=4))
    assert [way.name for way in allowed.ways] == ["message"]
    late = connector.may_reply(LINKED, target("m_1", private=True, psid="psid-9", at=NOW - timedelta(hours=25)))
    assert late.mode == "none"
    assert "24 hours" in late.reason
    connector.reply(LINKED, answer_to(fresh))
    assert sent(provider.asked[-1])["recipient"] == {"id": "psid-9"}


def test_a_private_answer_that_is_too_long_is_refused_before_it_is_sent() -> None:
    connector, provider = facebook({})
    with pytest.raises(Rejected, match="2,000"):
        connector.reply(LINKED, answer_to(target(), "private", "x" * 2001))
    assert provider.asked == []


def test_without_a_token_answers_are_copied_and_private_ones_wait() -> None:
    connector, _ = facebook({})
    assert connector.may_reply(access(page_id=PAGE), target()).mode == "assisted"
    assert connector.may_reply(access(page_id=PAGE), target("m_1", private=True)).mode == "none"


def test_our_comment_is_found_by_author_place_words_and_time() -> None:
    ours = {"from": US, "message": "Thank  you.", "created_time": stamp(NOW), "parent": {"id": "555000111_777"}}
    others = [
        comment(1, **ours | {"from": PERSON}),
        comment(2, **ours | {"message": "Thank you!"}),
        comment(3, **ours | {"created_time": stamp(NOW - timedelta(hours=1))}),
        comment(4, **ours | {"parent": {"id": "555000111_9"}}),
    ]
    connector, _ = facebook({"/555000111_777/comments": listed(*others)})
    assert connector.find_reply(LINKED, answer_to(target())) is None
    pages = in_turn(listed(*others, after="n"), listed(comment(5, **ours)))
    connector, _ = facebook({"/555000111_777/comments": pages})
    found = connector.find_reply(LINKED, answer_to(target()))
    assert found is not None
    assert found.remote_id == "555000111_5"


def test_a_reply_to_a_reply_is_found_below_the_first_comment() -> None:
    ours = comment(5, **{"from": US, "message": "Thank you.", "created_time": stamp(NOW)}, parent={"id": "555000111_1"})
    connector, _ = facebook({"/555000111_1/comments": listed(ours)})
    found = connector.find_reply(LINKED, answer_to(target("555000111_2", thread="555000111_1")))
    assert found is not None


def test_our_private_message_is_found_by_key_or_by_words() -> None:
    keyed = said("m_5", "as they changed it", US) | {"metadata": "hb-key-1"}
    for message in (keyed, said("m_5", "Thank you.", US)):
        connector, provider = facebook({TALKS: listed(talk(said("m_4", "Thank you.", {"id": "psid-9"}), message))})
        found = connector.find_reply(LINKED, answer_to(target("m_1", private=True, psid="psid-9")))
        assert found is not None
        assert found.remote_id == "m_5"
        assert provider.asked[0].url.params["user_id"] == "psid-9"


def test_a_private_answer_that_was_given_already_is_ours_or_refused_and_never_doubled() -> None:
    refused = {f"POST /{PAGE}/messages": error(10900)}
    there = {"id": "1", "private_reply_conversation": talk(said("m_5", "Thank you.", US))}
    connector, _ = facebook(refused | {"/555000111_777": there})
    assert connector.reply(LINKED, answer_to(target(), "private")).remote_id == "m_5"
    connector, _ = facebook(refused, {"id": "1"})
    with pytest.raises(Rejected, match="already"):
        connector.reply(LINKED, answer_to(target(), "private"))


def test_a_comment_that_is_gone_is_said_when_its_answer_is_looked_for() -> None:
    connector, _ = facebook({}, error(100, 33))
    with pytest.raises(Gone):
        connector.find_reply(LINKED, answer_to(target()))


def test_a_timeout_is_an_unknown_outcome() -> None:
    connector, _ = facebook({}, httpx.ReadTimeout("late"))
    with pytest.raises(Unavailable):
        connector.reply(LINKED, reply_to("555000111_777"))


def test_empty_lists_are_empty() -> None:
    connector, _ = facebook({}, EMPTY)
    assert walked(connector, LINKED)[0] == []
