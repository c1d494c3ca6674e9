"""Mastodon: any server, linked by signing in there, answered by API."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import httpx

from healthberry.connectors.base import Access, Connector, ProviderFacts
from tests.connectors.cases import Case, Kind
from tests.connectors.conftest import Sandbox

BACK = "http://127.0.0.1:9/back"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


class Mastodon(Kind):
    kind = "mastodon"
    ends = True

    def where(self, number: int, code: str) -> Mapping[str, str]:
        return {"handle": f"trust{number}@social.example"}

    def access(
        self, connector: Connector, sandbox: Sandbox, where: Mapping[str, str], provider: ProviderFacts
    ) -> Access:
        return linked(connector, sandbox, where["handle"])

    def wrong(self, access: Access) -> Access:
        return Access(access.config, {**access.secrets, "access_token": "wrong"})

    def used(self, case: Case, access: Access) -> Access:
        case.connector.poll(access, None)
        return access

    def writes(self, request: httpx.Request) -> bool:
        return request.method == "POST" and request.url.path.endswith("/api/v1/statuses")


CASE = Mastodon()


def linked(connector: Connector, sandbox: Sandbox, handle: str, tags: str = "") -> Access:
    """Link an account as the pages do: register, sign in at the server's page, exchange, look what there is."""
    begun = connector.prepare({"server": f"@{handle}", "tags": tags}, BACK)
    url = connector.authorise_url(begun, "state-1", BACK, VERIFIER)
    fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', sandbox.http.get(url).text))
    answer = sandbox.http.post(url.partition("?")[0], data={**fields, "username": handle.partition("@")[0]})
    given = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    assert given["state"] == "state-1"
    got = connector.authorise(begun, given, BACK, VERIFIER)
    signed_in = Access(begun.config, {**begun.secrets, **got.secrets}, got.expires_at)
    (one,) = connector.link(signed_in).found
    assert (one.account, one.listing.remote_id) == (got.account, got.account_id)
    return Access(one.listing.config, {**signed_in.secrets, **one.secrets}, got.expires_at)
