"""Walking through the past: whole, newest first, the same page twice, and no fault loses an item."""

from tests.connectors.cases import SINCE, Case
from tests.connectors.contract import FAULTY, IN_ORDER, REPEATED, WALKED, case

__all__ = ["case"]


@WALKED
def test_a_backfill_holds_every_item_served_and_no_other(case: Case) -> None:
    case.corpus([f"Story number {number}: all went well." for number in range(257)])
    pages = case.backfill()
    found = [item.remote_id for page in pages for item in page.items]
    assert set(found) == case.served()
    assert len(pages[0].items) >= case.about.first_page
    assert not [bad for page in pages for bad in page.bad]


@IN_ORDER
def test_a_backfill_brings_the_newest_first(case: Case) -> None:
    case.corpus([f"Story number {number}." for number in range(230)])
    pages = [page for page in case.backfill() if page.items]
    newest = case.connector.backfill(case.access, SINCE, None).items[0]
    assert newest.posted_at == max(item.posted_at for page in pages for item in page.items)


@WALKED
def test_a_page_read_twice_from_the_same_cursor_is_the_same_page(case: Case) -> None:
    case.corpus([f"Story number {number}." for number in range(120)])
    first = case.connector.backfill(case.access, SINCE, None)
    again = case.connector.backfill(case.access, SINCE, first.cursor)
    once_more = case.connector.backfill(case.access, SINCE, first.cursor)
    assert [item.remote_id for item in again.items] == [item.remote_id for item in once_more.items]


@FAULTY
def test_no_fault_of_the_provider_loses_an_item(case: Case, fault: str) -> None:
    case.corpus([f"Story number {number}." for number in range(130)])
    case.fault(fault, times=2)
    found = {item.remote_id for page in case.backfill() for item in page.items}
    assert found >= case.served()


@REPEATED
def test_what_appears_while_walking_is_found_by_walk_or_poll(case: Case) -> None:
    case.corpus([f"Story number {number}." for number in range(230)])
    first = case.connector.backfill(case.access, SINCE, None)
    late = case.post("I came while you were reading.")
    cursor, found = first.cursor, {item.remote_id for item in first.items}
    more = first.more
    while more:
        page = case.connector.backfill(case.access, SINCE, cursor)
        found |= {item.remote_id for item in page.items}
        cursor, more = page.cursor, page.more
    assert found | {late} == case.served()
    assert late in {item.remote_id for item in case.poll()[0]}
