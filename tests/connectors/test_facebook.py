"""A Page on Facebook: what its posts, comments, messages and recommendations become."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from healthberry.connectors.base import InboundItem
from healthberry.connectors.errors import Gone, NotAuthorised, Unavailable
from healthberry.connectors.facebook_items import NO_COMMENT
from tests.connectors.facebook_samples import NOW, OWN, RATINGS, SINCE, TAGGED, TALKS, VISITORS, said, stamp, talk
from tests.connectors.fakes import access
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
    walked,
)


def by_id(items: list[InboundItem]) -> dict[str, InboundItem]:
    return {item.remote_id: item for item in items}


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


def test_what_hangs_below_a_post_whose_id_came_damaged_is_not_passed_over() -> None:
    def page(mark: str) -> dict[str, Any]:
        return listed(post(1, id=f"{mark}{PAGE}_1", comments=listed(comment(11), after="c2")))

    own = in_turn(page("\ufffd"), page("\ufffd"), page(""))
    connector, _ = facebook({OWN: own, f"/{PAGE}_1/comments": listed(comment(12))})
    first = connector.backfill(PUBLIC_ONLY, SINCE, None)
    assert (list(first.items), list(first.bad), first.more) == ([], [], True)
    with pytest.raises(Unavailable):
        connector.backfill(PUBLIC_ONLY, SINCE, first.cursor)
    items: list[InboundItem] = []
    more, cursor = True, first.cursor
    while more:
        got = connector.backfill(PUBLIC_ONLY, SINCE, cursor)
        items, more, cursor = [*items, *got.items], got.more, got.cursor
    assert {item.remote_id for item in items} == {"555000111_11", "555000111_12"}


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


def test_empty_lists_are_empty() -> None:
    connector, _ = facebook({}, EMPTY)
    assert walked(connector, LINKED)[0] == []
