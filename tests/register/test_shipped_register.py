"""The file that ships with the package: how much is in it, and what people will look for first."""

import time
from collections import Counter
from datetime import date

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from healthberry.core import register
from healthberry.register import load, shipped
from healthberry.register.entries import ATTRIBUTION
from healthberry.register.kinds import KINDS


def test_it_is_small_and_says_whose_facts_it_holds() -> None:
    raw = shipped.shipped_file().read_bytes()
    assert len(raw) <= 3_000_000
    assert raw.split(b"\n")[1].decode() == ATTRIBUTION


def test_it_holds_over_40_000_open_providers_of_every_kind(full_register: Engine) -> None:
    with full_register.connect() as connection:
        rows = connection.execute(text("SELECT kind FROM providers WHERE closed_on IS NULL")).scalars()
        kinds = Counter(rows)
    assert kinds.total() >= 40_000
    assert set(kinds) == set(KINDS) - {"ccg"}
    expected = {"trust": 205, "icb": 36, "health_board": 7, "gp_practice": 6618, "dental_practice": 9544}
    assert {kind: kinds[kind] for kind in expected} == expected
    with Session(full_register) as session:
        assert register.count_open(session) == kinds.total()


def test_no_code_name_or_domain_is_out_of_shape(full_register: Engine) -> None:
    wrong = text(
        "SELECT ods_code FROM providers WHERE name = '' OR ods_code !~ '^[A-Z0-9-]{2,16}$' OR nation = ''"
        " OR web_domain !~ '^[a-z0-9-]+([.][a-z0-9-]+)+$' OR web_domain IN ('nhs.net', 'nhs.uk')"
        " OR postcode !~ '^[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}$' OR name ~ '[A-Z]{8,}'"
    )
    with full_register.connect() as connection:
        assert connection.execute(wrong).scalars().all() == []


def test_every_parent_and_successor_is_in_it(full_register: Engine) -> None:
    dangling = text(
        "SELECT ods_code FROM providers AS one WHERE (parent_code IS NOT NULL AND NOT EXISTS"
        " (SELECT FROM providers WHERE ods_code = one.parent_code)) OR EXISTS (SELECT FROM unnest(successor_codes) AS"
        " next WHERE next NOT IN (SELECT ods_code FROM providers))"
    )
    with full_register.connect() as connection:
        assert connection.execute(dangling).scalars().all() == []


def test_only_one_trust_has_each_domain(full_register: Engine) -> None:
    shared = text(
        "SELECT web_domain FROM providers WHERE kind = 'trust' AND web_domain IS NOT NULL"
        " GROUP BY web_domain HAVING count(*) > 1"
    )
    with full_register.connect() as connection:
        assert connection.execute(shared).scalars().all() == []


def test_a_large_trust_is_whole(full_register: Engine) -> None:
    with Session(full_register) as session:
        facts = register.facts(session, "RYJ")
    assert facts is not None
    assert (facts.name, facts.kind, facts.town) == ("Imperial College Healthcare NHS Trust", "trust", "London")
    assert (facts.web_domain, facts.parent_code) == ("imperial.nhs.uk", "Z9B2Z")
    assert {"RYJ01", "RYJ02", "RYJ03"} <= set(facts.site_codes)


@pytest.mark.parametrize(
    ("typed", "code", "now_part_of"),
    [
        ("Solent NHS Trust", "R1C", "Hampshire and Isle of Wight Healthcare NHS Foundation Trust"),
        ("Tavistock and Portman", "RNK", "North London NHS Foundation Trust"),
        ("NHS North Central London ICB", "QMJ", "NHS West and North London Integrated Care Board"),
        ("Leeds West CCG", "03C", "NHS West Yorkshire ICB - 15F"),
        ("Hammersmith Hospitals NHS Trust", "RQN", "Imperial College Healthcare NHS Trust"),
    ],
)
def test_what_closed_says_what_it_is_now_part_of(
    full_register: Engine, typed: str, code: str, now_part_of: str
) -> None:
    with Session(full_register) as session:
        hits = {hit.ods_code: hit for hit in register.search(session, typed)[:3]}
    assert hits[code].closed_on is not None
    assert [successor.name for successor in hits[code].successors] == [now_part_of]


def test_a_board_that_was_split_names_everyone_who_took_over(full_register: Engine) -> None:
    with Session(full_register) as session:
        (frimley,) = (hit for hit in register.search(session, "QNQ") if hit.ods_code == "QNQ")
    assert {successor.ods_code for successor in frimley.successors} == {"S0E4D", "S9B9J"}


@pytest.mark.parametrize(
    ("code", "now"),
    [("10T", {"D4U1Y"}), ("RGZ", {"RJ2", "RJZ", "RPG"}), ("RV7", {"R1L"}), ("RM4", {"R0A"})],
)
def test_a_successor_that_closed_itself_is_passed_over(full_register: Engine, code: str, now: set[str]) -> None:
    with Session(full_register) as session:
        (closed,) = (hit for hit in register.search(session, code) if hit.ods_code == code)
    assert {successor.ods_code for successor in closed.successors} == now


def test_every_successor_is_open(full_register: Engine) -> None:
    closed = text(
        "SELECT old.ods_code FROM providers AS old JOIN providers AS next ON next.ods_code = ANY (old.successor_codes)"
        " WHERE next.closed_on IS NOT NULL"
    )
    with full_register.connect() as connection:
        assert connection.execute(closed).scalars().all() == []


@pytest.mark.parametrize(
    ("town", "code"),
    [("harrogate", "RCD"), ("leeds", "RR8"), ("radstock", "L85611"), ("burton latimer", "K83037")],
)
def test_a_town_alone_finds_who_is_there(full_register: Engine, town: str, code: str) -> None:
    with Session(full_register) as session:
        hits = register.search(session, town)[:3]
    assert code in [hit.ods_code for hit in hits]


def test_old_facts_come_after_current_ones_in_what_is_often_asked(full_register: Engine) -> None:
    with Session(full_register) as session:
        for typed in ("the grange", "harrogate", "penzance", "st marys kettering"):
            stale = [hit.stale_since is not None for hit in register.search(session, typed) if not hit.closed_on]
            assert stale == sorted(stale), typed


def test_many_surgeries_are_told_apart_by_town_and_postcode(full_register: Engine) -> None:
    with Session(full_register) as session:
        hits = register.search(session, "The Surgery", limit=40)
    same = [hit for hit in hits if hit.name == "The Surgery"]
    assert hits[: len(same)] == same
    assert len({(hit.town, hit.postcode) for hit in same}) == len(same) >= 12
    assert all(hit.postcode for hit in same)


def test_the_list_of_2014_says_how_old_it_is(full_register: Engine) -> None:
    with Session(full_register) as session:
        hits = register.search(session, "avery homes chippenham")
    assert (hits[0].kind, hits[0].stale_since) == ("social_care", date(2014, 1, 1))


def test_loading_it_again_is_quick_and_changes_nothing(full_register: Engine) -> None:
    began = time.thread_time()
    with full_register.begin() as connection:
        report = load.load(connection)
    assert (report.unchanged, report.changed, report.closed) == (True, 0, 0)
    assert time.thread_time() - began < 2
