"""Facebook: linked by signing in, read and answered with the Page's own token."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import httpx

from healthberry.connectors.base import Access, Connector, ProviderFacts
from tests.connectors.cases import Kind
from tests.connectors.conftest import Sandbox

_BACK = "http://127.0.0.1:9/back"


def signed_in(
    connector: Connector, sandbox: Sandbox, site: str, name: str, given: Mapping[str, str]
) -> list[tuple[str, Access]]:
    """Sign in through the sandbox's own dialog; return what can be linked then, by its id."""
    begun = connector.prepare(given, _BACK)
    page = sandbox.http.get(connector.authorise_url(begun, "state-1", _BACK, "verifier")).text
    fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
    answer = sandbox.http.post(f"/{site}/v26.0/dialog/oauth", data={**fields, "name": name})
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["state"] == ["state-1"]
    answered = {key: values[0] for key, values in query.items()}
    got = connector.authorise(begun, answered, _BACK, "verifier")
    found = connector.link(Access(begun.config, got.secrets, got.expires_at)).found
    return [(one.listing.remote_id, Access(one.listing.config, one.secrets, one.expires_at)) for one in found]


class Facebook(Kind):
    kind = "facebook"

    def where(self, number: int, code: str) -> Mapping[str, str]:
        return {"handle": f"trust{number}page"}

    def access(
        self, connector: Connector, sandbox: Sandbox, where: Mapping[str, str], provider: ProviderFacts
    ) -> Access:
        ((_, access),) = signed_in(connector, sandbox, "facebook", where["handle"], {"messages": "yes"})
        return access

    def writes(self, request: httpx.Request) -> bool:
        return request.method == "POST" and request.url.path.endswith("/comments")


CASE = Facebook()
