"""A mailbox: linked with a password, read over IMAP, answered over SMTP."""

from collections.abc import Mapping

from healthberry.connectors.base import Access, Connector, ProviderFacts
from tests.connectors.cases import Kind
from tests.connectors.conftest import Sandbox


class Email(Kind):
    kind = "email"
    has_page = False
    own_threads = False
    certain = True
    changes = False
    gone_is_said = False
    # The others spoil what only lists over HTTP hold.
    faults = ("rate_limit", "server_error", "timeout_before", "truncated_body", "cut_connection")

    def where(self, number: int, code: str) -> Mapping[str, str]:
        return {"handle": f"feedback@trust{number}.nhs.uk"}

    def access(
        self, connector: Connector, sandbox: Sandbox, where: Mapping[str, str], provider: ProviderFacts
    ) -> Access:
        access = connector.prepare({"address": where["handle"], "password": "simulated"}, "")
        (found,) = connector.link(access).found
        return Access(found.listing.config, access.secrets)

    def arm(self, sandbox: Sandbox, fault: str) -> bool:
        sandbox.fault(self.kind, fault, operation="reply")
        return True


CASE = Email()
