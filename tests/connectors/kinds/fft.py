"""Friends and Family Test: files are uploaded, so the contract has only its case to know."""

from tests.connectors.cases import Kind


class Fft(Kind):
    kind = "fft"
    has_page = False
    keyed = False
    changes = False


CASE = Fft()
