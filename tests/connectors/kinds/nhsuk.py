"""NHS.UK: found by code, answered by API with a publisher's key, or on the site."""

from tests.connectors.cases import Kind


class NhsUk(Kind):
    kind = "nhsuk"
    by_code = True
    on_site = True


CASE = NhsUk()
