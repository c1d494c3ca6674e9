"""What the guard makes of single replies: places, what is the organisation's own, and look-alikes."""

import pytest

from healthberry.core.guarding import Finding, look, own
from tests.guarding.labelled import OWN


def found(text: str) -> list[tuple[str, str]]:
    """Return kind and words of what is found."""
    return [(one.kind, text[one.start : one.end]) for one in look(text, OWN)]


def test_places_are_those_of_what_was_written_in_whatever_signs() -> None:
    text = "Ça va 😀 – ring\u00a0me on ０７７００ 900123, Sarah"
    assert look(text, OWN) == [Finding(21, 33, "phone")]
    assert text[21:33] == "０７７００ 900123"


def test_nothing_is_found_twice_and_date_and_time_are_one() -> None:
    text = "Your appointment is on 3 May at 2.30pm; your NHS number is 943 476 5919."
    assert found(text) == [
        ("patient", "Your appointment"),
        ("appointment", "3 May at 2.30pm"),
        ("nhs_number", "943 476 5919"),
    ]


def test_a_telephone_number_of_ten_digits_is_no_nhs_number() -> None:
    assert found("Ring me on 7700 900 123.") == [("phone", "7700 900 123")]
    assert found("Call 9434765919, they said.") == []
    assert found("They hold 9434765919.") == [("nhs_number", "9434765919")]
    assert found("They hold 9434765918.") == []
    assert found("Your NHS number is 9434765918.") == [("nhs_number", "9434765918")]


def test_what_the_organisation_publishes_is_harmless_however_it_is_spelt() -> None:
    for text in ("Ring (0113) 496-0100.", "+44 113 496 0100", "HELLO@CityHospitals.nhs.uk", "We are at ls13ex."):
        assert found(text) == [], text
    assert [one.kind for one in look("Ring 0113 496 0100, or hello@cityhospitals.nhs.uk, LS1 3EX", own())] == [
        "phone",
        "email",
        "postcode",
    ]


def test_a_number_that_is_nobodys_own_is_harmless() -> None:
    for text in ("Ring 0300 123 4567.", "Ring 0800 157 0123.", "0845 015 4033 is the ombudsman's."):
        assert found(text) == [], text


def test_a_mobile_number_is_never_a_switchboards_unless_it_is_published() -> None:
    assert found("Our reception is on 07700 900123.") == [("phone", "07700 900123")]
    assert look("Our reception is on 07700 900123.", own(contacts=["07700 900123"])) == []


def test_the_writer_may_sign_and_the_organisation_may_be_named() -> None:
    assert found("Yours, Mrs Priya Kaur") == []
    assert found("Yours, Mrs Priya Shah") == [("name", "Mrs Priya Shah")]
    assert look("Dr Hall Surgery wishes you well; so does Dr Hall.", own(name="Dr Hall")) == []


def test_published_contacts_that_are_no_numbers_are_passed_over() -> None:
    assert own(contacts=["", "ask us", "@", "0113 496 0100"]).phones == {"+441134960100"}


@pytest.mark.parametrize("text", ["", " ", "\n\n", "😀", "\ud800"])
def test_nothing_is_found_in_nothing(text: str) -> None:
    assert look(text, OWN) == []
