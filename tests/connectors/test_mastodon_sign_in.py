"""Mastodon: which server it is, the application that is registered there, and the sign-in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from healthberry.connectors import registry
from healthberry.connectors.base import Access
from healthberry.connectors.errors import NotAuthorised, NotLinked
from healthberry.connectors.mastodon_server import server_of
from tests.connectors.fakes import answering, as_json
from tests.connectors.mastodon_samples import CONFIG, SIGNED_IN, by_path, mastodon

BACK = "https://hb.example/channels/mastodon/callback"


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


def test_a_real_installation_reaches_public_servers_alone() -> None:
    real = registry.build(registry.endpoints(None), registry.Credentials()).get("mastodon")
    with pytest.raises(NotLinked):
        # The name exists in no zone: nothing is called, whatever the resolver of this machine says.
        real.prepare({"server": "inside.invalid"}, BACK)
