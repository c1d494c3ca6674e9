"""Google: linked by signing in, read and answered as whoever did."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import httpx

from healthberry.connectors.base import Access, Connector, ProviderFacts
from tests.connectors.cases import Kind
from tests.connectors.conftest import Sandbox

BACK = "http://127.0.0.1:9/back"
_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


class Google(Kind):
    kind = "google"
    ends = True

    def access(
        self, connector: Connector, sandbox: Sandbox, where: Mapping[str, str], provider: ProviderFacts
    ) -> Access:
        begun = connector.prepare({"locations": ""}, BACK)
        signed_in = sign_in(connector, sandbox, begun, provider.ods_code)
        (linkable,) = connector.link(signed_in).found
        return Access(linkable.listing.config, linkable.secrets, linkable.expires_at)

    def writes(self, request: httpx.Request) -> bool:
        return request.method == "PUT"


def sign_in(connector: Connector, sandbox: Sandbox, access: Access, whose: str) -> Access:
    """Sign in as somebody who manages this organisation, through the sandbox's own page."""
    url = connector.authorise_url(access, "state-1", BACK, _VERIFIER)
    page = sandbox.http.get(url).text
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', page))
    fields.pop("cancel")
    answer = sandbox.http.post("/google/accounts/o/oauth2/v2/auth", data={**fields, "organisations": whose})
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["state"] == ["state-1"]
    given = {name: values[0] for name, values in query.items()}
    got = connector.authorise(access, given, BACK, _VERIFIER)
    return Access(access.config, got.secrets, got.expires_at)


CASE = Google()
