"""A Page on Facebook: signing in, choosing the Pages, and being told of what is new."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from healthberry.connectors.base import Access
from healthberry.connectors.errors import NotAuthorised, NotLinked
from healthberry.connectors.registry import Credentials
from tests.connectors.facebook_samples import NOW, OWN, RATINGS, SINCE
from tests.connectors.fakes import access, answering, connectors
from tests.connectors.graph_samples import (
    LINKED,
    PAGE,
    PUBLIC_ONLY,
    error,
    facebook,
    in_turn,
    listed,
    paths,
    walked,
)

BACK = "https://hb.example/channels/facebook/callback"


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
