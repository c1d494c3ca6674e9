"""YouTube: linked by signing in with Google, read and answered as a channel."""

from collections.abc import Mapping

import httpx

from healthberry.connectors.base import Access, Connector, ProviderFacts
from tests.connectors.cases import Kind
from tests.connectors.conftest import Sandbox
from tests.connectors.kinds.google import BACK, sign_in


class YouTube(Kind):
    kind = "youtube"
    ends = True

    def where(self, number: int, code: str) -> Mapping[str, str]:
        return {"handle": f"trust{number}nhs"}

    def access(
        self, connector: Connector, sandbox: Sandbox, where: Mapping[str, str], provider: ProviderFacts
    ) -> Access:
        signed_in = sign_in(connector, sandbox, connector.prepare({}, BACK), where["handle"])
        (linkable,) = connector.link(signed_in).found
        return Access(linkable.listing.config, linkable.secrets, linkable.expires_at)

    def writes(self, request: httpx.Request) -> bool:
        return request.method == "POST" and request.url.path.endswith("/comments")


CASE = YouTube()
