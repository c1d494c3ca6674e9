"""X: found by websites (test_websites.py), read with the installation's token, answered by API after signing in."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from healthberry.connectors.base import Access, Connector, ProviderFacts
from tests.connectors.cases import Case, Kind
from tests.connectors.conftest import KEYS, Sandbox

_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


class X(Kind):
    kind = "x"
    ends = True
    gone_is_said = False

    def where(self, number: int, code: str) -> Mapping[str, str]:
        return {"handle": f"Trust{number}NHS"}

    def words(self, where: Mapping[str, str], text: str) -> str:
        return f"@{where['handle']} {text}"

    def access(
        self, connector: Connector, sandbox: Sandbox, where: Mapping[str, str], provider: ProviderFacts
    ) -> Access:
        sandbox.post("x", **where, author="Somebody", text=f"@{where['handle']} first")
        headers = {"Authorization": f"Bearer {KEYS['X_BEARER_TOKEN']}"}
        answer = sandbox.http.get(f"/x/2/users/by/username/{where['handle']}", headers=headers)
        config = {"user_id": str(answer.json()["data"]["id"]), "username": where["handle"]}
        return Access(config, connector.installed_access())

    def signed_in(self, case: Case) -> Access:
        back = "http://127.0.0.1:9/back"
        url = case.connector.authorise_url(case.access, "state-1", back, _VERIFIER)
        page = case.sandbox.http.get(url).text
        fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', page))
        answer = case.sandbox.http.post("/x/i/oauth2/authorize", data={**fields, "username": case.where["handle"]})
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        assert query["state"] == ["state-1"]
        given = {name: values[0] for name, values in query.items()}
        got = case.connector.authorise(case.access, given, back, _VERIFIER)
        assert got.account == case.where["handle"]
        return Access(case.access.config, got.secrets, got.expires_at)


CASE = X()
