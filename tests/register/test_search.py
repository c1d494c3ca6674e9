"""Finding providers among a few, each test one way of asking."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from healthberry.core import register
from healthberry.core.register_typos import distance
from healthberry.register import store
from healthberry.register.entries import Entry


def codes(session: Session, text: str) -> list[str]:
    return [hit.ods_code for hit in register.search(session, text)]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("imperial college", "RYJ"),
        ("healthcare college imper", "RYJ"),
        ("uclh", "RRV"),
        ("UCLHFT", "RRV"),
        ("gstt", "RJ1"),
        ("guys and saint thomas", "RJ1"),
        ("Guy’s & St Thomas’", "RJ1"),
        ("guy st thomas", "RJ1"),
        ("b86003", "B86003"),
        ("B86 003", "B86003"),
        ("1-101", "1-101"),
        ("hg11qf", "FA002"),
        ("HG1 1QF", "FA002"),
        ("hg1", "FA002"),
        ("harrogate", "FA002"),
        ("otley", "B86001"),
        ("HG1 1", "FA002"),
        ("cedar leeds", "B86003"),
        ("boots harrogate", "FA002"),
        ("boots james street", "FA002"),
        ("ceder med centre", "B86003"),
        ("imperail colege", "RYJ"),
        ("boots harrow gate", "FA002"),
        ("stmarys hospice", "Y00001"),
        ("leeds ccg", "15F"),
        ("oneill mckenzie", "FA003"),
        ("west yorkshire icb", "QWO"),
        ("w&nl icb", "Z9B2Z"),
        ("cardiff and vale lhb", "7A4"),
        ("imperial college healthcare nonsense", "RYJ"),
    ],
)
def test_the_provider_that_is_meant_comes_first(session: Session, typed: str, code: str) -> None:
    assert codes(session, typed)[:1] == [code]


def test_a_closed_provider_says_what_it_is_now_part_of(session: Session) -> None:
    hits = {hit.ods_code: hit for hit in register.search(session, "north bristol")}
    assert hits["RVJ"].closed_on == date(2026, 6, 30)
    assert hits["RVJ"].successor == register.Successor("RA7", "Bristol NHS Foundation Trust")
    assert hits["RA7"].successor is None


def test_hits_tell_providers_of_one_name_apart(session: Session) -> None:
    hits = register.search(session, "the surgery")
    surgeries = {(hit.town, hit.postcode, hit.kind) for hit in hits if hit.name == "The Surgery"}
    assert surgeries == {("Otley", "LS21 1AA", "gp_practice"), ("Leeds", "LS6 2BB", "gp_practice")}
    assert register.kind_label(hits[0].kind) == "GP practice"
    assert hits[0].parent_name == "NHS West Yorkshire ICB - 15F"


def test_facts_from_an_old_source_say_so_and_come_after_current_ones(session: Session) -> None:
    hits = register.search(session, "cedar")
    assert [hit.ods_code for hit in hits] == ["B86003", "1-101"]
    assert [hit.stale_since for hit in hits] == [None, date(2014, 1, 1)]


def test_facts_from_an_old_source_come_after_current_ones_though_their_name_fits_better(
    connection: Connection, session: Session
) -> None:
    now, old = date.today(), date(2014, 1, 1)  # noqa: DTZ011 -- as the database's own clock says
    old_home = Entry("1-900", "Hazel Lodge", "care_home", "nhsuk_scp", old, postcode="YO1 7AA", nation="England")
    current = Entry("Y90001", "The Hazel Lodge Surgery", "gp_practice", "epraccur", now, nation="England")
    store.put(connection, [old_home, current])

    assert codes(session, "hazel lodge") == ["Y90001", "1-900"]
    assert codes(session, "1-900")[:1] == ["1-900"]
    assert codes(session, "yo17aa")[:1] == codes(session, "YO1 7AA")[:1] == ["1-900"]


def test_an_exact_postcode_keeps_facts_from_an_old_source_in_their_place(
    connection: Connection, session: Session
) -> None:
    now, old = date.today(), date(2014, 1, 1)  # noqa: DTZ011
    old_home = Entry("1-900", "Hazel Lodge", "care_home", "nhsuk_scp", old, postcode="YO1 7AA", nation="England")
    current = Entry("F9001", "Hazel Pharmacy", "pharmacy", "edispensary", now, postcode="YO1 7AA", nation="England")
    store.put(connection, [old_home, current])

    assert codes(session, "hazel lodge yo1 7aa")[:1] == ["1-900"]
    assert codes(session, "hazel")[:1] == ["F9001"]


def test_what_closed_leads_to_who_is_open_today(connection: Connection, session: Session) -> None:
    merged = replace(_entry(connection, "RA7"), closed_on=date(2026, 9, 1), successor_codes=("RYJ", "RRV"))
    store.put(connection, [merged])

    hits = {hit.ods_code: hit for hit in register.search(session, "north bristol")}
    assert {successor.ods_code for successor in hits["RVJ"].successors} == {"RYJ", "RRV"}


def test_what_closed_in_a_ring_leads_nowhere(connection: Connection, session: Session) -> None:
    store.put(connection, [replace(_entry(connection, "RA7"), closed_on=date(2026, 9, 1), successor_codes=("RVJ",))])

    hits = {hit.ods_code: hit for hit in register.search(session, "north bristol")}
    assert hits["RVJ"].successors == ()


def _entry(connection: Connection, code: str) -> Entry:
    return store.all_entries(connection)[code]


@pytest.mark.parametrize(
    "typed", ["", "   ", "!!!", "'", "\0", "🩺", "the", "& | ! ( ) :*", "x" * 5000, "a " * 3000, "ÿ" * 50]
)
def test_odd_input_is_answered_calmly(session: Session, typed: str) -> None:
    assert isinstance(register.search(session, typed), list)


def test_one_letter_brings_the_large_ones_first(session: Session) -> None:
    assert codes(session, "i")[0] == "RYJ"


def test_no_more_than_asked_for_are_found(session: Session) -> None:
    assert len(register.search(session, "leeds", limit=2)) == 2


def test_sites_of_a_trust_are_listed_hospitals_first(session: Session) -> None:
    assert register.site_codes(session, "ryj") == ["RYJ01", "RYJ99"]
    assert register.site_codes(session, "RA7") == ["RA7C2"], "a code that was given up is not a site any more"
    assert register.site_codes(session, "QWO") == []


def test_facts_hold_what_sign_up_needs(session: Session) -> None:
    facts = register.facts(session, " ryj ")
    assert facts is not None
    assert (facts.name, facts.kind, facts.nation) == ("Imperial College Healthcare NHS Trust", "trust", "England")
    assert (facts.town, facts.postcode, facts.web_domain) == ("London", "W2 1BL", "imperial.nhs.uk")
    assert (facts.site_codes, facts.parent_code) == (("RYJ01", "RYJ99"), "Z9B2Z")
    assert register.facts(session, "NOPE") is None


def test_a_provider_is_found_by_its_code_however_it_is_typed(session: Session) -> None:
    provider = register.find(session, " fa003")
    assert provider is not None
    assert (provider.name, provider.nation, provider.web_domain) == ("O'Neill & McKenzie", "Wales", None)
    assert register.find(session, "") is None


def test_open_providers_are_counted_without_counting_rows(session: Session) -> None:
    assert register.count_open(session) == 28


@pytest.mark.parametrize(
    ("one", "other", "mistakes"),
    [
        ("surgery", "surgery", 0),
        ("surgry", "surgery", 1),
        ("surgerry", "surgery", 1),
        ("sergery", "surgery", 1),
        ("sugrery", "surgery", 1),
        ("ab", "ba", 1),
        ("", "abc", 3),
        ("imperail", "imperial", 1),
        ("altringham", "altrincham", 1),
        ("great", "grand", 3),
    ],
)
def test_mistakes_between_words_are_counted(one: str, other: str, mistakes: int) -> None:
    assert distance(one, other) == mistakes
    assert distance(other, one) == mistakes


def test_every_beginning_of_a_request_is_answered(session: Session) -> None:
    for text in ("boots james street harrogate", "guy's & st thomas' x", "cedar q w", "1-101", "ls1 5hd", "zzz qqq x"):
        for length in range(len(text) + 1):
            assert isinstance(register.search(session, text[:length]), list)
