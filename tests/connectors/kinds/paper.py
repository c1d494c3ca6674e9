"""Paper: nothing outside is asked, so the contract has only its case to know."""

from tests.connectors.cases import Kind


class Paper(Kind):
    kind = "paper"
    has_page = False
    keyed = False
    changes = False


CASE = Paper()
