"""What can be linked by the ODS code alone."""

from healthberry.connectors.base import Access, ProviderFacts
from tests.connectors.cases import Case
from tests.connectors.contract import BY_CODE, CONNECTORS, case
from tests.connectors.kinds import KINDS

__all__ = ["case"]


def test_every_kind_of_channel_has_its_case() -> None:
    assert set(KINDS) == set(CONNECTORS.kinds)


@BY_CODE
def test_discovery_finds_the_listing_and_says_how_much_there_is(case: Case) -> None:
    case.post("One.")
    found = case.connector.discover(case.provider)
    assert not found.problems
    (listing,) = found.listings
    assert (listing.kind, listing.remote_id, listing.needs) == (case.kind, case.provider.ods_code, "")
    assert listing.amount.startswith("1 ")
    assert listing.found_at == f"Found by ODS code {case.provider.ods_code}"
    assert case.sandbox.http.get(listing.url).status_code == 200
    items = case.connector.poll(Access(listing.config, case.connector.installed_access()), None).items
    assert len(items) == 1


@BY_CODE
def test_a_provider_that_is_down_keeps_its_listing_and_says_so(case: Case) -> None:
    case.fault("server_error")
    found = case.connector.discover(case.provider)
    assert len(found.listings) == len(found.problems) == 1
    assert found.again


@BY_CODE
def test_without_an_ods_code_nothing_is_listed_and_nobody_asked(case: Case) -> None:
    case.fault("server_error")
    unlisted = ProviderFacts("", "Brook Hospice", "hospice", None, "England")

    found = case.connector.discover(unlisted)

    assert (list(found.listings), found.again) == ([], False)
    assert found.problems[0].startswith("Brook Hospice has no ODS code")
    assert case.connector.discover(case.provider).problems, "the fault was used up: the provider was asked"
