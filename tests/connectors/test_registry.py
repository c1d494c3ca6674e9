from dataclasses import fields

import pytest

from healthberry.connectors import registry
from healthberry.connectors.base import WebhookRequest
from healthberry.connectors.errors import BadSignature, NotAuthorised
from tests.connectors.fakes import CREDENTIALS, access, answering, connectors

# The order in which kinds are shown, whichever of them there are.
ORDER = (
    "nhsuk",
    "careopinion",
    "x",
    "facebook",
    "instagram",
    "google",
    "youtube",
    "mastodon",
    "bluesky",
    "google_plus",
    "careconnect",
    "email",
    "fft",
    "paper",
    "feed",
    "webhook",
)


def test_kinds_are_found_by_name_and_walked_in_order() -> None:
    built = connectors(answering({}))
    assert built.kinds == tuple(kind for kind in ORDER if kind in built) == tuple(one.kind for one in built)
    assert {"nhsuk", "careopinion", "x", "google"} <= set(built.kinds)
    assert all(kind in built and built.get(kind).kind == kind for kind in built.kinds)
    with pytest.raises(KeyError):
        built.get("friendface")


def test_the_sandbox_stands_for_every_provider_and_without_it_all_are_real() -> None:
    simulated, real = registry.endpoints("http://127.0.0.1:9/"), registry.endpoints(None)
    for one in fields(registry.Endpoints):
        assert str(getattr(simulated, one.name)).startswith("http://127.0.0.1:9/")
        assert "127.0.0.1" not in str(getattr(real, one.name))
    assert real.websites is None


def test_building_opens_no_connection() -> None:
    provider = answering({})
    connectors(provider)
    assert provider.asked == []


def test_every_connector_says_what_people_need_to_know() -> None:
    for connector in connectors(answering({})):
        known = connector.capabilities
        assert known.label
        assert known.place
        assert 1 <= len(known.short) <= 4
        assert known.item
        assert known.backfill_depth or not known.backfills
        assert known.poll_seconds is None or 10 <= known.poll_seconds <= 3600
        assert known.about.reads
        assert known.about.answers
        assert known.about.needs
        assert not connector.missing()
        assert connector.length("ten chars!") == 10


def test_without_keys_there_is_nothing_to_read_with() -> None:
    built = registry.build(registry.endpoints(None), registry.Credentials(), answering({}))
    assert not any(connector.installed_access() for connector in built)
    keyed = [connector.kind for connector in connectors(answering({})) if connector.installed_access()]
    assert {"nhsuk", "careopinion", "x"} <= set(keyed)
    for kind in keyed:
        asked = {one.name for one in built.get(kind).capabilities.fields if one.kind == "secret"}
        said = built.get(kind).missing()
        assert "KEY" in said or "TOKEN" in said or "own_subscription_key" in asked


def test_known_secrets_are_named_for_masking() -> None:
    assert "x-bearer-for-tests" in CREDENTIALS.known()
    assert registry.Credentials().known() == []


def test_nobody_takes_a_webhook_that_nobody_sends() -> None:
    for connector in connectors(answering({})):
        if connector.capabilities.push:
            continue
        with pytest.raises(BadSignature):
            connector.receive(access(), WebhookRequest("POST", {}, {}, b"{}"))


@pytest.mark.parametrize("kind", ["nhsuk", "careopinion"])
def test_a_channel_with_a_key_has_no_page_to_sign_in_at(kind: str) -> None:
    connector = connectors(answering({})).get(kind)
    with pytest.raises(NotAuthorised):
        connector.authorise_url(access(), "s", "https://hb.example/back", "v")
    with pytest.raises(NotAuthorised):
        connector.authorise(access(), {"code": "c"}, "https://hb.example/back", "v")
    with pytest.raises(NotAuthorised):
        connector.refresh(access())
