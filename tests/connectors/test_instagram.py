import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from healthberry.connectors.base import (
    Access,
    BadItem,
    Connector,
    Delivery,
    InboundItem,
    Reply,
    ReplyTarget,
    WebhookRequest,
)
from healthberry.connectors.errors import BadSignature, Gone, NotAuthorised, NotLinked, Unavailable, UnexpectedAnswer
from healthberry.connectors.instagram_items import NO_ANSWER_TO_TAG
from healthberry.connectors.registry import Credentials
from tests.connectors.fakes import Provider, access, answering, connectors
from tests.connectors.graph_samples import EMPTY, Answers, error, graph, in_turn, listed, paths, walked

SINCE = datetime(2020, 1, 1, tzinfo=UTC)
NOW = datetime.now(UTC)
BACK = "https://hb.example/channels/instagram/callback"
IG, OURS = "17841400000000001", "exampletrust"
LINKED = Access(
    {"ig_id": IG, "username": OURS, "page_id": "1000"},
    {"access_token": "sandbox-page-token", "account_id": IG, "account": f"@{OURS}"},
)
MEDIA, TAGS = f"/{IG}/media", f"/{IG}/tags"
PERMALINK = "https://www.instagram.com/p/ABC/"
US = {"id": IG, "username": OURS}


def instagram(answers: Answers, usual: Any = EMPTY) -> tuple[Connector, Provider]:
    provider = graph(answers, usual)
    return connectors(provider).get("instagram"), provider


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S+0000")


def comment(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"1786{number}",
        "text": "Where do I park?",
        "timestamp": "2026-11-02T09:15:31+0000",
        "username": "someone",
        "from": {"id": "99", "username": "someone"},
        "hidden": False,
        "media": {"id": "179", "permalink": PERMALINK},
    } | changes


def ours(number: int, **changes: Any) -> dict[str, Any]:
    return comment(number, **{"username": OURS, "from": US}) | changes


def media(comments: Any = None, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"id": "179", "permalink": PERMALINK, "timestamp": "2026-11-01T08:00:00+0000"}
    return made | ({"comments": comments} if comments is not None else {}) | changes


def by_id(items: list[InboundItem]) -> dict[str, InboundItem]:
    return {item.remote_id: item for item in items}


def target(remote_id: str = "17861", thread: str = "", **source: Any) -> ReplyTarget:
    return ReplyTarget(remote_id, thread or remote_id, PERMALINK, None, source, None, NOW)


def answer_to(to: ReplyTarget) -> Reply:
    return Reply("hb-key-1", "Thank you.", to, "Pat Lee", "pals@trust.example", NOW)


def test_signing_in_asks_for_the_account_and_its_comments() -> None:
    connector, _ = instagram({})
    query = parse_qs(urlsplit(connector.authorise_url(connector.prepare({}, BACK), "s", BACK, "v")).query)
    assert "instagram_manage_comments" in query["scope"][0]
    assert "pages_messaging" not in query["scope"][0]
    bare = connectors(answering({}), Credentials()).get("instagram")
    with pytest.raises(NotLinked, match="FACEBOOK_APP_ID"):
        bare.prepare({}, BACK)


def test_the_accounts_of_pages_are_found_and_pages_without_one_are_named() -> None:
    page = {"name": "Trust", "access_token": "page-token", "tasks": ["MODERATE"]}
    account = {"instagram_business_account": {"id": IG}}
    pages = listed(page | {"id": "1"} | account, page | {"id": "2", "name": "Ward"})
    connector, _ = instagram({"/me/accounts": pages, f"/{IG}": {"id": IG, "username": OURS}})
    got = connector.link(Access({}, {"user_token": "long"}))
    (one,) = got.found
    assert (one.listing.remote_id, one.listing.label, one.account) == (IG, f"@{OURS}", f"@{OURS}")
    assert one.listing.config == {"ig_id": IG, "username": OURS, "page_id": "1"}
    assert (one.secrets["access_token"], one.secrets["user_token"]) == ("page-token", "")
    assert got.problems == ["Ward: no professional Instagram account is linked to this Page."]
    connector, _ = instagram({})
    assert "no Page" in connector.link(Access({}, {"user_token": "long"})).problems[0]


