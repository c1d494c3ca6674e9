"""Feeds: linked by an address, read without a key; a feed never says what was taken down, and takes no answers."""

from collections.abc import Mapping

from healthberry.connectors.base import Access, Connector, ProviderFacts
from tests.connectors.cases import Kind
from tests.connectors.conftest import Sandbox


class Feed(Kind):
    kind = "feed"
    keyed = False
    changes = False
    first_page = 60

    def where(self, number: int, code: str) -> Mapping[str, str]:
        return {"handle": f"town-{number}"}

    def access(
        self, connector: Connector, sandbox: Sandbox, where: Mapping[str, str], provider: ProviderFacts
    ) -> Access:
        typed = f"{sandbox.url}/websites/localnews.example/{where['handle']}/{self.document}"
        (found,) = connector.link(connector.prepare({"address": typed}, "")).found
        return Access(found.listing.config)

    document = "feed.xml"


CASE = Feed()
