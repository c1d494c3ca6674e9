"""What signing in gave is given back."""

import pytest

from healthberry.connectors.base import Access
from healthberry.connectors.errors import NotAuthorised, Unavailable
from healthberry.connectors.graph import proof
from tests.connectors.cases import SINCE, Case
from tests.connectors.conftest import KEYS
from tests.connectors.contract import CONNECTORS, ENDED, case

__all__ = ["case"]


@ENDED
def test_what_signing_in_gave_is_dead_once_it_was_given_back(case: Case) -> None:
    access = case.about.used(case, case.about.signed_in(case))
    assert case.connector.grant(access)
    case.connector.revoke(access)
    with pytest.raises(NotAuthorised):
        case.about.used(case, access)
    case.connector.revoke(access)


@ENDED
def test_a_provider_that_is_away_is_said_when_a_permission_is_given_back(case: Case) -> None:
    access = case.about.signed_in(case)
    where = "google" if case.kind == "youtube" else case.kind
    case.sandbox.fault(where, "server_error", operation="token")
    with pytest.raises(Unavailable):
        case.connector.revoke(access)
    case.connector.revoke(access)
    with pytest.raises(NotAuthorised):
        case.about.used(case, access)


@pytest.mark.parametrize("case", CONNECTORS.kinds, indirect=True)
def test_where_nobody_signed_in_nothing_is_given_back(case: Case) -> None:
    nobody = Access(case.access.config, case.connector.installed_access())
    assert case.connector.grant(nobody) == ""


@pytest.mark.parametrize("case", ["facebook", "instagram"], indirect=True)
def test_meta_sends_no_more_news_of_a_page_that_was_given_back(case: Case) -> None:
    token, page_id = case.access.secrets["access_token"], str(case.access.config["page_id"])
    path, proven = (
        f"/{case.kind}/v26.0/{page_id}/subscribed_apps",
        {"appsecret_proof": proof(KEYS["FACEBOOK_APP_SECRET"], token)},
    )

    def followed() -> bool:
        answer = case.sandbox.http.get(path, params=proven, headers={"Authorization": f"Bearer {token}"})
        return bool(answer.json()["data"])

    case.connector.backfill(case.access, SINCE, None)
    assert followed()
    assert case.connector.grant(case.access) == f"meta {page_id}"
    case.connector.revoke(case.access)
    assert not followed()
    case.connector.revoke(case.access)
    case.connector.revoke(case.about.wrong(case.access))