def test_a_page_that_is_followed_already_is_not_followed_for_less() -> None:
    there = {"data": [{"id": "1517776481860111", "subscribed_fields": ["feed", "messages"]}]}
    connector, provider = instagram({"GET /1000/subscribed_apps": there})
    connector.backfill(LINKED, SINCE, None)
    assert not [one for one in paths(provider) if one.startswith("POST")]
    connector, provider = instagram({})
    connector.backfill(LINKED, SINCE, None)
    assert "POST /v26.0/1000/subscribed_apps" in paths(provider)


def test_each_comment_is_a_conversation_with_its_answers_and_no_picture() -> None:
    nested = listed(ours(2, parent_id="17861", text="At the back."), comment(3, parent_id="17861"))
    connector, _ = instagram({MEDIA: listed(media(listed(comment(1, replies=nested), ours(4))))})
    items = by_id(walked(connector, LINKED)[0])
    assert {items[one].thread_id for one in ("17861", "17862", "17863")} == {"17861"}
    assert (items["17862"].direction, items["17862"].in_reply_to) == ("outbound", "17861")
    assert items["17864"].direction == "outbound"
    assert (items["17861"].author.screen_name, items["17861"].url) == ("@someone", PERMALINK)
    assert not any(item.attachments for item in items.values())


@pytest.mark.parametrize("what", ["media", "comment", "reply"])
def test_what_hangs_below_an_id_that_came_damaged_is_not_passed_over(what: str) -> None:
    def page(mark: str) -> dict[str, Any]:
        ids = {name: mark if name == what else "" for name in ("media", "comment", "reply")}
        below = listed(comment(2, id=f"{ids['reply']}17862"))
        above = comment(1, id=f"{ids['comment']}17861", replies=below)
        return listed(media(listed(above, after="c2"), id=f"{ids['media']}179"))

    answers = {MEDIA: in_turn(*[page("\ufffd")] * 3, page("")), "/179/comments": listed(comment(3))}
    connector, provider = instagram(answers)
    items: list[InboundItem] = []
    bad: list[BadItem] = []
    cursor, more, failed = None, True, 0
    while more:
        try:
            got = connector.backfill(LINKED, SINCE, cursor)
        except Unavailable:
            failed += 1
            continue
        items, bad = [*items, *got.items], [*bad, *got.bad]
        cursor, more = got.cursor, got.more
    assert set(by_id(items)) == {"17861", "17862", "17863"}
    assert (bad, failed) == ([], 2)
    assert paths(provider).count(f"GET /v26.0{MEDIA}") == 4


def test_comments_and_answers_that_fill_several_pages_are_followed() -> None:
    first = media(listed(comment(1, replies=listed(comment(2), after="r2")), after="c2"))
    answers = {
        MEDIA: listed(first),
        "/179/comments": listed(comment(3)),
        "/17861/replies": listed(comment(4, parent_id="17861")),
    }
    connector, _ = instagram(answers)
    items: list[InboundItem] = []
    cursor = None
    while True:
        page = connector.backfill(LINKED, SINCE, cursor)
        items, cursor = [*items, *page.items], page.cursor
        if not page.more:
            break
    found = by_id(items)
    assert set(found) == {"17861", "17862", "17863", "17864"}
    assert found["17862"].thread_id == found["17864"].thread_id == "17861"


def test_comments_that_come_oldest_first_are_followed_to_the_newest() -> None:
    old = [comment(number, timestamp=f"2020-01-0{number}T00:00:00+0000") for number in (1, 2)]
    connector, _ = instagram({MEDIA: listed(media(listed(*old, after="c2"))), "/179/comments": listed(comment(3))})
    assert "17863" in by_id(walked(connector, LINKED)[0])


def test_a_tag_in_a_picture_is_read_and_answered_on_instagram_only() -> None:
    tagged = {"id": "5", "caption": "A walk", "permalink": PERMALINK, "timestamp": stamp(NOW), "username": "someone"}
    named = tagged | {"id": "6", "caption": f"Thank you @{OURS.upper()}!"}
    connector, _ = instagram({TAGS: listed(tagged, named, tagged | {"id": "7", "username": OURS})})
    items = by_id(walked(connector, LINKED)[0])
    assert set(items) == {"tag-5", "caption-6"}
    assert items["tag-5"].may_not_reply == NO_ANSWER_TO_TAG
    assert (items["caption-6"].may_not_reply, items["caption-6"].source) == (None, {"media_id": "6"})


