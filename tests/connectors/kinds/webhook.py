"""Another system: it sends by itself and is never asked, so that the contract of reading has nothing to say of it."""

from collections.abc import Mapping

from tests.connectors.cases import Kind


class Webhook(Kind):
    kind = "webhook"
    keyed = False
    changes = False
    has_page = False

    def where(self, number: int, code: str) -> Mapping[str, str]:
        return {"handle": f"survey-{number}"}


CASE = Webhook()
