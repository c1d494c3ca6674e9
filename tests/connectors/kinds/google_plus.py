"""Google+: archives are uploaded; the API of the sandbox is walked by test_google_plus.py."""

from tests.connectors.cases import Kind


class GooglePlus(Kind):
    kind = "google_plus"
    has_page = False
    keyed = False
    changes = False


CASE = GooglePlus()