def test_what_is_hidden_is_withdrawn() -> None:
    connector, _ = instagram({MEDIA: listed(media(listed(comment(1, hidden=True))))})
    (item,) = walked(connector, LINKED)[0]
    assert (item.change, item.text) == ("withdrawn", "")


@pytest.mark.parametrize("value", [None, True, 3, "text", [], {}, [None], {"id": {}}, "\ud800", "x" * 5000])
@pytest.mark.parametrize("key", [*sorted(comment()), "parent_id", "replies"])
def test_any_key_may_be_of_any_kind(key: str, value: Any) -> None:
    connector, _ = instagram({MEDIA: listed(media(listed(comment(1, **{key: value}), comment(2))), "odd", None)})
    items, pages = walked(connector, LINKED)
    assert "17862" in by_id(items)
    assert [bad for page in pages for bad in page.bad]


def test_edits_and_withdrawals_are_seen_by_looking_again() -> None:
    answers = {"/17861": comment(1, text="Found it"), "/17862": error(100, 33), f"/{IG}": {"id": IG}}
    connector, provider = instagram(answers)
    edited, gone = connector.recheck(LINKED, ["17861", "17862", "tag-5"])
    assert (edited.text, edited.change, edited.thread_id) == ("Found it", "edited", "17861")
    assert (gone.remote_id, gone.change) == ("17862", "withdrawn")
    assert paths(provider).count("GET /v26.0/17862") == 2
    connector, _ = instagram({}, error(100, 33))
    with pytest.raises(Gone):
        connector.recheck(LINKED, ["17861"])


def signed(body: Any) -> WebhookRequest:
    raw = json.dumps(body).encode()
    proof = hmac.new(b"sandbox-app-secret", raw, hashlib.sha256).hexdigest()
    return WebhookRequest("POST", {"x-hub-signature-256": f"sha256={proof}"}, {}, raw)


def delivered(field: str, value: Any) -> Delivery:
    connector, _ = instagram({})
    entry = {"id": IG, "time": 1762074931, "changes": [{"field": field, "value": value}]}
    (one,) = connector.receive(access(), signed({"object": "instagram", "entry": [entry]})).deliveries
    assert one.account == IG
    return one


def test_only_what_is_signed_and_of_instagram_is_kept() -> None:
    connector, _ = instagram({})
    assert (
        connector.receive(access(), signed({"object": "page", "entry": [{"id": IG, "changes": [{}]}]})).deliveries == ()
    )
    with pytest.raises(BadSignature):
        connector.receive(access(), WebhookRequest("POST", {}, {}, b"{}"))
    query = {"hub.mode": "subscribe", "hub.challenge": "42", "hub.verify_token": "verify-token-for-tests"}
    assert connector.receive(access(), WebhookRequest("GET", {}, query, b"")).body == "42"


def test_a_comment_that_is_told_of_reads_as_the_list_tells_it() -> None:
    value = {"id": "17861", "from": {"id": "99", "username": "someone"}, "media": {"id": "179"}, "text": "old words"}
    connector, _ = instagram({"/17861": comment(1), MEDIA: listed(media(listed(comment(1))))})
    (told,) = connector.read_delivery(LINKED, delivered("comments", value).body).items
    (seen,) = walked(connector, LINKED)[0]
    assert told == seen
    connector, _ = instagram({}, error(100, 33))
    (gone,) = connector.read_delivery(LINKED, delivered("comments", value).body).items
    assert gone.change == "withdrawn"


def test_an_answer_without_what_was_asked_for_is_asked_for_again_and_no_fault_of_the_delivery() -> None:
    connector, _ = instagram({"/17861": {}})
    with pytest.raises(Unavailable):
        connector.read_delivery(LINKED, delivered("comments", {"id": "17861"}).body)


def test_a_mention_is_asked_for_through_our_own_account() -> None:
    found = {"text": f"@{OURS} help", "timestamp": stamp(NOW), "username": "someone", "media": {"id": "55"}}
    connector, provider = instagram({f"/{IG}": {"mentioned_comment": found, "id": IG}})
    value = {"media_id": "55", "comment_id": "66"}
    (item,) = connector.read_delivery(LINKED, delivered("mentions", value).body).items
    assert (item.remote_id, item.thread_id) == ("mention-66", "mention-66")
    assert item.source == {"media_id": "55", "comment_id": "66"}
    assert provider.asked[-1].url.params["fields"].startswith("mentioned_comment.comment_id(66){")
    (again,) = connector.recheck(LINKED, ["mention-66"])
    assert again.remote_id == item.remote_id


