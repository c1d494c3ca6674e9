"""Codes: six digits, ten minutes, five tries, once; and how many may be asked for."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from healthberry.core import codes
from healthberry.core.codes import Refused, TooMany
from healthberry.extensions import db
from healthberry.models.organisations import EmailCode
from healthberry.models.owned import now


def wrong(code: str) -> str:
    """Return another code."""
    return f"{(int(code) + 1) % 10**6:06}"


def age(minutes: float) -> None:
    """Let time pass for every code there is."""
    for row in db.session.scalars(select(EmailCode)):
        row.made_at -= timedelta(minutes=minutes)
        row.expires_at -= timedelta(minutes=minutes)
    db.session.flush()


def test_the_right_code_opens_once(context: Flask) -> None:
    issued = codes.ask("signin", "a@example.org", "", "192.0.2.1")

    assert re.fullmatch(r"\d{6}", issued.code)
    assert codes.check(issued.id, f" {issued.code[:3]} {issued.code[3:]} ").email == "a@example.org"
    with pytest.raises(Refused, match="was used already") as refusal:
        codes.check(issued.id, issued.code)
    assert refusal.value.over


def test_the_link_opens_once_and_leaves_nothing_for_the_code(context: Flask) -> None:
    issued = codes.ask("signin", "a@example.org", "", "192.0.2.1")

    assert codes.find_by_link(issued.id, issued.link_key).used_at is None
    assert codes.check_link(issued.id, issued.link_key).used_at is not None
    with pytest.raises(Refused, match="was used already"):
        codes.check(issued.id, issued.code)


def test_a_tampered_link_opens_nothing(context: Flask) -> None:
    issued = codes.ask("signin", "a@example.org", "", "192.0.2.1")

    for key in ("", "x", issued.link_key[:-1], issued.link_key + "0", issued.code, "é" * 64):
        with pytest.raises(Refused, match="not complete"):
            codes.check_link(issued.id, key)


def test_five_wrong_tries_end_a_code_even_for_the_right_one(context: Flask) -> None:
    issued = codes.ask("signin", "a@example.org", "", "192.0.2.1")

    said = []
    for _ in range(5):
        with pytest.raises(Refused) as refusal:
            codes.check(issued.id, wrong(issued.code))
        said.append(refusal.value.reason)
    assert "4 more tries" in said[0]
    assert "1 more try." in said[3]
    assert "fifth wrong code" in said[4]
    with pytest.raises(Refused, match="fifth wrong code"):
        codes.check(issued.id, issued.code)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "12345\0"])
def test_what_is_not_six_digits_costs_no_try(context: Flask, typed: str) -> None:
    issued = codes.ask("signin", "a@example.org", "", "192.0.2.1")

    with pytest.raises(Refused, match="six digits"):
        codes.check(issued.id, typed)

    assert db.session.get_one(EmailCode, issued.id).tries == 0


def test_a_code_is_good_for_ten_minutes(context: Flask) -> None:
    issued = codes.ask("signin", "a@example.org", "", "192.0.2.1")
    age(9.9)
    assert codes.find_by_link(issued.id, issued.link_key)
    age(0.2)

    for use, key in ((codes.check, issued.code), (codes.check_link, issued.link_key)):
        with pytest.raises(Refused, match="older than 10 minutes"):
            use(issued.id, key)


def test_the_database_holds_no_code_that_can_be_read(context: Flask) -> None:
    issued = codes.ask("signin", "a@example.org", "", "192.0.2.1")

    row = db.session.get_one(EmailCode, issued.id)

    stored = " ".join(str(value) for name, value in vars(row).items() if name not in {"id", "_sa_instance_state"})
    assert issued.code not in re.findall(r"\d{6}", stored)
    assert issued.link_key not in stored
    assert row.code_hash != issued.link_key


def ask_often(times: int, ip: str = "192.0.2.1", browser: str = "") -> None:
    for _ in range(times):
        codes.ask("signin", "a@example.org", "", ip, browser=browser)


def test_a_stranger_has_five_codes_sent_to_an_address_in_a_quarter_of_an_hour(context: Flask) -> None:
    ask_often(5)

    with pytest.raises(TooMany, match="this address") as refusal:
        ask_often(1)
    assert 60 <= refusal.value.wait_seconds <= 900
    codes.ask("signin", "b@example.org", "", "192.0.2.1")
    ask_often(1, "198.51.100.7")
    age(16)
    ask_often(1)


def test_a_stranger_has_ten_codes_sent_to_an_address_a_day(context: Flask) -> None:
    for _ in range(2):
        ask_often(5)
        age(16)

    with pytest.raises(TooMany, match="hours"):
        ask_often(1)
    ask_often(1, "198.51.100.7")


def test_all_strangers_together_have_fifteen_sent_in_a_quarter_of_an_hour_and_forty_a_day(context: Flask) -> None:
    for turn in range(2):
        for number in range(3):
            ask_often(5, f"192.0.2.{turn}{number}")
        with pytest.raises(TooMany, match="Many codes were asked for"):
            ask_often(1, f"198.51.100.{turn}")
        codes.ask("signup", "a@example.org", "", f"198.51.100.{turn}")  # another purpose is counted apart
        age(16)
    for number in range(2):
        ask_often(5, f"203.0.113.{number}")
    age(16)

    with pytest.raises(TooMany, match=r"Many codes were asked for.* hours"):
        ask_often(1, "203.0.113.9")


def test_a_browser_that_proved_the_address_has_five_in_a_quarter_of_an_hour_and_25_a_day_of_its_own(
    context: Flask,
) -> None:
    for number in range(3):
        ask_often(5, f"192.0.2.{number}")
    for _ in range(5):
        ask_often(5, browser="mine")
        with pytest.raises(TooMany, match="this address"):
            ask_often(1, browser="mine")
        age(16)

    with pytest.raises(TooMany, match="hours"):
        ask_often(1, browser="mine")
    ask_often(1, browser="another")
    ask_often(1, "198.51.100.7")


def test_one_network_asks_for_sixty_codes_in_a_quarter_of_an_hour(context: Flask) -> None:
    for number in range(60):
        codes.ask("signin", f"a{number}@example.org", "", "192.0.2.1")

    with pytest.raises(TooMany, match="your network"):
        codes.ask("signin", "b@example.org", "", "192.0.2.1")
    codes.ask("signin", "b@example.org", "", "192.0.2.2")


def test_an_ipv6_network_counts_as_one(context: Flask) -> None:
    for number in range(60):
        codes.ask("signin", f"a{number}@example.org", "", f"2001:db8:1:2::{number:x}")

    with pytest.raises(TooMany, match="your network"):
        codes.ask("signin", "b@example.org", "", "2001:db8:1:2:ffff::1")
    codes.ask("signin", "b@example.org", "", "2001:db8:1:3::1")


def test_one_organisation_is_signed_up_for_thirty_times_in_a_quarter_of_an_hour(context: Flask) -> None:
    for number in range(30):
        codes.ask("signup", f"a{number}@example.org", "ZT1", f"192.0.2.{number}")

    with pytest.raises(TooMany, match="this organisation"):
        codes.ask("signup", "b@example.org", "ZT1", "198.51.100.7")
    codes.ask("signup", "b@example.org", "ZG1", "198.51.100.7")


def test_old_codes_are_forgotten(context: Flask) -> None:
    old = codes.ask("signin", "a@example.org", "", "192.0.2.1")
    age(60 * 49)
    new = codes.ask("signin", "a@example.org", "", "192.0.2.1")

    assert codes.forget_old(now()) == 1
    assert codes.find(new.id) is not None
    db.session.expire_all()
    assert codes.find(old.id) is None
