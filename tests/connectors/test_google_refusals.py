"""What Google refuses, and what is not asked of it."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from healthberry.connectors import registry
from healthberry.connectors.base import Access
from healthberry.connectors.errors import Gone, NotAuthorised, RateLimited, Rejected, Unavailable
from tests.connectors.fakes import CREDENTIALS, UNHURRIED, answering, as_json
from tests.connectors.google_samples import ACCOUNT, REVIEW, SINCE, Profile, channel, error, google, reply


@pytest.mark.parametrize(
    ("status", "name", "details", "kind", "words"),
    [
        (400, "INVALID_ARGUMENT", {}, Rejected, "does not accept"),
        (401, "UNAUTHENTICATED", {}, NotAuthorised, "Sign in"),
        (403, "PERMISSION_DENIED", {}, NotAuthorised, "may not"),
        (403, "PERMISSION_DENIED", {"reason": "SERVICE_DISABLED"}, NotAuthorised, "not switched on"),
        (404, "NOT_FOUND", {}, Gone, "no longer"),
        (429, "RESOURCE_EXHAUSTED", {}, RateLimited, "slow down"),
        (429, "RESOURCE_EXHAUSTED", {"metadata": {"quota_limit_value": "0"}}, NotAuthorised, "not approved"),
        (500, "INTERNAL", {}, Unavailable, "not available"),
        (503, "UNAVAILABLE", {}, Unavailable, "not available"),
    ],
)
def test_each_refusal_means_what_the_table_says(
    status: int, name: str, details: dict[str, Any], kind: type[Exception], words: str
) -> None:
    connector = google(answering(error(status, name, **details)))
    for call in (
        lambda: connector.poll(channel(), None),
        lambda: connector.backfill(channel(), SINCE, None),
        lambda: connector.reply(channel(), reply()),
        lambda: connector.find_reply(channel(), reply()),
        lambda: connector.recheck(channel(), [REVIEW]),
    ):
        with pytest.raises(kind, match=words):
            call()


def _telling(setting: dict[str, Any]) -> Callable[[httpx.Request], httpx.Response | None]:
    return lambda request: as_json(setting) if request.url.path.endswith("notificationSetting") else None


def test_google_is_asked_once_a_day_to_tell_us_and_another_tools_wish_is_left_alone() -> None:
    credentials = registry.Credentials(google_pubsub_topic="projects/p/topics/t", google_client_id="c")
    for present, asked in (({}, ["GET", "PATCH"]), ({"pubsubTopic": "projects/other/topics/t"}, ["GET"])):
        profile, setting = Profile([]), dict(present)
        profile.refuse = _telling(setting)
        built = registry.build(registry.endpoints(None), credentials, profile, pace=UNHURRIED).get("google")
        cursor = built.poll(channel(), None).cursor
        built.poll(channel(), cursor)
        assert [one.method for one in profile.asked if "notificationSetting" in one.url.path] == asked


def test_without_a_sign_in_nothing_is_asked() -> None:
    provider = answering({})
    with pytest.raises(NotAuthorised, match="Sign in"):
        google(provider).poll(Access({"account": ACCOUNT}), None)
    assert provider.asked == []
    assert (
        "GOOGLE_CLIENT_ID" in registry.build(registry.endpoints(None), registry.Credentials()).get("google").missing()
    )
    assert CREDENTIALS.google_client_id
