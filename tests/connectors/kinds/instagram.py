"""Instagram: linked by signing in with Facebook, read and answered with the Page's token."""

from collections.abc import Mapping

import httpx

from healthberry.connectors.base import Access, Connector, ProviderFacts
from tests.connectors.cases import Kind
from tests.connectors.conftest import Sandbox
from tests.connectors.kinds.facebook import signed_in


class Instagram(Kind):
    kind = "instagram"

    def where(self, number: int, code: str) -> Mapping[str, str]:
        return {"handle": f"trust{number}gram"}

    def access(
        self, connector: Connector, sandbox: Sandbox, where: Mapping[str, str], provider: ProviderFacts
    ) -> Access:
        ((_, access),) = signed_in(connector, sandbox, "facebook", where["handle"], {})
        return access

    def writes(self, request: httpx.Request) -> bool:
        return request.method == "POST" and request.url.path.endswith("/replies")


CASE = Instagram()
