"""Care Connect: it sends problems to us, and there is nothing to read there (test_careconnect.py)."""

from tests.connectors.cases import Kind


class CareConnect(Kind):
    kind = "careconnect"


CASE = CareConnect()
