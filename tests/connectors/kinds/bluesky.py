"""Bluesky: linked by an app password, answered by API."""

from collections.abc import Mapping

import httpx

from healthberry.connectors.base import Access, Connector, ProviderFacts
from tests.connectors.cases import Case, Kind
from tests.connectors.conftest import Sandbox

APP_PASSWORD = "abcd-efgh-ijkl-mnop"


class Bluesky(Kind):
    kind = "bluesky"
    ends = True

    def where(self, number: int, code: str) -> Mapping[str, str]:
        return {"handle": f"trust{number}.nhs.example"}

    def access(
        self, connector: Connector, sandbox: Sandbox, where: Mapping[str, str], provider: ProviderFacts
    ) -> Access:
        begun = connector.prepare({"handle": f"@{where['handle']}", "app_password": APP_PASSWORD}, "")
        (one,) = connector.link(begun).found
        return Access(one.listing.config, {**begun.secrets, **one.secrets}, one.expires_at)

    def wrong(self, access: Access) -> Access:
        return Access(access.config, {**access.secrets, "access_token": "wrong"})

    def used(self, case: Case, access: Access) -> Access:
        # With the app password anybody can sign in anew: only people can take that back.
        session = {name: value for name, value in access.secrets.items() if name != "app_password"}
        return super().used(case, Access(access.config, session))

    def writes(self, request: httpx.Request) -> bool:
        return request.method == "POST" and request.url.path.endswith("putRecord")


CASE = Bluesky()
