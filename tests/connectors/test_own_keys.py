"""Keys of an organisation's own lie above the installation's; the form that asks for them is tried on the spot."""

from typing import Any

import httpx
import pytest

from healthberry.connectors.base import Access, ReplyTarget
from healthberry.connectors.errors import NotLinked
from healthberry.connectors.registry import Credentials
from tests.connectors.fakes import PUBLISHER, Provider, answering, as_json, connectors, reply_to
from tests.connectors.samples import REVIEW

GIVEN = {"name": "Example Trust", "own_subscription_key": "our-own-key", "forget": "no"}
NHSUK = {**GIVEN, "ods_codes": "RXX\nRXX01", "publisher_id": "OURPUB", "publisher_key": "our-publisher-key"}
CAREOPINION = {**GIVEN, "nacs": "RXX\nRXX01 outpatients"}
TARGET = ReplyTarget("r1", "r1", "https://www.nhs.uk/1", "RXX", {}, None)


def empty(request: httpx.Request) -> httpx.Response:
    return as_json({"comments": []} if "comments" in request.url.path else [])


@pytest.mark.parametrize("credentials", [Credentials(), PUBLISHER])
@pytest.mark.parametrize(("kind", "given"), [("nhsuk", NHSUK), ("careopinion", CAREOPINION)])
def test_an_own_key_reads_whatever_the_installation_has(
    kind: str, given: dict[str, str], credentials: Credentials
) -> None:
    provider = Provider(empty)
    connector = connectors(provider, credentials).get(kind)
    access = connector.prepare(given, "")
    (found,) = connector.link(Access(access.config, {**connector.installed_access(), **access.secrets})).found

    connector.poll(Access(found.listing.config, access.secrets), None)

    keys = {one.headers.get("subscription-key") or one.headers["authorization"] for one in provider.asked}
    assert keys in ({"our-own-key"}, {"SUBSCRIPTION_KEY our-own-key"})
    assert found.listing.remote_id == "RXX"
    assert "our-own-key" not in repr(access)


@pytest.mark.parametrize(("kind", "given"), [("nhsuk", NHSUK), ("careopinion", CAREOPINION)])
def test_a_key_that_is_refused_is_said_at_its_field(kind: str, given: dict[str, str]) -> None:
    connector = connectors(answering(httpx.Response(401))).get(kind)
    with pytest.raises(NotLinked) as refused:
        connector.link(connector.prepare(given, ""))
    assert refused.value.field == "own_subscription_key"


@pytest.mark.parametrize(("kind", "given"), [("nhsuk", NHSUK), ("careopinion", CAREOPINION)])
def test_own_keys_can_be_forgotten_and_codes_cannot_be_left_out(kind: str, given: dict[str, str]) -> None:
    connector = connectors(Provider(empty)).get(kind)
    access = connector.prepare({**given, "forget": "yes"}, "")
    assert set(access.secrets.values()) == {""}
    assert "publisher_id" not in access.config
    codes = "ods_codes" if kind == "nhsuk" else "nacs"
    with pytest.raises(NotLinked) as lacking:
        connector.prepare({**given, codes: " "}, "")
    assert lacking.value.field == codes


@pytest.mark.parametrize(("gone", "field"), [("publisher_id", "publisher_id"), ("publisher_key", "publisher_key")])
def test_a_publishers_id_and_key_belong_together(gone: str, field: str) -> None:
    with pytest.raises(NotLinked) as lacking:
        connectors(Provider(empty)).get("nhsuk").prepare({**NHSUK, gone: ""}, "")
    assert lacking.value.field == field


def test_an_own_publisher_answers_by_api_in_place_of_the_installations() -> None:
    unanswered: dict[str, Any] = {**REVIEW, "response": None}
    number = REVIEW["comment"]["commentId"]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return as_json({"CommentID": "c-1", "Status": "Published"})
        return as_json({"comments": [unanswered]})

    provider = Provider(answer)
    connector = connectors(provider, PUBLISHER).get("nhsuk")
    access = connector.prepare(NHSUK, "")

    assert connector.may_reply(access, TARGET).mode == "api"
    connector.reply(access, reply_to(number))

    sent = provider.asked[-1]
    assert sent.headers["subscription-key"] == "our-publisher-key"
    assert b'"OURPUB"' in sent.content


def test_the_installations_publisher_does_not_speak_for_codes_that_were_typed_in() -> None:
    connector = connectors(Provider(empty), PUBLISHER).get("nhsuk")
    typed = connector.prepare({**NHSUK, "publisher_id": "", "publisher_key": "", "ods_codes": "RYJ"}, "")
    (found,) = connector.link(typed).found

    assert connector.may_reply(Access({"ods_codes": ["RXX"]}), TARGET).mode == "api"
    assert connector.may_reply(Access(found.listing.config, typed.secrets), TARGET).mode == "assisted"