def test_a_mention_in_the_words_of_a_post_is_asked_for_as_a_post() -> None:
    found = {"id": "55", "caption": f"Thanks @{OURS}", "timestamp": stamp(NOW), "username": "someone"}
    connector, _ = instagram({f"/{IG}": {"mentioned_media": found, "id": IG}})
    (item,) = connector.read_delivery(LINKED, delivered("mentions", {"media_id": "55"}).body).items
    assert (item.remote_id, item.source) == ("caption-55", {"media_id": "55"})
    connector, _ = instagram({f"/{IG}": {"id": IG}})
    (gone,) = connector.recheck(LINKED, ["caption-55"])
    assert gone.change == "withdrawn"


@pytest.mark.parametrize(("field", "value"), [("comments", {}), ("mentions", {}), ("live_comments", {"id": "1"})])
def test_what_names_nothing_is_nothing(field: str, value: Any) -> None:
    connector, provider = instagram({})
    assert list(connector.read_delivery(LINKED, delivered(field, value).body).items) == []
    assert provider.asked == []


def test_an_answer_hangs_below_the_first_comment() -> None:
    connector, provider = instagram({"POST /17861/replies": {"id": "17869"}})
    got = connector.reply(LINKED, answer_to(target("17863", thread="17861")))
    assert (got.remote_id, got.url) == ("17869", PERMALINK)
    assert parse_qs(provider.asked[-1].content.decode()) == {"message": ["Thank you."]}


def test_a_mention_is_answered_where_it_stands_and_nobody_can_look_for_the_answer() -> None:
    connector, provider = instagram({f"POST /{IG}/mentions": {"id": "77"}})
    mention = target("mention-66", media_id="55", comment_id="66")
    assert connector.reply(LINKED, answer_to(mention)).remote_id == "77"
    form = {"media_id": ["55"], "comment_id": ["66"], "message": ["Thank you."]}
    assert parse_qs(provider.asked[-1].content.decode()) == form
    with pytest.raises(UnexpectedAnswer, match="look there"):
        connector.find_reply(LINKED, answer_to(mention))


def test_our_answer_is_found_by_account_words_and_time() -> None:
    fresh = {"text": "Thank  you.", "timestamp": stamp(NOW)}
    wrong = [
        comment(1, **fresh),
        ours(2, **fresh | {"text": "Thank you!"}),
        ours(3, **fresh | {"timestamp": stamp(NOW - timedelta(hours=1))}),
    ]
    connector, _ = instagram({"/17861/replies": listed(*wrong)})
    assert connector.find_reply(LINKED, answer_to(target())) is None
    right = ours(4, **fresh) | {"from": None}
    connector, provider = instagram({"/17861/replies": in_turn(listed(*wrong, after="n"), listed(right))})
    found = connector.find_reply(LINKED, answer_to(target()))
    assert found is not None
    assert found.remote_id == "17864"
    connector, provider = instagram({"/17861/replies": listed(right)})
    assert connector.reply(LINKED, answer_to(target())).remote_id == "17864"
    assert not [one for one in paths(provider) if one.startswith("POST")]


def test_who_may_answer_and_how() -> None:
    connector, _ = instagram({})
    assert connector.may_reply(LINKED, target()).mode == "api"
    assert connector.may_reply(access(ig_id=IG), target()).mode == "assisted"
    tag = ReplyTarget("tag-5", "tag-5", PERMALINK, None, {}, NO_ANSWER_TO_TAG)
    refused = connector.may_reply(LINKED, tag)
    assert (refused.mode, refused.reason, refused.url) == ("none", NO_ANSWER_TO_TAG, PERMALINK)


def test_a_write_without_a_number_has_an_unknown_outcome_and_no_token_is_said() -> None:
    connector, _ = instagram({}, {"success": True})
    with pytest.raises(Unavailable):
        connector.reply(LINKED, answer_to(target()))
    with pytest.raises(NotAuthorised):
        connector.poll(access(ig_id=IG), None)
    connector, _ = instagram({}, error(190, 458, 401))
    with pytest.raises(NotAuthorised, match="removed"):
        connector.refresh(LINKED)
