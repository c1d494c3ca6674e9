"""Care Opinion: found by code, answered on the site alone."""

from tests.connectors.cases import Kind


class CareOpinion(Kind):
    kind = "careopinion"
    by_code = True
    on_site = True


CASE = CareOpinion()
